import { InvalidArgumentError, type Command } from "commander";

interface Options {
  database: string;
  key?: string;
  before: number;
  undelivered?: boolean;
}

/** Read a date as ISO 8601, in UTC if it names no zone. */
function date(text: string): number {
  const isDay = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d)?Z)?$/.test(text);
  const ms = isDay ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(ms)) throw new InvalidArgumentError("It must be as 2027-01-31 or 2027-01-31T12:00Z.");
  return ms;
}

/** `signet archive`: move old reports out of the database into a signed file, while the server runs. */
export function add(program: Command): void {
  program
    .command("archive")
    .description("move reports older than a date into a signed file")
    .argument("<file>", "a new NDJSON file; or one whose archiving was interrupted, to complete it")
    .requiredOption("--before <date>", "the first day whose reports stay, in UTC", date)
    .option("--database <where>", "SQLite file, or postgres:// URL", "signet.db")
    .option("--key <file>", "the server's key (default: beside the database)")
    .option("--undelivered", "also reports that the webhook has not posted")
    .action(async (file: string, options: Options) => {
      const { runArchive } = await import("../server/archive.ts");
      const { progressLine } = await import("./progress.ts");
      const progress = progressLine((left: number) => `${left} reports left the database`);
      process.stdout.write(await runArchive(file, { ...options, progress }));
    });
}
