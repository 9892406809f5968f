import { PostgresDialect } from "kysely";
import { Pool, types as parsers, type CustomTypesConfig } from "pg";
import { Trouble } from "../../trouble.ts";
import { type Dialect, list } from "./dialect.ts";
import { type DeviceRow, type Move, MOVED, STORED } from "./schema.ts";

const INT8 = 20;

/** The columns of a device in `wanted`: its id, the seal that must still be stored, and the new values. */
const WANTED = { id: "bytea", was: "bytea", ...MOVED };

/** Arrays as parameters, from the one of this number on. */
function arrays(columns: Readonly<Record<string, string>>, from: number): string {
  return list(columns, (name, at) => `$${from + at}::${columns[name]}[]`);
}

/** One statement, so one transaction: the moved devices, and the reports of those only. */
const MOVE = `
with wanted as (
  select * from unnest(${arrays(WANTED, 1)}) as w (${list(WANTED, (name) => name)})
), moved as (
  update devices d set ${list(MOVED, (name) => `${name} = w.${name}`)}
  from wanted w where d.id = w.id and d.seal = w.was returning d.id
), stored as (
  insert into reports (${list(STORED, (name) => name)})
  select r.* from unnest(${arrays(STORED, 1 + Object.keys(WANTED).length)})
    as r (${list(STORED, (name) => name)}) join moved on moved.id = r.device
)
select id from moved`;

/** The rows' values, column by column. */
function columnsOf(columns: Readonly<Record<string, string>>, rows: readonly object[]): unknown[][] {
  return Object.keys(columns).map((name) => rows.map((row) => (row as Record<string, unknown>)[name]));
}

/** PostgreSQL, as kysely speaks it, and the two things that are asked of it for every report. */
export class Postgres extends PostgresDialect implements Dialect {
  readonly flavour = "postgres";
  readonly sizeQuery = "select pg_database_size(current_database()) as bytes";
  readonly beginSnapshot = "begin isolation level repeatable read read only";
  readonly hasOneWriter = false;
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
    // Lock in one order in all instances, to make deadlocks rare.
    const wanted = moves
      .map(({ before, after }) => ({ ...after, was: before.seal }))
      .toSorted((a, b) => Buffer.compare(a.id, b.id));
    const reports = moves.flatMap((move) => move.reports);
    const values = [...columnsOf(WANTED, wanted), ...columnsOf(STORED, reports)];
    const { rows } = await this.#pool.query<{ id: Buffer }>({ name: "move", text: MOVE, values });
    const moved = new Set(rows.map((row) => row.id.toString("latin1")));
    return moves.map((move) => moved.has(Buffer.from(move.after.id).toString("latin1")));
  }

  /** Serialization failure, deadlock, or a row that another one inserted first. */
  isConflict(error: unknown): boolean {
    const { code } = error as { code?: string };
    return code === "40001" || code === "40P01" || code === "23505";
  }

  /** Its errors speak for themselves. */
  trouble(error: unknown): Trouble | undefined {
    const { code, message } = error as { code?: string; message?: string };
    if (
      !/^(08|53|57P0|ECONN|EPIPE|ENOENT)/.test(code ?? "") &&
      !/^Connection terminated|timeout exceeded/.test(message ?? "")
    )
      return undefined;
    return new Trouble(`PostgreSQL cannot be used: ${message}`, "check that it runs, its disk and its connections");
  }
}

/** Connect to PostgreSQL. A reader cannot write. bigint columns are counters and times below 2^53: they come back as numbers. */
export async function openPostgres(url: string, connections: number, isReader = false): Promise<Postgres> {
  const types: CustomTypesConfig = {
    getTypeParser: ((oid: number, format?: "text" | "binary") =>
      oid === INT8 ? Number : parsers.getTypeParser(oid, format)) as CustomTypesConfig["getTypeParser"],
  };
  const options = isReader ? { options: "-c default_transaction_read_only=on" } : {};
  const pool = new Pool({ connectionString: url, max: connections, types, connectionTimeoutMillis: 5000, ...options });
  // The pool replaces a broken connection at its next use, and the queries on it fail. Without these listeners, on the pool for
  // idle connections and on each busy one, the error would end the process.
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
