import { PostgresDialect } from "kysely";
import { Pool, types as parsers, type CustomTypesConfig } from "pg";
import { Trouble } from "../../trouble.ts";

const INT8 = 20;

/** Connect to PostgreSQL. bigint columns are counters and times below 2^53: they come back as numbers. */
export async function openPostgres(url: string, connections: number): Promise<PostgresDialect> {
  const types: CustomTypesConfig = {
    getTypeParser: ((oid: number, format?: "text" | "binary") =>
      oid === INT8 ? Number : parsers.getTypeParser(oid, format)) as CustomTypesConfig["getTypeParser"],
  };
  const pool = new Pool({ connectionString: url, max: connections, types, connectionTimeoutMillis: 5000 });
  // A connection that breaks while idle is replaced at its next use; without a listener it would end the process.
  pool.on("error", () => undefined);
  try {
    (await pool.connect()).release();
  } catch (error) {
    await pool.end();
    throw new Trouble(
      `PostgreSQL does not answer: ${(error as Error).message}`,
      "check the address and the password in --database",
    );
  }
  return new PostgresDialect({ pool });
}

/**
 * Tell whether a transaction lost against another one and may be run again: serialization failure, deadlock, or a row that
 * another one inserted first.
 */
export function isConflict(error: unknown): boolean {
  const { code } = error as { code?: string };
  return code === "40001" || code === "40P01" || code === "23505";
}
