/**
 * Replace a device's key on the server's own order: the new key enrols with a handover that the old one signed. Old and new row
 * change in one transaction.
 */
import { timingSafeEqual } from "node:crypto";
import { equal, hex } from "../wire/bytes.ts";
import * as ed25519 from "../wire/ed25519.ts";
import * as messages from "../wire/messages.ts";
import { Order, type ReasonName, type StoredHandover } from "../wire/messages.ts";
import { open, verify, type Sign1 } from "../wire/sign1.ts";
import * as commands from "./commands.ts";
import type { ServerKeys } from "./keys.ts";
import * as log from "./log.ts";
import * as profile from "./profile.ts";
import { refusalOf } from "./refusal.ts";
import { sealed } from "./seal.ts";
import type { DeviceRow, DownlinkRow } from "./store/schema.ts";
import type { Store, Tx } from "./store/store.ts";

export interface Bench {
  readonly store: Store;
  readonly keys: ServerKeys;
  readonly audience: string;
  readonly clock: () => number;
}

/** A handover as it came, its signature not verified yet. */
export interface Offered {
  readonly message: Sign1;
  readonly claims: StoredHandover;
}

export type Taken =
  | { readonly row: DeviceRow }
  /** `alarm` is about the key before. */
  | { readonly refused: ReasonName; readonly alarm?: string }
  /** The key before is not known here: the handover proves nothing. */
  | "unknown predecessor";

/** Read the handover that an enrolment carries. Throws Malformed. */
export function read(bytes: Uint8Array): Offered {
  const message = open(bytes);
  return { message, claims: messages.readStoredHandover(message) };
}

/** Let a key that is not known yet take over, as `fresh` describes it, in a transaction; or say why it may not. */
export async function take(
  tx: Tx,
  bench: Bench,
  { message, claims }: Offered,
  fresh: Omit<DeviceRow, "seal">,
): Promise<Taken> {
  const { store, keys, audience, clock } = bench;
  const now = clock();
  const query = tx.selectFrom("devices").selectAll().where("id", "=", message.kid.slice());
  const old = await store.locked(query).executeTakeFirst();
  if (old === undefined) return "unknown predecessor";
  const key = ed25519.importKey(old.key);
  if (key === undefined || !verify(message, key)) return { refused: "bad-signature" };
  // An observer of the handover can send it with another key: this must not end the order.
  if (!equal(claims.successor, fresh.id)) return { refused: "handover-refused" };
  if (claims.audience !== audience) return { refused: "wrong-audience" };
  if (old.state !== "active") {
    // A device makes one next key for an order: two of them were made by two holders of its key.
    const isRival = isOrdered(keys, { message, claims }) && (await orderTaken(tx, old.id)) === claims.order;
    const alarm = "fork: two next keys for one order";
    return { refused: refusalOf(old.state), ...(isRival ? { alarm } : {}) };
  }
  // A holder of the old key cannot do it either, with an order that the server never gave.
  if (!isOrdered(keys, { message, claims })) return { refused: "handover-refused" };
  if (claims.order <= old.void_order) return { refused: "handover-refused" };
  const order = await orderOf(tx, old.id, claims.order);
  const isBehind =
    claims.head.counter < old.head_counter ||
    (claims.head.counter === old.head_counter && !equal(claims.head.hash, old.head_hash));
  if (isBehind) {
    await end(tx, bench, old, claims.order, "forked");
    const alarm = `fork: handed over at report ${claims.head.counter}, and the last was ${old.head_counter}`;
    // A restored backup may not know that the order was refused already, and that the device went on with this key since.
    const isOlder = order === undefined || (await log.hasSince(tx, 0, "gap", old.id));
    return { refused: "handover-refused", ...(isOlder ? {} : { alarm }) };
  }
  // A key that names a session of its own was in use before a backup was put back: it took over in time.
  const isWithdrawn = order !== undefined && order.withdrawn_at !== null;
  const isVoid = isWithdrawn || (order !== undefined && order.expires_at <= now);
  const isLate = isVoid && fresh.doubt === null;
  if (isLate || old.model !== fresh.model) {
    const why = isWithdrawn ? "withdrawn" : "expired";
    await end(tx, bench, old, claims.order, isLate ? why : "another board");
    return { refused: "handover-refused" };
  }
  return { row: await replace(tx, bench, old, { message, claims }, fresh, order !== undefined) };
}

/** The order on which a device's key was handed over; undefined if it was not. */
async function orderTaken(tx: Tx, device: Uint8Array): Promise<number | undefined> {
  const query = tx.selectFrom("handovers").select("message").where("device", "=", device);
  const row = await query.executeTakeFirst();
  return row === undefined ? undefined : messages.readStoredHandover(open(row.message)).order;
}

/** True if the token in the handover shows that this server ordered the rotation; no row is needed. */
export function isOrdered(keys: ServerKeys, { message, claims }: Offered): boolean {
  const token = commands.token(keys.order, message.kid, claims.order);
  return claims.token !== undefined && timingSafeEqual(claims.token, token);
}

