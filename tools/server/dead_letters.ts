/**
 * Dead letters: items that the receiver of the webhook refuses while it accepts others (`webhook.ts`). They are set aside, so that the
 * items behind them are posted, and an operator sends them again or drops them. A row names the item only: the report or the entry of the
 * log is where it was. The log has each that is set aside, accepted late, or dropped.
 */
import { fromHex, hex } from "../wire/bytes.ts";
import type { Desk } from "./decisions.ts";
import * as log from "./log.ts";
import type { Place } from "./place.ts";
import { isSealed, sealed } from "./seal.ts";
import type { DeadLetterRow } from "./store/schema.ts";
import type { Store, Tx } from "./store/store.ts";

/**
 * The action of the log that sets an item aside. The webhook does not post these entries: a receiver that refuses every entry would make
 * one more with each.
 */
export const SET_ASIDE = "set-aside";
const ACCEPTED_LATE = "accepted-late";
const DROP = "drop-letter";
/** The actions of the log after which an item is no dead letter. */
export const ENDS: readonly string[] = [ACCEPTED_LATE, DROP];

/** The alarm of the log when there is a first dead letter. */
export const ALARM = "dead letters: the receiver of the webhook refuses items";

/** The place of an item: a device and a counter, or an empty stream and a seq of the log. */
export interface Item {
  readonly stream: Uint8Array;
  readonly position: number;
}

/** The id of an item: `DEVICE/COUNTER` or `log/SEQ`. */
export function idOf({ stream, position }: Item): string {
  return `${stream.length === 0 ? "log" : hex(stream)}/${position}`;
}

/** An id of `idOf`. */
export const ID = /^(log|[0-9a-f]{64})\/([1-9]\d{0,14})$/;

/** Read an id; undefined if it has another form. */
export function itemOf(id: string): Item | undefined {
  const [, stream, position] = ID.exec(id) ?? [];
  if (stream === undefined) return undefined;
  return { stream: stream === "log" ? new Uint8Array(0) : fromHex(stream)!, position: Number(position) };
}

export interface LetterView {
  readonly id: string;
  readonly device: string | null;
  /** The counter of the report, or the seq of the entry. */
  readonly position: number;
  readonly at: number;
  readonly refused: string;
  /** When an operator asked to send it again, if it still waits. */
  readonly wantedAt: number | null;
}

export interface Letters {
  readonly letters: readonly LetterView[];
  readonly next: string | null;
}

export interface Asked {
  readonly limit: number;
  /** The id of the last one of the page before. */
  readonly cursor?: string | undefined;
}

/** List dead letters: those of the log first, then by device and counter. */
export async function list(store: Store, { limit, cursor }: Asked): Promise<Letters> {
  const after = cursor === undefined ? undefined : itemOf(cursor);
  let query = store.read.selectFrom("dead_letters").selectAll();
  if (after !== undefined)
    query = query.where(({ eb, refTuple, tuple }) =>
      eb(refTuple("stream", "position"), ">", tuple(after.stream, after.position)),
    );
  const rows = await query.orderBy("stream").orderBy("position").limit(limit).execute();
  const letters = rows.map((row) => ({
    id: idOf(row),
    device: row.stream.length === 0 ? null : hex(row.stream),
    position: row.position,
    at: row.at,
    refused: row.refused,
    wantedAt: row.wanted_at,
  }));
  return { letters, next: rows.length < limit ? null : letters.at(-1)!.id };
}

/** Count the dead letters. */
export async function count({ read }: Store): Promise<number> {
  const { letters } = await read
    .selectFrom("dead_letters")
    .select(({ fn }) => fn.countAll().as("letters"))
    .executeTakeFirstOrThrow();
  return Number(letters);
}

/** Find letters that an operator wants sent again, the longest waiting first. Rows without the server's seal are left out. */
export async function wanted({ store, keys }: Place, limit: number): Promise<DeadLetterRow[]> {
  const query = store.read.selectFrom("dead_letters").selectAll().where("wanted_at", "is not", null);
  const rows = await query.orderBy("wanted_at").limit(limit).execute();
  return rows.filter((row) => isSealed(keys.seal, "dead_letters", row));
}

