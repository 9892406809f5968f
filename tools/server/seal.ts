import { createHmac, timingSafeEqual } from "node:crypto";
import { encode, type Value } from "../wire/cbor.ts";

/** The columns of each table in alphabetical order, without the seal: found once, for rows of a table are all alike. */
const columns = new Map<string, { readonly count: number; readonly names: readonly string[] }>();

function namesOf(table: string, row: Readonly<Record<string, unknown>>): readonly string[] {
  let count = 0;
  for (const name in row) if (name !== "seal") count++;
  const found = columns.get(table);
  if (found?.count === count && found.names.every((name) => name in row)) return found.names;
  const names = Object.keys(row)
    .filter((name) => name !== "seal")
    .toSorted();
  columns.set(table, { count, names });
  return names;
}

/**
 * Compute the seal of a row: HMAC-SHA256, under a key that only the server holds, over the table's name and every other column
 * in alphabetical order. Who can write the database but does not have the key can not make a row that passes.
 */
export function seal(key: Uint8Array, table: string, row: Readonly<Record<string, unknown>>): Uint8Array {
  const content: Value[] = [table];
  for (const name of namesOf(table, row)) content.push(name, row[name] as Value);
  return new Uint8Array(createHmac("sha256", key).update(encode(content)).digest());
}

/** Return the row with its seal. */
export function sealed<Row extends object>(key: Uint8Array, table: string, row: Row): Row & { seal: Uint8Array } {
  return { ...row, seal: seal(key, table, row as Record<string, unknown>) };
}

/** Check the seal of a row as it was read. */
export function isSealed(key: Uint8Array, table: string, row: object & { seal: Uint8Array }): boolean {
  const expected = seal(key, table, row as unknown as Record<string, unknown>);
  return row.seal.length === expected.length && timingSafeEqual(row.seal, expected);
}
