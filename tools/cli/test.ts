import { InvalidArgumentError, type Command } from "commander";
import type { Options } from "../test/test.ts";

/** `signet test`: every suite, or those whose path holds one of the words given. */
export function add(program: Command): void {
  program
    .command("test")
    .description("run all tests, or those whose path contains a word")
    .argument("[word...]", "for example: unit/crypto server qemu/attacks")
    .option("--changed", "only suites that a change of the working tree can reach, nearest first")
    .option("--since <commit>", "the same, compared with this commit instead of the last")
    .option("--within <s>", "processor seconds for the suites of --changed", whole, 60)
    .option("--name <text>", "only tests whose name contains this text", text)
    .option("--jobs <n>", "cores to use (default: all)", whole)
    .option("--timeout <s>", "time limit of a suite, in seconds", whole, 900)
    .option("--list", "print the suites without running them")
    .action(async (words: string[], options: Options) => {
      const { test } = await import("../test/test.ts");
      process.exitCode = (await test(words, options)) ? 0 : 1;
    });
}

/** A text that is not empty: an empty one would name every test, and a missing variable of a shell is one. */
function text(value: string): string {
  if (value === "") throw new InvalidArgumentError("It must not be empty.");
  return value;
}

/** A whole number above zero. */
function whole(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError("It must be a whole number above 0.");
  return value;
}