function entry(action: string, actor: string, item: Item, more: Readonly<Record<string, string>>): log.Entry {
  const about = item.stream.length === 0 ? {} : { device: item.stream };
  return { action, actor, ...about, detail: { item: idOf(item), ...more } };
}

/** Set an item aside, and log it. True if it is the first: that is logged as an alarm. */
export async function setAside(place: Place, tx: Tx, now: number, item: Item, refused: string): Promise<boolean> {
  const { store, keys } = place;
  const { stream, position } = item;
  const isFirst = (await tx.selectFrom("dead_letters").select("position").limit(1).executeTakeFirst()) === undefined;
  const row = sealed(keys.seal, "dead_letters", { stream, position, at: now, refused, wanted_at: null });
  await tx
    .insertInto("dead_letters")
    .values(row)
    .onConflict((conflict) => conflict.columns(["stream", "position"]).doUpdateSet(row))
    .execute();
  const alarm = { action: "alarm", actor: "server", detail: { what: ALARM } };
  await log.append(store, keys, tx, now, entry(SET_ASIDE, "server", item, { refused }), ...(isFirst ? [alarm] : []));
  return isFirst;
}

/** Note the answer to a letter that was sent again: it is none any more, or it was refused once more. */
export async function answered(
  { store, keys }: Place,
  tx: Tx,
  now: number,
  { stream, position }: Item,
  refused: string | undefined,
): Promise<void> {
  if (refused !== undefined) {
    const row = sealed(keys.seal, "dead_letters", { stream, position, at: now, refused, wanted_at: null });
    const own = tx.updateTable("dead_letters").set(row).where("stream", "=", stream).where("position", "=", position);
    await own.execute();
    // An operator may have dropped it meanwhile: the log has that.
  } else if (await remove(tx, { stream, position }))
    await log.append(store, keys, tx, now, entry(ACCEPTED_LATE, "server", { stream, position }, {}));
}

/** Remove a letter; false if there is none. */
async function remove(tx: Tx, { stream, position }: Item): Promise<boolean> {
  const own = tx.deleteFrom("dead_letters").where("stream", "=", stream).where("position", "=", position);
  return (await own.executeTakeFirst()).numDeletedRows > 0n;
}

async function rowsOf(store: Store, tx: Tx, items: readonly Item[]): Promise<DeadLetterRow[]> {
  const query = tx
    .selectFrom("dead_letters")
    .selectAll()
    .where(({ eb, or }) =>
      or(items.map(({ stream, position }) => eb("stream", "=", stream).and("position", "=", position))),
    );
  return store.locked(query.orderBy("stream").orderBy("position")).execute();
}

/** Ask to send letters again, and return the number of those that there are. The instance that delivers does it at its next look. */
export function sendAgain({ store, keys, clock }: Desk, items: readonly Item[]): Promise<number> {
  return store.write(async (tx) => {
    const rows = (await rowsOf(store, tx, items)).filter((row) => isSealed(keys.seal, "dead_letters", row));
    for (const row of rows)
      await tx
        .updateTable("dead_letters")
        .set(sealed(keys.seal, "dead_letters", { ...row, wanted_at: clock() }))
        .where("stream", "=", row.stream)
        .where("position", "=", row.position)
        .execute();
    return rows.length;
  });
}

/** Drop letters: their items are not posted any more. Return the number of those that there were. */
export function drop(
  { store, keys, clock }: Desk,
  items: readonly Item[],
  actor: string,
  reason: string,
): Promise<number> {
  return store.write(async (tx) => {
    const rows = await rowsOf(store, tx, items);
    for (const row of rows) await remove(tx, row);
    const entries = rows.map((row) => entry(DROP, actor, row, { reason }));
    if (entries.length > 0) await log.append(store, keys, tx, clock(), ...entries);
    return rows.length;
  });
}
