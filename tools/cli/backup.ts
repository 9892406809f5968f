import type { Command } from "commander";

interface Options {
  database: string;
  key?: string;
  log?: string;
}

/** `signet backup`: a copy of the database and of its log, while the server runs. */
export function add(program: Command): void {
  program
    .command("backup")
    .description("copy the database, or its log, while the server runs")
    .argument("[file]", "a new SQLite file for the whole database, from either kind")
    .option("--database <where>", "SQLite file, or postgres:// URL", "signet.db")
    .option("--key <file>", "the server's key (default: beside the database)")
    .option("--log <file>", "append the new entries of the log to this file; keep it on another machine")
    .action(async (file: string | undefined, options: Options) => {
      const { runBackup } = await import("../server/backup.ts");
      process.stdout.write(await runBackup(file, options));
    });
}
