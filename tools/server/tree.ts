/**
 * The tree of RFC 9162 over all reports and all entries of the log, as it is stored.
 *
 * A report or an entry becomes a leaf some seconds after it was stored (`sequencer.ts`), or when it leaves the database (`base.ts`). `numbered` has, for each
 * chain and for the log, the position of its last leaf: a counter, or a seq. A leaf is the SHA-256 of a zero byte and the message of the report, or the
 * CBOR of the entry (`log.ts`). The hashes stay when a report leaves.
 *
 * The hashes lie in tiles: tile `number` of level 0 has the leaves from 256 * number on, and one of level n + 1 has the roots of 256 full tiles of level n.
 * `leaves` finds the position of a leaf. It has no seal: the tiles have each leaf at its position.
 */
import { sql } from "kysely";
import { Trouble } from "../trouble.ts";
import { concat, equal } from "../wire/bytes.ts";
import { HASH_BYTES } from "../wire/key.ts";
import * as merkle from "./merkle.ts";
import type { Place } from "./place.ts";
import { isSealed, sealed } from "./seal.ts";
import { numbers, part } from "./store/bulk.ts";
import type { Store, Tx } from "./store/store.ts";

/** The stream of the log. That of a chain is the id of its device. */
export const LOG = new Uint8Array(0);

const TILE_LEVELS = 8;
export const TILE_LEAVES = 2 ** TILE_LEVELS;

/** Leaves in one transaction, and chains that they come from. Devices wait for it: about 10 ms. */
export const PART = 2 * TILE_LEAVES;

/** The next leaves of a chain or of the log. */
export interface Leaves {
  readonly stream: Uint8Array;
  /** The position of its last leaf before. */
  readonly from: number;
  /** The position of the last of these. */
  readonly to: number;
  readonly hashes: readonly Uint8Array[];
}

function altered(what: string): Trouble {
  return new Trouble(`${what} of the tree was altered or removed`, "run `signet audit`");
}

/** Count the leaves. Throws Trouble if their number was altered. */
export async function size(sealKey: Uint8Array, db: Store["read"]): Promise<number> {
  return checkedSize(sealKey, await db.selectFrom("tree").selectAll().where("id", "=", 1).executeTakeFirst());
}

function checkedSize(sealKey: Uint8Array, row: { size: number; seal: Uint8Array } | undefined): number {
  if (row !== undefined && !isSealed(sealKey, "tree", row)) throw altered("the size");
  return row?.size ?? 0;
}

/** Take the hashes of a tile apart. */
export function split(hashes: Uint8Array): Uint8Array[] {
  return Array.from({ length: Math.floor(hashes.length / HASH_BYTES) }, (_, i) =>
    hashes.slice(i * HASH_BYTES, (i + 1) * HASH_BYTES),
  );
}

/** Read the hashes of a tile. Throws Trouble if it was altered. */
async function tile(sealKey: Uint8Array, db: Store["read"], level: number, number: number): Promise<Uint8Array[]> {
  const query = db.selectFrom("tiles").selectAll().where("level", "=", level).where("number", "=", number);
  const row = await query.executeTakeFirst();
  if (row === undefined || !isSealed(sealKey, "tiles", row)) throw altered(`tile ${level}/${number}`);
  return split(row.hashes);
}

/** Read subtrees from the tiles. Each tile is read once. */
export function subtrees(sealKey: Uint8Array, db: Store["read"]): merkle.Subtree {
  const known = new Map<string, Promise<Uint8Array[]>>();
  return async (level, index) => {
    const [height, within] = [Math.floor(level / TILE_LEVELS), level % TILE_LEVELS];
    const count = 2 ** within;
    const first = index * count;
    const number = Math.floor(first / TILE_LEAVES);
    const name = `${height}/${number}`;
    const reading = known.get(name) ?? tile(sealKey, db, height, number);
    known.set(name, reading);
    const part = (await reading).slice(first % TILE_LEAVES, (first % TILE_LEAVES) + count);
    if (part.length !== count) throw altered(`tile ${name}`);
    return merkle.root(part);
  };
}

/** Throw Trouble if the tree has another leaf at a position. */
export async function check(at: merkle.Subtree, position: number, leaf: Uint8Array): Promise<void> {
  if (!equal(await at(0, position), leaf)) throw altered(`leaf ${position}`);
}

/**
 * Lock the tree, and return the number of its leaves. The row is made first, so that there is one to lock. This lock comes after those of devices and before that of
 * `audit_head`.
 */
