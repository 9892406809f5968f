import type { Command } from "commander";

/** `signet format`: write every file the way `check` wants it. */
export function add(program: Command): void {
  program
    .command("format")
    .description("format TypeScript, AssemblyScript and C in place")
    .argument("[file...]", "only these files")
    .action(async (files: string[]) => {
      const { format } = await import("../check/format.ts");
      await format(files);
    });
}
