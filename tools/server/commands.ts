/** Downlinks, as devices get them and say that they obeyed them. */
import { createHmac } from "node:crypto";
import { Buffer } from "node:buffer";
import { equal } from "../wire/bytes.ts";
import { hash } from "../wire/key.ts";
import { ACK_HASH_BYTES, COUNTER_END, TOKEN_BYTES, type Ack } from "../wire/messages.ts";
import type { DeviceRow } from "./store/schema.ts";
import type { Tx } from "./store/store.ts";

/** Commands that may wait for a device: one message moves its counter by 4,096 at most, and it must reach the last. */
export const WAITING_MAX = 4000;

/** Find the next downlink that the device is not past yet. */
export async function next(tx: Tx, device: DeviceRow, now: number): Promise<Uint8Array | undefined> {
  if (device.downlink_counter <= device.passed) return undefined;
  const row = await tx
    .selectFrom("downlinks")
    .select("message")
    .where("device", "=", device.id)
    .where("counter", ">", device.passed)
    .where("expires_at", ">", now)
    .where("withdrawn_at", "is", null)
    .orderBy("counter")
    .limit(1)
    .executeTakeFirst();
  return row?.message;
}

export type Passed = Pick<DeviceRow, "downlink_counter" | "acknowledged" | "passed">;

/**
 * Take a device's word that it acted upon a downlink: it obeyed the one with that counter and that hash, and no other. It is past the counter in any
 * case, so the next command gets a higher one. `isForeign` if this server did not send such a downlink.
 */
export async function acknowledge(
  tx: Tx,
  device: DeviceRow,
  ack: Ack | undefined,
): Promise<{ readonly passed: Passed; readonly isForeign: boolean }> {
  const { downlink_counter, acknowledged, passed } = device;
  const same = { passed: { downlink_counter, acknowledged, passed }, isForeign: false };
  if (ack === undefined || ack.counter <= Math.min(acknowledged, passed)) return same;
  if (ack.counter >= COUNTER_END) return { ...same, isForeign: true };
  const sent = ack.counter <= downlink_counter ? await messageOf(tx, device.id, ack.counter) : undefined;
  const isObeyed = sent !== undefined && equal(hash(sent).subarray(0, ACK_HASH_BYTES), ack.hash);
  // A device that was told its counter only, or kept no more of it, names no hash.
  const isUnnamed = ack.counter <= downlink_counter && ack.hash.every((byte) => byte === 0);
  return {
    passed: {
      downlink_counter: Math.max(downlink_counter, ack.counter),
      acknowledged: isObeyed ? Math.max(acknowledged, ack.counter) : acknowledged,
      passed: Math.max(passed, ack.counter),
    },
    isForeign: ack.counter > passed && !isObeyed && !isUnnamed,
  };
}

async function messageOf(tx: Tx, device: Uint8Array, counter: number): Promise<Uint8Array | undefined> {
  const query = tx
    .selectFrom("downlinks")
    .select("message")
    .where("device", "=", device)
    .where("counter", "=", counter);
  return (await query.executeTakeFirst())?.message;
}

/**
 * Make the token of an order to rotate. The server recognises it in the handover even if the row of the order is lost.
 */
export function token(key: Uint8Array, device: Uint8Array, counter: number): Uint8Array {
  const number = Buffer.alloc(4);
  number.writeUInt32BE(counter);
  const mac = createHmac("sha256", key).update("rotate").update(device).update(number).digest();
  return new Uint8Array(mac.subarray(0, TOKEN_BYTES));
}
