import { type Command, InvalidArgumentError } from "commander";
import { addProbe, type ProbeOptions } from "./probe.ts";

interface Options extends ProbeOptions {
  board: string;
  module?: string;
  out: string;
  every: number;
  runs: number;
  samples: number;
  noise: number;
}

/** A whole number of at least `least`. */
function atLeast(least: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!Number.isInteger(value) || value < least)
      throw new InvalidArgumentError(`It must be a whole number, at least ${least}.`);
    return value;
  };
}

/** `signet lab`: the cryptography of a board examined, in one report. */
export function add(program: Command): void {
  const command = program
    .command("lab")
    .description("examine a board: answers, cycles, timing, noise")
    .requiredOption("--board <name>", "the board: a folder of boards/");
  addProbe(command)
    .option("--module <where>", "serial line to the UART of the board's module (default: run the board's emulator)")
    .option("--out <file>", "the report", "lab.json")
    .option("--every <n>", "run every n-th case of Wycheproof", atLeast(1), 1)
    .option("--runs <n>", "runs of each operation, for its cycles", atLeast(1), 5)
    .option("--samples <n>", "runs of each operation with one secret, and with random ones", atLeast(2), 500)
    .option("--noise <n>", "samples of the board's noise", atLeast(2), 100_000)
    .addHelpText(
      "after",
      "\nWith --module it replaces the firmware of the board by the lab's image; the store stays. Wire a serial adapter\nto the UART of the module instead of the module.",
    )
    .action(async (options: Options) => {
      const { runSeparate } = await import("./separate.ts");
      await runSeparate("lab", [JSON.stringify(options)]);
    });
}
