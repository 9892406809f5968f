import type { Command } from "commander";

/** `signet check`: the conditions on the tree before a build. */
export function add(program: Command): void {
  program
    .command("check")
    .description("check types, lint, format and the rules of the design")
    .argument("[part...]", "only these parts: rules types assembly lint format clang")
    .action(async (parts: string[]) => {
      const { check } = await import("../check/check.ts");
      process.exitCode = (await check(parts)) ? 0 : 1;
    });
}
