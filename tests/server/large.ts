/**
 * A large database: known devices, and rows of reports that are theirs. Each row has the message of one report that is there, a random hash, and a seal that is
 * not right: the queries of the page and the requests of other devices do not check them. An audit would.
 */
import { randomBytes } from "node:crypto";
import { sql, type Kysely, type RawBuilder } from "kysely";
import type { ReportRow, Tables } from "../../tools/server/store/schema.ts";
import { Store } from "../../tools/server/store/store.ts";
import { numbers } from "../../tools/server/store/bulk.ts";

/** Devices of one statement. */
const PART = 500;
/** Milliseconds between two reports of a device. */
const INTERVAL_MS = 3_600_000;

/** 32 random bytes, made by the database. */
const RANDOM: Readonly<Record<Store["flavour"], RawBuilder<unknown>>> = {
  sqlite: sql`randomblob(32)`,
  postgres: sql`sha256((random()::text || d.id::text || n.i)::bytea)`,
};

/** Add `known` devices like the one that is there, and `rows` reports in the order of their times, all devices in turn. */
export async function fill(database: string, known: number, rows: number): Promise<void> {
  const store = await Store.openExisting(database);
  const like = await store.read.selectFrom("devices").selectAll().limit(1).executeTakeFirstOrThrow();
  const report = await store.read.selectFrom("reports").selectAll().limit(1).executeTakeFirstOrThrow();
  const each = Math.ceil(rows / known);
  const began = like.last_seen - each * INTERVAL_MS;
  const devices = Array.from({ length: known }, (_, i) => ({
    ...like,
    id: new Uint8Array(randomBytes(32)),
    // Without a head they have no report that waits for its leaf.
    head_counter: 0,
    report_count: each,
    last_seen: like.last_seen - i,
  }));
  for (let i = 0; i < known; i += PART)
    await store.write((tx) =>
      tx
        .insertInto("devices")
        .values(devices.slice(i, i + PART))
        .execute(),
    );
  // The index is faster made at once than row by row.
  await store.read.schema.dropIndex("reports_by_hash").execute();
  if (store.flavour === "sqlite") await sql`pragma cache_size = -1000000`.execute(store.read);
  const step = Math.max(1, Math.ceil(100_000 / known));
  for (let i = 1; i <= each; i += step)
    await plant(store.read, store.flavour, [i, Math.min(each, i + step - 1)], began, report);
  await store.read.schema.createIndex("reports_by_hash").on("reports").columns(["hash"]).execute();
  // PostgreSQL does it by itself after a while; SQLite never does.
  if (store.flavour === "postgres") await sql`vacuum analyze`.execute(store.read);
  await store.close();
}

async function plant(
  db: Kysely<Tables>,
  flavour: Store["flavour"],
  [from, to]: readonly [number, number],
  began: number,
  { message, seal }: ReportRow,
): Promise<void> {
  await sql`
    insert into reports (device, counter, hash, message, epoch, received_at, seal)
    select d.id, n.i + ${sql.lit(from)}, ${RANDOM[flavour]}, ${message}, 1, ${sql.lit(began + from * INTERVAL_MS)} + n.i * ${sql.lit(INTERVAL_MS)}, ${seal}
    from ${numbers(flavour, to - from + 1)}
    cross join (select id from devices where head_counter = 0 order by id) as d
    order by n.i, d.id`.execute(db);
}
