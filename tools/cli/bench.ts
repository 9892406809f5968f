import { spawn } from "node:child_process";
import { once } from "node:events";
import type { Command } from "commander";

/** `signet bench`: what each operation costs on each board that can run here, beside other libraries. */
export function add(program: Command): void {
  program
    .command("bench")
    .description("measure each operation on the real image in QEMU, beside other libraries")
    .option("--board <name...>", "only these boards")
    .option("--json", "one JSON object on standard output")
    .action(async ({ board = [], json }: { board?: string[]; json?: boolean }) => {
      // A program of its own: what it measures with belongs to the tests, which tools do not import.
      const args = ["--import", "tsx", "tests/bench/main.ts", ...(json ? ["--json"] : []), ...board];
      const [code] = (await once(spawn(process.execPath, args, { stdio: "inherit" }), "exit")) as [number | null];
      process.exitCode = code ?? 1;
    });
}
