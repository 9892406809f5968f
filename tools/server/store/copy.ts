/** All rows of a database, copied to another one of either kind. */
import { sql } from "kysely";
import type { Tables } from "./schema.ts";
import type { Store, Tx } from "./store.ts";

/** Rows in memory at a time: with the longest messages 16 MB. */
const PAGE = 500;

/** The tables with their primary keys. A table comes after those that its rows name. */
export const KEYS: readonly (readonly [table: keyof Tables, key: readonly string[]])[] = [
  ["devices", ["id"]],
  ["reports", ["device", "counter"]],
  ["bases", ["device"]],
  ["used_nonces", ["nonce"]],
  ["evidence", ["id"]],
  ["invitations", ["device"]],
  ["claims", ["hash"]],
  ["tokens", ["hash"]],
  ["token_uses", ["hash"]],
  ["repeats", ["id"]],
  ["downlinks", ["device", "counter"]],
  ["handovers", ["device"]],
  ["orphans", ["device"]],
  ["profiles", ["device"]],
  ["labels", ["device", "label"]],
  ["replacements", ["device"]],
  ["rules", ["name"]],
  ["raised", ["rule", "device"]],
  ["acknowledged", ["seq"]],
  ["damage", ["device"]],
  ["audit", ["seq"]],
  ["audit_head", ["id"]],
  ["deliveries", ["stream"]],
  ["dead_letters", ["stream", "position"]],
  ["leases", ["name"]],
  ["tree", ["id"]],
  ["tiles", ["level", "number"]],
  ["leaves", ["hash"]],
  ["numbered", ["stream"]],
];

/** Copy every row into an empty database of the same version. `from` is one snapshot. Return the number of rows. */
export async function copyRows(from: Store["read"], to: Store): Promise<number> {
  let count = 0;
  for (const [table, key] of KEYS) {
    const names = sql.join(key.map((name) => sql.ref(name)));
    let last: Record<string, unknown> | undefined;
    do {
      const after = last && sql`where (${names}) > (${sql.join(key.map((name) => last![name]))})`;
      const page = sql<
        Record<string, unknown>
      >`select * from ${sql.table(table)} ${after ?? sql``} order by ${names} limit ${sql.lit(PAGE)}`;
      const { rows } = await page.execute(from);
      if (rows.length > 0) await to.write((tx) => insert(tx, table, rows));
      count += rows.length;
      last = rows.length < PAGE ? undefined : rows.at(-1);
    } while (last !== undefined);
  }
  return count;
}

async function insert(tx: Tx, table: keyof Tables, rows: readonly object[]): Promise<void> {
  // SQLite takes 32,766 parameters in a statement; no table has 100 columns.
  for (let i = 0; i < rows.length; i += PART)
    await tx
      .insertInto(table)
      .values(rows.slice(i, i + PART) as never)
      .execute();
}

const PART = 100;
