/** Claims and commands taken back before a device used them. The rows stay; the log has each withdrawal. */
import { setImmediate } from "node:timers/promises";
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

/** Rows that change before the event loop turns. */
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

/** Withdraw one waiting command of a device, or all. Return the number; "unknown" if there is no such device. */
export function commands(
  { store, keys, clock }: Desk,
  id: Uint8Array,
  counter: number | undefined,
  actor: string,
  reason: string,
): Promise<number | "unknown"> {
  return store.write(async (tx) => {
    const device = await store.locked(tx.selectFrom("devices").selectAll().where("id", "=", id)).executeTakeFirst();
    if (device === undefined) return "unknown";
    const counters = await waiting(tx, keys, device, clock(), counter);
    if (counters.length > 0) await log.append(store, keys, tx, clock(), entry(id, counters, actor, reason));
    return counters.length;
  });
}

/** Make the entry of the log for withdrawn commands. */
export function entry(device: Uint8Array, counters: readonly number[], actor: string, reason: string): log.Entry {
  return { action: WITHDRAW, actor, device, detail: { counters: counters.join(), reason } };
}

/**
 * Mark waiting commands of a locked device as withdrawn, and return their counters. The device may still obey one that was sent
 * to it. The entry in the log is the caller's. Bounds: WAITING_MAX of commands.ts.
 */
export async function waiting(
  tx: Tx,
  keys: ServerKeys,
  { id, passed }: DeviceRow,
  now: number,
  counter?: number,
): Promise<number[]> {
  let query = tx.selectFrom("downlinks").selectAll().where("device", "=", id).where("counter", ">", passed);
  if (counter !== undefined) query = query.where("counter", "=", counter);
  const rows = await query.where("expires_at", ">", now).where("withdrawn_at", "is", null).orderBy("counter").execute();
  for (const [i, row] of rows.entries()) {
    const withdrawn = sealed(keys.seal, "downlinks", { ...row, withdrawn_at: now });
    await tx
      .updateTable("downlinks")
      .set(withdrawn)
      .where("device", "=", id)
      .where("counter", "=", row.counter)
      .execute();
    if (i % PART === PART - 1) await setImmediate();
  }
  return rows.map((row) => row.counter);
}
