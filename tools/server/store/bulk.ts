/**
 * Many rows in one statement that takes them as one value, which the database cuts into parts of one length: a parameter for each column of each
 * row would cost more than the row.
 */
import { sql, type RawBuilder } from "kysely";
import type { Flavour } from "./schema.ts";

/** The numbers from 0 to `count` - 1, as the table `n (i)`. */
export function numbers(flavour: Flavour, count: number): RawBuilder<unknown> {
  const last = sql`cast(${count - 1} as integer)`;
  return flavour === "postgres"
    ? sql`generate_series(0, ${last}) as n (i)`
    : sql`(with recursive n (i) as (select 0 union all select i + 1 from n where i < ${last}) select i from n) as n`;
}

/** The part of row `n.i`. All parts have `bytes` bytes. */
export function part(flavour: Flavour, parts: readonly Uint8Array[], bytes: number): RawBuilder<unknown> {
  const joined = Buffer.concat(parts);
  const all = flavour === "postgres" ? sql`${joined}::bytea` : sql`${joined}`;
  return sql`substr(${all}, 1 + cast(${bytes} as integer) * n.i, cast(${bytes} as integer))`;
}
