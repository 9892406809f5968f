/** The list of devices for operators: filters, orders and cursors. */
import { Buffer } from "node:buffer";
import { sql, type RawBuilder, type SelectQueryBuilder } from "kysely";
import { fromHex, hex } from "../wire/bytes.ts";
import * as profile from "./profile.ts";
import type { DeviceRow, DeviceState, ProfileRow, Tables } from "./store/schema.ts";
import type { Store } from "./store/store.ts";

export interface DeviceView extends profile.Profile {
  readonly id: string;
  readonly key: string;
  readonly state: string;
  readonly model: string;
  readonly software: string;
  readonly version: string;
  readonly bootCount: number;
  readonly firstSeen: number;
  readonly lastSeen: number;
  readonly counter: number;
  readonly head: string;
  readonly reports: number;
  /** Those of `reports` that left the database, in archives or erased. */
  readonly archived: number;
  readonly gaps: number;
  /**
   * Counters of three commands: the last queued, the last obeyed, and the last that the device is past. It will not obey those
   * between the last two.
   */
  readonly commands: { readonly queued: number; readonly acknowledged: number; readonly passed: number };
  readonly successor: string | null;
}

function view(row: DeviceRow, archived = 0, { name, note, labels }: profile.Profile = profile.EMPTY): DeviceView {
  return {
    id: hex(row.id),
    name,
    labels,
    note,
    key: hex(row.key),
    state: row.state,
    model: row.model,
    software: row.software,
    version: row.version,
    bootCount: row.boot_count,
    firstSeen: row.first_seen,
    lastSeen: row.last_seen,
    counter: row.head_counter,
    head: hex(row.head_hash),
    reports: row.report_count,
    archived,
    gaps: row.gap_count,
    commands: { queued: row.downlink_counter, acknowledged: row.acknowledged, passed: row.passed },
    successor: row.successor === null ? null : hex(row.successor),
  };
}

async function views(store: Store, rows: readonly DeviceRow[]): Promise<DeviceView[]> {
  const profiles = new Map<string, profile.Profile>();
  const archived = new Map<string, number>();
  for (let i = 0; i < rows.length; i += PART) {
    const part = rows.slice(i, i + PART).map(({ id }) => id);
    for (const [id, one] of await profile.of(store.read, part)) profiles.set(id, one);
    const bases = store.read.selectFrom("bases").select(["device", "count"]).where("device", "in", part);
    for (const { device, count } of await bases.execute()) archived.set(hex(device), count);
  }
  return rows.map((row) => view(row, archived.get(hex(row.id)), profiles.get(hex(row.id))));
}

/** Ids in one statement. */
const PART = 1000;

/** Find a device. */
export async function find(store: Store, id: Uint8Array): Promise<DeviceView | undefined> {
  const row = await store.read.selectFrom("devices").selectAll().where("id", "=", id).executeTakeFirst();
  return row === undefined ? undefined : (await views(store, [row]))[0];
}

/** The columns that a list can be ordered by. Those of `UNINDEXED` change with each report, or are not in `devices`. */
const COLUMNS = {
  id: "d.id",
  firstSeen: "d.first_seen",
  lastSeen: "d.last_seen",
  state: "d.state",
  board: "d.model",
  firmware: "d.version",
  reports: "d.report_count",
  name: "p.name",
} as const;

type Column = keyof typeof COLUMNS;

/** Orders whose list reads every device: an index on them would cost each report more than the list. */
export const UNINDEXED: readonly Column[] = ["lastSeen", "reports", "name"];

/** The orders: a column, or "-" and a column for the highest first. */
export const ORDERS = Object.keys(COLUMNS).flatMap((name) => [name, `-${name}`]) as [Order, ...Order[]];
export type Order = Column | `-${Column}`;

export interface Filter {
  /** Include only devices heard of since then, in ms since 1970. */
  readonly since?: number | undefined;
  /** Include only devices not heard of since then. */
  readonly silentSince?: number | undefined;
  /** First digits of the id, hexadecimal. */
  readonly id?: string | undefined;
  readonly state?: DeviceState | undefined;
  readonly label?: string | undefined;
  /** The label of the token: include no other devices. */
  readonly within?: string | null | undefined;
  /** A part of the name. */
  readonly name?: string | undefined;
  readonly board?: string | undefined;
  readonly firmware?: string | undefined;
}

export interface Asked extends Filter {
  readonly limit: number;
  readonly order?: Order | undefined;
  /** Where the page before ended; of the same order. */
  readonly cursor?: string | undefined;
}

