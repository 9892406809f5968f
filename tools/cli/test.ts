import { InvalidArgumentError, type Command } from "commander";

/** `signet test`: every suite, or those whose path holds one of the words given. */
export function add(program: Command): void {
  program
    .command("test")
    .description("run the tests, all or those whose path holds a word")
    .argument("[word...]", "for example: unit/crypto server qemu/attacks")
    .option("--jobs <n>", "light suites at a time", whole, 2)
    .option("--timeout <s>", "seconds a suite may take", whole, 900)
    .option("--list", "print the suites and run none")
    .action(async (words: string[], options: { jobs: number; timeout: number; list?: boolean }) => {
      const { test } = await import("../test/test.ts");
      process.exitCode = (await test(words, options)) ? 0 : 1;
    });
}

/** A whole number above zero. */
function whole(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError("a whole number above 0 is wanted.");
  return value;
}
