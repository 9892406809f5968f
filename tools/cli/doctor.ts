import type { Command } from "commander";

/** `signet doctor`: each tool that Signet uses, its version, and whether Signet was run with it. */
export function add(program: Command): void {
  program
    .command("doctor")
    .description("print each tool that Signet uses, and whether its version was tried")
    .action(async () => {
      const { doctor } = await import("../doctor/doctor.ts");
      if (!(await doctor((line) => process.stdout.write(`${line}\n`)))) process.exitCode = 1;
    });
}