export interface Listed {
  readonly devices: readonly DeviceView[];
  /** The cursor of the next page; null at the end. */
  readonly next: string | null;
}

/** The place of a row in an order. */
interface Place {
  readonly value: string | number;
  readonly id: Uint8Array;
}

function cursorOf(order: Order, { value, id }: Place): string {
  return Buffer.from(JSON.stringify([order, value, hex(id)])).toString("base64url");
}

/** Read a cursor; undefined if it is none of this order. */
export function placeOf(order: Order, cursor: string): Place | undefined {
  try {
    const [of, value, id] = JSON.parse(Buffer.from(cursor, "base64url").toString()) as unknown[];
    const bytes = typeof id === "string" ? fromHex(id) : undefined;
    const isNumber = ["firstSeen", "lastSeen", "reports"].includes(order.replace("-", ""));
    if (of !== order || bytes?.length !== 32) return undefined;
    if (isNumber ? !Number.isSafeInteger(value) : typeof value !== "string" || value.includes("\0")) return undefined;
    return { value: value as string | number, id: bytes };
  } catch {
    return undefined;
  }
}

type Joined = Tables & { d: DeviceRow; p: ProfileRow };

/** The list of devices as one query. */
function query({ read: db, flavour }: Store, { limit, order = "-lastSeen", cursor, ...filter }: Asked) {
  const [column, isDown] = [order.replace("-", "") as Column, order.startsWith("-")];
  const by = column === "name" ? sql<string>`coalesce(p.name, '')` : sql<string | number>`${sql.ref(COLUMNS[column])}`;
  const way = isDown ? "desc" : "asc";
  let found = db.selectFrom("devices as d").selectAll("d").select(by.as("at"));
  if (column === "name" || filter.name !== undefined)
    found = found.leftJoin("profiles as p", "p.device", "d.id") as never;
  const place = cursor === undefined ? undefined : placeOf(order, cursor);
  if (place !== undefined) found = found.where(after(by, column, isDown, place));
  // Each is the comparison of its database that ignores case, of ASCII at least.
  found = filtered(found as never, filter, flavour === "postgres" ? "ilike" : "like") as never;
  // An id is a place of its own: no second column is sorted.
  if (column !== "id") found = found.orderBy(by, way);
  return found.orderBy("d.id", way).limit(limit);
}

function after(by: RawBuilder<unknown>, column: Column, isDown: boolean, { value, id }: Place): RawBuilder<boolean> {
  const than = sql.raw(isDown ? "<" : ">");
  return column === "id" ? sql`d.id ${than} ${id}` : sql`(${by}, d.id) ${than} (${value}, ${id})`;
}

function filtered<O>(
  all: SelectQueryBuilder<Joined, "d", O>,
  filter: Filter,
  like: "like" | "ilike",
): SelectQueryBuilder<Joined, "d", O> {
  const { since, silentSince, id, name, state, label, within, board, firmware } = filter;
  let found = all;
  for (const [alias, one] of Object.entries({ l: label, w: within }))
    if (one !== undefined && one !== null)
      found = found.innerJoin(`labels as ${alias}`, (join) =>
        join.on(sql<boolean>`${sql.ref(`${alias}.device`)} = d.id and ${sql.ref(`${alias}.label`)} = ${one}`),
      ) as never;
  if (since !== undefined) found = found.where("d.last_seen", ">=", since);
  if (silentSince !== undefined) found = found.where("d.last_seen", "<", silentSince);
  if (state !== undefined) found = found.where("d.state", "=", state);
  if (board !== undefined) found = found.where("d.model", "=", board);
  if (firmware !== undefined) found = found.where("d.version", "=", firmware);
  if (name !== undefined) {
    const pattern = `%${name.replace(/[\\%_]/g, "\\$&")}%`;
    found = found.where(sql<boolean>`p.name ${sql.raw(like)} ${pattern} escape '\\'`);
  }
  if (id !== undefined) {
    const [first, last] = ["0", "f"].map((digit) => Buffer.from(id.padEnd(64, digit), "hex"));
    found = found.where("d.id", ">=", first!).where("d.id", "<=", last!);
  }
  return found;
}

/** List devices, by default the most recently seen first. */
export async function list(store: Store, asked: Asked): Promise<Listed> {
  const { order = "-lastSeen", limit } = asked;
  const rows = await query(store, asked).execute();
  const last = rows.length < limit ? undefined : rows.at(-1);
  return {
    devices: await views(store, rows),
    next: last === undefined ? null : cursorOf(order, { value: order.endsWith("id") ? "" : last.at, id: last.id }),
  };
}