/** Keep the handover of a key that is not known, as in a restored database: `recall` verifies it if that key comes again. */
export async function keep(tx: Tx, { store, keys, clock }: Bench, { message, claims }: Offered): Promise<void> {
  const [now, device] = [clock(), message.kid.slice()];
  const row = { device, successor: claims.successor.slice(), message: message.bytes.slice(), received_at: now };
  const { numInsertedOrUpdatedRows: added } = await tx
    .insertInto("orphans")
    .values(sealed(keys.seal, "orphans", row))
    .onConflict((conflict) => conflict.doNothing())
    .executeTakeFirst();
  if (added === 0n) return;
  const detail = { successor: hex(claims.successor), order: claims.order };
  await log.append(store, keys, tx, now, { action: "orphan", actor: "device", device, detail });
}

/**
 * Register an unknown key as replaced if a handover that it signed is stored, and return true. Delete a handover that it did
 * not sign.
 */
export async function recall(tx: Tx, bench: Bench, fresh: Omit<DeviceRow, "seal">): Promise<boolean> {
  const { store, keys, clock } = bench;
  const kept = await tx.selectFrom("orphans").selectAll().where("device", "=", fresh.id).executeTakeFirst();
  if (kept === undefined) return false;
  await tx.deleteFrom("orphans").where("device", "=", fresh.id).execute();
  const offered = read(kept.message);
  const { order, head } = offered.claims;
  const key = ed25519.importKey(fresh.key);
  if (key === undefined || !verify(offered.message, key)) {
    const detail = { order, why: "forged" };
    const entry = { action: "refuse-handover", actor: "server", device: fresh.id, detail };
    await log.append(store, keys, tx, clock(), entry);
    return false;
  }
  await tx
    .insertInto("devices")
    .values(sealed(keys.seal, "devices", { ...fresh, state: "replaced", successor: kept.successor }))
    .execute();
  const row = { device: fresh.id, successor: kept.successor, message: kept.message, received_at: kept.received_at };
  await tx
    .insertInto("handovers")
    .values(sealed(keys.seal, "handovers", row))
    .execute();
  const detail = { successor: hex(kept.successor), order };
  await log.append(
    store,
    keys,
    tx,
    clock(),
    { action: "enrol", actor: "device", device: fresh.id, detail: { policy: "known before", model: fresh.model } },
    { action: "rotate", actor: "device", device: fresh.id, detail },
    ...(head.counter > 0 ? [log.gap(fresh.id, 0, head.counter + 1)] : []),
  );
  return true;
}

/** The order to rotate with this counter; undefined if the database does not have it, which a restored one may not. */
async function orderOf(tx: Tx, device: Uint8Array, counter: number): Promise<DownlinkRow | undefined> {
  const query = tx.selectFrom("downlinks").selectAll().where("device", "=", device).where("counter", "=", counter);
  const row = await query.executeTakeFirst();
  return row !== undefined && messages.readDownlink(open(row.message)).order === Order.rotate ? row : undefined;
}

/** End an order for good: the device that is told so forgets its next key, and no copy of its handover may be accepted after that. */
async function end(tx: Tx, { store, keys, clock }: Bench, old: DeviceRow, order: number, why: string): Promise<void> {
  const row = sealed(keys.seal, "devices", { ...old, void_order: order });
  await tx.updateTable("devices").set(row).where("id", "=", old.id).execute();
  const detail = { order, why };
  await log.append(store, keys, tx, clock(), { action: "refuse-handover", actor: "server", device: old.id, detail });
}

async function replace(
  tx: Tx,
  { store, keys, clock }: Bench,
  old: DeviceRow,
  { message, claims }: Offered,
  fresh: Omit<DeviceRow, "seal">,
  isKnown: boolean,
): Promise<DeviceRow> {
  const now = clock();
  // The device counts commands on: those queued for the key before are void with it.
  const last = Math.max(old.downlink_counter, claims.order, fresh.passed);
  const acknowledged = isKnown ? Math.max(old.acknowledged, claims.order) : old.acknowledged;
  const row = sealed(keys.seal, "devices", { ...fresh, downlink_counter: last, passed: last, acknowledged });
  await tx.insertInto("devices").values(row).execute();
  const replaced = sealed(keys.seal, "devices", {
    ...old,
    state: "replaced" as const,
    successor: fresh.id,
    acknowledged,
    passed: Math.max(old.passed, claims.order),
    downlink_counter: last,
    last_seen: now,
  });
  await tx.updateTable("devices").set(replaced).where("id", "=", old.id).execute();
  await profile.move(tx, keys, old.id, fresh.id);
  const handover = { device: old.id, successor: fresh.id, message: message.bytes.slice(), received_at: now };
  await tx
    .insertInto("handovers")
    .values(sealed(keys.seal, "handovers", handover))
    .execute();
  const detail = { successor: hex(fresh.id), order: claims.order, ...(isKnown ? {} : { lost: "the order" }) };
  const missing = claims.head.counter - old.head_counter;
  await log.append(
    store,
    keys,
    tx,
    now,
    { action: "rotate", actor: "device", device: old.id, detail },
    { action: "enrol", actor: "device", device: fresh.id, detail: { predecessor: hex(old.id), model: fresh.model } },
    ...(missing > 0 ? [log.gap(old.id, old.head_counter, claims.head.counter + 1)] : []),
  );
  return row;
}
