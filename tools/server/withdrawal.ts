/** Claims and commands taken back before a device used them. The rows stay; the log has each withdrawal. */
import { hex } from "../wire/bytes.ts";
import type { Desk } from "./decisions.ts";
import type { ServerKeys } from "./keys.ts";
import * as log from "./log.ts";
import { sealed } from "./seal.ts";
import type { DeviceRow } from "./store/schema.ts";
import type { Tx } from "./store/store.ts";

/** The actions of the log that withdraw a claim, and commands of a device. */
export const WITHDRAW_CLAIM = "withdraw-claim";
export const WITHDRAW = "withdraw";

/** Commands withdrawn in one transaction. Devices wait for it: about 4 ms. */
const PART = 100;

/** Withdraw unused claims, named by their hashes. Return the number of those that were not withdrawn before. */
export function claims(
  { store, keys, clock }: Desk,
  hashes: readonly Uint8Array[],
  actor: string,
  reason: string,
): Promise<number> {
  return store.write(async (tx) => {
    const query = tx.selectFrom("claims").selectAll().where("hash", "in", hashes).orderBy("hash");
    const rows = await store.locked(query).execute();
    const open = rows.filter((row) => row.used_by === null && row.withdrawn_at === null);
    for (const row of open) {
      const withdrawn = sealed(keys.seal, "claims", { ...row, withdrawn_at: clock() });
      await tx.updateTable("claims").set(withdrawn).where("hash", "=", row.hash).execute();
      const detail = { claim: hex(row.hash), reason };
      await log.append(store, keys, tx, clock(), { action: WITHDRAW_CLAIM, actor, detail });
    }
    return open.length;
  });
}

/** Withdraw one waiting command of a device, or all, in parts. Return the number; "unknown" if there is no such device. */
export async function commands(
  { store, keys, clock }: Desk,
  id: Uint8Array,
  counter: number | undefined,
  actor: string,
  reason: string,
): Promise<number | "unknown"> {
  return inParts<"unknown">((before) =>
    store.write(async (tx) => {
      const device = await store.locked(tx.selectFrom("devices").selectAll().where("id", "=", id)).executeTakeFirst();
      if (device === undefined) return { result: "unknown" };
      const { counters, isPart } = await waiting(tx, keys, device, clock(), counter);
      if (counters.length > 0) await log.append(store, keys, tx, clock(), entry(id, counters, actor, reason));
      return { result: before + counters.length, isPart };
    }),
  );
}

/** The result of one transaction; `isPart` if there are more to withdraw. */
export interface Part<T> {
  readonly result: number | T;
  readonly isPart?: boolean;
}

/** Repeat a transaction until it withdraws the last part. It is given the number of commands that were withdrawn before. */
export async function inParts<T extends string>(work: (before: number) => Promise<Part<T>>): Promise<number | T> {
  for (let before = 0; ;) {
    const { result, isPart = false } = await work(before);
    if (!isPart || typeof result !== "number") return result;
    before = result;
  }
}

/** Make the entry of the log for withdrawn commands. */
export function entry(device: Uint8Array, counters: readonly number[], actor: string, reason: string): log.Entry {
  return { action: WITHDRAW, actor, device, detail: { counters: counters.join(), reason } };
}

/**
 * Mark waiting commands of a locked device as withdrawn, a part at most, and return their counters. The device may still obey one that was sent
 * to it. The entry in the log is the caller's.
 */
export async function waiting(
  tx: Tx,
  keys: ServerKeys,
  { id, passed }: DeviceRow,
  now: number,
  counter?: number,
): Promise<{ counters: number[]; isPart: boolean }> {
  let query = tx.selectFrom("downlinks").selectAll().where("device", "=", id).where("counter", ">", passed);
  if (counter !== undefined) query = query.where("counter", "=", counter);
  const rows = await query
    .where("expires_at", ">", now)
    .where("withdrawn_at", "is", null)
    .orderBy("counter")
    .limit(PART)
    .execute();
  for (const row of rows) {
    const withdrawn = sealed(keys.seal, "downlinks", { ...row, withdrawn_at: now });
    await tx
      .updateTable("downlinks")
      .set(withdrawn)
      .where("device", "=", id)
      .where("counter", "=", row.counter)
      .execute();
  }
  return { counters: rows.map((row) => row.counter), isPart: rows.length === PART };
}
