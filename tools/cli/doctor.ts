import type { Command } from "commander";

/** `signet doctor`: each tool that Signet uses, its version, and whether Signet was run with it. */
export function add(program: Command): void {
  program
    .command("doctor")
    .description("print the version of each tool, and whether it was tried")
    .action(async () => {
      const { doctor } = await import("../doctor/doctor.ts");
      if (!(await doctor((line) => process.stdout.write(`${line}\n`)))) process.exitCode = 1;
    });
}
