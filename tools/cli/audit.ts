import type { Command } from "commander";

interface Options {
  database: string;
  key?: string;
  archive?: string[];
  checkpoint?: string;
  resume?: string;
}

/** `signet audit`: search the database for changes made without the server. */
export function add(program: Command): void {
  program
    .command("audit")
    .description("check every row, chain and log entry of a server's database")
    .option("--database <where>", "SQLite file, or postgres:// URL", "signet.db")
    .option("--key <file>", "the server's key (default: beside the database)")
    .option("--archive <files...>", "archives that together have every report that left the database")
    .option("--checkpoint <file>", "a kept checkpoint, which the database must continue")
    .option("--resume <file>", "keep the progress in this file; after Ctrl-C, the same call continues")
    .action(async ({ database, key, archive = [], checkpoint, resume }: Options) => {
      const { auditDatabase } = await import("../server/audit.ts");
      const { keyBeside } = await import("../server/place.ts");
      const { Trouble } = await import("../trouble.ts");
      const { progressLine } = await import("./progress.ts");
      const progress = progressLine((reports: number) => `${reports} reports checked`);
      const ending = new AbortController();
      const again = new Trouble("the audit was interrupted", "the same call continues it");
      // Without the file there is nothing to write: the signal ends the process.
      if (resume !== undefined) process.once("SIGINT", () => ending.abort(again));
      const options = { archives: archive, checkpoint, progress, resume, signal: ending.signal };
      const { devices, reports, entries, archived, findings } = await auditDatabase(
        database,
        key ?? keyBeside(database),
        options,
      );
      for (const { table, row, what } of findings) process.stdout.write(`${table} ${row}: ${what}\n`);
      const verdict = findings.length === 0 ? "nothing was altered" : `${findings.length} findings`;
      const more = archive.length === 0 ? "" : `${archived} reports in ${archive.length} archives, `;
      process.stdout.write(
        `audit: ${devices} devices, ${reports} reports, ${more}${entries} log entries: ${verdict}\n`,
      );
      process.exitCode = findings.length === 0 ? 0 : 1;
    });
}