async function lock({ store, keys }: Place, tx: Tx): Promise<number> {
  const first = sealed(keys.seal, "tree", { id: 1, size: 0 });
  await tx
    .insertInto("tree")
    .values(first)
    .onConflict((conflict) => conflict.doNothing())
    .execute();
  const head = await store.locked(tx.selectFrom("tree").selectAll().where("id", "=", 1)).executeTakeFirst();
  return checkedSize(keys.seal, head);
}

/** Add the next leaves of some streams, and return their number. A stream whose position is no longer `from` is left out. */
export async function add(at: Place, tx: Tx, next: readonly Leaves[]): Promise<number> {
  const { store, keys } = at;
  const before = await lock(at, tx);
  const streams = next.map(({ stream }) => stream);
  const rows = await tx.selectFrom("numbered").selectAll().where("stream", "in", streams).execute();
  const positions = new Map(
    rows.filter((row) => isSealed(keys.seal, "numbered", row)).map((row) => [key(row.stream), row.position]),
  );
  const altered = new Set(rows.map((row) => key(row.stream)).filter((name) => !positions.has(name)));
  const fresh = next.filter(
    ({ stream, from }) => !altered.has(key(stream)) && (positions.get(key(stream)) ?? 0) === from,
  );
  if (fresh.length === 0) return 0;
  const hashes = fresh.flatMap((one) => one.hashes);
  if (hashes.length > 0) {
    await place(store, tx, hashes, before);
    await extend(keys.seal, tx, before, hashes);
    const row = sealed(keys.seal, "tree", { id: 1, size: before + hashes.length });
    await tx.updateTable("tree").set(row).where("id", "=", 1).execute();
  }
  await tx
    .insertInto("numbered")
    .values(fresh.map(({ stream, to }) => sealed(keys.seal, "numbered", { stream, position: to })))
    .onConflict((conflict) =>
      conflict.column("stream").doUpdateSet(({ ref }) => ({
        position: ref("excluded.position"),
        seal: ref("excluded.seal"),
      })),
    )
    .execute();
  return hashes.length;
}

/** Note the positions of leaves, the first at `from`. */
async function place({ flavour }: Store, tx: Tx, hashes: readonly Uint8Array[], from: number): Promise<void> {
  await sql`
    insert into leaves (hash, position)
    select ${part(flavour, hashes, HASH_BYTES)}, cast(${from} as bigint) + n.i from ${numbers(flavour, hashes.length)} where true
    on conflict do nothing`.execute(tx);
}

/** Add the leaves of a chain up to the counter `to` that it does not have yet. `entries` are its stored reports up to there, in order. */
export async function complete(
  place: Place,
  tx: Tx,
  stream: Uint8Array,
  entries: readonly { readonly counter: number; readonly leaf: Uint8Array }[],
  to: number,
): Promise<void> {
  await lock(place, tx);
  const row = await tx.selectFrom("numbered").select("position").where("stream", "=", stream).executeTakeFirst();
  const from = row?.position ?? 0;
  const hashes = entries.filter(({ counter }) => counter > from).map(({ leaf }) => leaf);
  if (from < to) await add(place, tx, [{ stream, from, to, hashes }]);
}

function key(stream: Uint8Array): string {
  return Buffer.from(stream).toString("latin1");
}

/** Write the tiles that leaves change, from level 0 up. */
async function extend(sealKey: Uint8Array, tx: Tx, before: number, leaves: readonly Uint8Array[]): Promise<void> {
  let [count, added] = [before, leaves];
  for (let level = 0; added.length > 0; level++) {
    const partial = count % TILE_LEAVES;
    const first = (count - partial) / TILE_LEAVES;
    const known = partial === 0 ? [] : await tile(sealKey, tx, level, first);
    if (known.length !== partial) throw altered(`tile ${level}/${first}`);
    const all = [...known, ...added];
    const full: Uint8Array[] = [];
    for (let i = 0; i < all.length; i += TILE_LEAVES) {
      const part = all.slice(i, i + TILE_LEAVES);
      const number = first + i / TILE_LEAVES;
      const row = sealed(sealKey, "tiles", { level, number, hashes: concat(...part) });
      await tx
        .insertInto("tiles")
        .values(row)
        .onConflict((conflict) => conflict.columns(["level", "number"]).doUpdateSet(row))
        .execute();
      if (part.length === TILE_LEAVES) full.push(merkle.root(part));
    }
    [count, added] = [first, full];
  }
}
