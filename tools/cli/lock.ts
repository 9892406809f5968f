import type { Command } from "commander";
import { addProbe, type ProbeOptions } from "./probe.ts";

/** `signet lock`: read-out protection. */
export function add(program: Command): void {
  const command = program
    .command("lock")
    .description("end reading out a chip by its debug port, for good")
    .requiredOption("--board <name>", "the board: a folder of boards/");
  addProbe(command)
    .option("--yes", "do it; without, only the warning is shown")
    .action(async ({ board, probe, adapter, yes = false }: ProbeOptions & { board: string; yes?: boolean }) => {
      const { lock } = await import("../flash/lock.ts");
      await lock(board, { probe, adapter }, yes, (text) => process.stdout.write(`${text}\n`));
    });
}
