import type { Command } from "commander";

interface Options {
  database: string;
  key?: string;
  log?: string;
}

/** `signet restore`: a backup put into a new database. */
export function add(program: Command): void {
  program
    .command("restore")
    .description("restore a backup into a new database, and list the losses")
    .argument("<file>", "a file that `signet backup` wrote")
    .requiredOption("--database <where>", "a new SQLite file, or the URL of an empty PostgreSQL database")
    .option("--key <file>", "the server's key (default: beside the database)")
    .option("--log <file>", "the newest copy of the log: decisions after the backup are repeated")
    .action(async (file: string, options: Options) => {
      const { runRestore } = await import("../server/backup.ts");
      process.stdout.write(await runRestore(file, options));
    });
}
