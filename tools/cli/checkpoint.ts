import type { Command } from "commander";

/** `signet checkpoint`: a signed statement of all heads, to be kept elsewhere. */
export function add(program: Command): void {
  program
    .command("checkpoint")
    .description("write a signed statement of the heads of the log and of all chains")
    .argument("<file>", "a new file; keep it away from the server's machine")
    .option("--database <where>", "SQLite file, or postgres:// URL", "signet.db")
    .option("--key <file>", "the server's key (default: beside the database)")
    .addHelpText("after", "\n`signet audit --checkpoint FILE` finds a database that was put back to an earlier day.")
    .action(async (file: string, options: { database: string; key?: string }) => {
      const { runCheckpoint } = await import("../server/checkpoint.ts");
      process.stdout.write(await runCheckpoint(file, options));
    });
}
