import type { Command } from "commander";

/** `signet audit`: search the database for changes made without the server. */
export function add(program: Command): void {
  program
    .command("audit")
    .description("check every row, chain and log entry of a server's database")
    .option("--database <where>", "SQLite file, or postgres:// URL", "signet.db")
    .option("--key <file>", "the server's key (default: beside the database)")
    .action(async ({ database, key }: { database: string; key?: string }) => {
      const { auditDatabase } = await import("../server/audit.ts");
      const { keyBeside } = await import("../server/place.ts");
      const { devices, reports, entries, findings } = await auditDatabase(database, key ?? keyBeside(database));
      for (const { table, row, what } of findings) process.stdout.write(`${table} ${row}: ${what}\n`);
      const verdict = findings.length === 0 ? "nothing was altered" : `${findings.length} findings`;
      process.stdout.write(`audit: ${devices} devices, ${reports} reports, ${entries} log entries: ${verdict}\n`);
      process.exitCode = findings.length === 0 ? 0 : 1;
    });
}
