import type { Command } from "commander";
import { addProbe, type ProbeOptions } from "./probe.ts";

interface Options extends ProbeOptions {
  board: string;
  yes?: boolean;
  forGood?: boolean;
  confirm?: string;
}

const HELP = `
The security of each lock, as far as published (sources: tools/flash/README.md):
  nRF51     PALL: a probe reads all flash by stepping the image's own loads
  nRF52840  APPROTECT: before build code F a glitch of the supply opens it
  STM32     level 1: flash is closed, SRAM is open to the debugger
            level 2 (--for-good): no debugger, and nothing undoes it; on F2 and
            F4 a glitch of the supply leads back to level 1
  STM32F1   (no board here) level 1 only: exceptions read most flash for a probe
  RP2040    nothing to set: its flash is a chip of its own`;

/** `signet lock`: read-out protection. */
export function add(program: Command): void {
  const command = program
    .command("lock")
    .description("lock a chip against readout by its debug port")
    .requiredOption("--board <name>", "the board: a folder of boards/");
  addProbe(command)
    .option("--yes", "lock it; without this, only print the warning")
    .option("--for-good", "set the irreversible lock, if there is one (STM32: level 2)")
    .option("--confirm <name>", "the board's name again, required by --for-good")
    .addHelpText("after", HELP)
    .action(async ({ board, probe, adapter, yes = false, forGood = false, confirm }: Options) => {
      const { lock } = await import("../flash/lock.ts");
      const bench = { probe, adapter };
      await lock({ board, bench, yes, forGood, confirm }, (text) => process.stdout.write(`${text}\n`));
    });
}
