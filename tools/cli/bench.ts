import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Argument, type Command } from "commander";
import { ROOT } from "../firmware/root.ts";

/** `signet bench`: the cost of each operation on each emulated board, beside other libraries. */
export function add(program: Command): void {
  program
    .command("bench")
    .description("measure each operation in QEMU, and those of other libraries")
    .addArgument(new Argument("[what]", "server: the processor time of a report").choices(["server"]))
    .option("--board <name...>", "only these boards")
    .option("--json", "one JSON object on standard output")
    .action(async (what: string | undefined, { board = [], json }: { board?: string[]; json?: boolean }) => {
      // A separate program: its measurements belong to the tests, which tools neither import nor name by path.
      const { config } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as { config: { bench: string } };
      const args = [
        "--import",
        join(ROOT, "tools", "load.mjs"),
        join(ROOT, config.bench),
        ...(json ? ["--json"] : []),
        ...(what === undefined ? board : [what]),
      ];
      const [code] = (await once(spawn(process.execPath, args, { stdio: "inherit" }), "exit")) as [number | null];
      process.exitCode = code ?? 1;
    });
}
