import type { Dialect as KyselyDialect, Kysely } from "kysely";
import type { Trouble } from "../../trouble.ts";
import type { DeviceRow, Flavour, Move, Tables } from "./schema.ts";

/** The functions that the store needs from a database. `tests/server/dialect.test.ts` checks each implementation. */
export interface Dialect extends KyselyDialect {
  readonly flavour: Flavour;
  /**
   * True if the database has one writer. Then waiting works share a transaction; otherwise each has its own and locks its rows.
   */
  readonly hasOneWriter: boolean;
  /** The statement that begins a transaction which reads one snapshot, and blocks no writer. */
  readonly beginSnapshot: string;
  /** The query for the size of the database, `bytes`. */
  readonly sizeQuery: string;
  /** Find a device by its id. */
  find(id: Uint8Array): DeviceRow | undefined | Promise<DeviceRow | undefined>;
  /**
   * Make moves in one transaction, at most one for each device, or none of them if it fails; tells of each whether it was not
   * void. `read` is the store's own door to this database.
   */
  move(moves: readonly Move[], read: Kysely<Tables>): Promise<boolean[]>;
  /** True if a transaction failed because of a concurrent one and can be retried. */
  isConflict(error: unknown): boolean;
  /** Say an error of the database in words; undefined if it is not one of the usual. */
  trouble(error: unknown): Trouble | undefined;
}

/** A statement's parts for columns: their names in order, and something for each. */
export function list(columns: Readonly<Record<string, unknown>>, each: (name: string, at: number) => string): string {
  return Object.keys(columns).map(each).join(", ");
}

/** Make a function that returns the values of a row in the order of the columns. */
export function picker<Name extends string>(
  columns: Readonly<Record<Name, unknown>>,
): <Row extends Record<Name, unknown>>(row: Row) => Row[Name][] {
  const names = Object.keys(columns) as Name[];
  return (row) => names.map((name) => row[name]);
}
