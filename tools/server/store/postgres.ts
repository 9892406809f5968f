import { PostgresDialect } from "kysely";
import { Pool, types as parsers, type CustomTypesConfig } from "pg";
import { Trouble } from "../../trouble.ts";
import type { DeviceRow, Move } from "./schema.ts";

const INT8 = 20;

/** One statement, and so one transaction: what was moved, and the reports of that alone. */
const MOVE = `
with wanted as (
  select * from unnest($1::bytea[], $2::bytea[], $3::bigint[], $4::bytea[], $5::bigint[], $6::bigint[], $7::bigint[], $8::bytea[])
    as w (id, was, head_counter, head_hash, report_count, gap_count, last_seen, seal)
), moved as (
  update devices d set head_counter = w.head_counter, head_hash = w.head_hash, report_count = w.report_count,
    gap_count = w.gap_count, last_seen = w.last_seen, seal = w.seal
  from wanted w where d.id = w.id and d.seal = w.was returning d.id
), stored as (
  insert into reports (device, counter, hash, message, epoch, received_at, seal)
  select r.* from unnest($9::bytea[], $10::bigint[], $11::bytea[], $12::bytea[], $13::bigint[], $14::bigint[], $15::bytea[])
    as r (device, counter, hash, message, epoch, received_at, seal) join moved on moved.id = r.device
)
select id from moved`;

/** PostgreSQL, as kysely speaks it, and the two things that are asked of it for every report. */
export class Postgres extends PostgresDialect {
  readonly #pool: Pool;

  constructor(pool: Pool) {
    super({ pool });
    this.#pool = pool;
  }

  /** Find a device by its id. */
  async find(id: Uint8Array): Promise<DeviceRow | undefined> {
    const query = { name: "find", text: "select * from devices where id = $1", values: [id] };
    return (await this.#pool.query<DeviceRow>(query)).rows[0];
  }

  /** Make moves in one transaction, at most one for each device; tell of each whether it was not void. */
  async move(moves: readonly Move[]): Promise<boolean[]> {
    // In one order everywhere, so that instances rarely wait for each other in a circle.
    const after = moves.map((move) => move.after).toSorted((a, b) => Buffer.compare(a.id, b.id));
    const was = new Map(moves.map(({ before }) => [before.id, before.seal]));
    const reports = moves.flatMap((move) => move.reports);
    const values = [
      after.map((row) => row.id),
      after.map((row) => was.get(row.id)),
      after.map((row) => row.head_counter),
      after.map((row) => row.head_hash),
      after.map((row) => row.report_count),
      after.map((row) => row.gap_count),
      after.map((row) => row.last_seen),
      after.map((row) => row.seal),
      reports.map((row) => row.device),
      reports.map((row) => row.counter),
      reports.map((row) => row.hash),
      reports.map((row) => row.message),
      reports.map((row) => row.epoch),
      reports.map((row) => row.received_at),
      reports.map((row) => row.seal),
    ];
    const { rows } = await this.#pool.query<{ id: Buffer }>({ name: "move", text: MOVE, values });
    const moved = new Set(rows.map((row) => row.id.toString("latin1")));
    return moves.map((move) => moved.has(Buffer.from(move.after.id).toString("latin1")));
  }
}

/** Connect to PostgreSQL. bigint columns are counters and times below 2^53: they come back as numbers. */
export async function openPostgres(url: string, connections: number): Promise<Postgres> {
  const types: CustomTypesConfig = {
    getTypeParser: ((oid: number, format?: "text" | "binary") =>
      oid === INT8 ? Number : parsers.getTypeParser(oid, format)) as CustomTypesConfig["getTypeParser"],
  };
  const pool = new Pool({ connectionString: url, max: connections, types, connectionTimeoutMillis: 5000 });
  // A connection that breaks is replaced at its next use, and what was asked on it fails by itself; without listeners, for idle
  // ones the pool's and for others their own, it would end the process.
  pool.on("error", () => undefined);
  pool.on("connect", (client) => client.on("error", () => undefined));
  try {
    (await pool.connect()).release();
  } catch (error) {
    await pool.end();
    throw new Trouble(
      `PostgreSQL does not answer: ${(error as Error).message}`,
      "check the address and the password in --database",
    );
  }
  return new Postgres(pool);
}

/**
 * Tell whether a transaction lost against another one and may be run again: serialization failure, deadlock, or a row that
 * another one inserted first.
 */
export function isConflict(error: unknown): boolean {
  const { code } = error as { code?: string };
  return code === "40001" || code === "40P01" || code === "23505";
}
