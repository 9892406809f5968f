/**
 * The base of a stored chain: the last report that left the database, in an archive or erased. The chain begins after it. Each move of a base is a
 * sealed row and an entry of the log, which the server signs, in the transaction that deletes the reports.
 */
import { Trouble } from "../trouble.ts";
import { equal, hex } from "../wire/bytes.ts";
import { NO_HEAD, type Head } from "../wire/messages.ts";
import * as log from "./log.ts";
import * as merkle from "./merkle.ts";
import type { Place } from "./place.ts";
import { isSealed, sealed } from "./seal.ts";
import type { Store, Tx } from "./store/store.ts";
import * as tree from "./tree.ts";

export interface Base extends Head {
  /** Reports of the chain up to this one. */
  readonly count: number;
}

/** Reports of one chain: those after one up to another. `from` is undefined where only its counter is known. */
export interface Range {
  readonly after: number;
  readonly from: Base | undefined;
  readonly to: Base;
}

/** The base of a chain that is stored from its first report. */
export const NO_BASE: Base = { ...NO_HEAD, count: 0 };

/** Find the base of a device's chain. */
export async function of(db: Store["read"], device: Uint8Array): Promise<Base> {
  const query = db.selectFrom("bases").select(["counter", "hash", "count"]).where("device", "=", device);
  return (await query.executeTakeFirst()) ?? NO_BASE;
}

/** Reports that leave in one transaction: it holds the only writer of SQLite for about 10 ms. */
export const PART = 500;

/** The actions of the log that move a base. */
export type Leaving = "archive" | "erase";

/**
 * Let the next reports of a device leave, `links`, and return the base after them. Throws Trouble, and changes nothing, if the base is not `from` or the
 * stored reports are not `links`. The device's row is locked first. Reports without a leaf get theirs.
 */
export async function leave(
  { store, keys }: Place,
  tx: Tx,
  now: number,
  action: Leaving,
  device: Uint8Array,
  from: Base,
  links: readonly Head[],
): Promise<Base> {
  await store.locked(tx.selectFrom("devices").selectAll().where("id", "=", device)).executeTakeFirst();
  const last = links.at(-1)!;
  const rows = await tx
    .selectFrom("reports")
    .selectAll()
    .where("device", "=", device)
    .where("counter", "<=", last.counter)
    .orderBy("counter")
    .execute();
  const isSame = rows.length === links.length && links.every((link, i) => isAt(rows[i]!, link));
  if (!isSame || !isAt(await of(tx, device), from))
    throw new Trouble(
      `the reports of device ${hex(device)} after ${from.counter} are not those that should leave`,
      "run `signet audit`. After a restore of a backup that is older than these reports, archive to a new file, and keep this one",
    );
  const sound = rows.filter((row) => isSealed(keys.seal, "reports", row));
  const entries = sound.map(({ counter, message }) => ({ counter, leaf: merkle.leaf(message) }));
  await tree.complete({ store, keys }, tx, device, entries, last.counter);
  await tx.deleteFrom("reports").where("device", "=", device).where("counter", "<=", last.counter).execute();
  await tx.deleteFrom("dead_letters").where("stream", "=", device).where("position", "<=", last.counter).execute();
  const base = { counter: last.counter, hash: last.hash, count: from.count + links.length };
  const row = sealed(keys.seal, "bases", { device, ...base, at: now });
  await tx
    .insertInto("bases")
    .values(row)
    .onConflict((conflict) => conflict.column("device").doUpdateSet(row))
    .execute();
  const detail = { after: from.counter, ...base, hash: hex(base.hash) };
  await log.append(store, keys, tx, now, { action, actor: log.MACHINE, device, detail });
  return base;
}

/** Tell whether two heads are the same report. */
export function isAt(a: Head, b: Head): boolean {
  return a.counter === b.counter && equal(a.hash, b.hash);
}
