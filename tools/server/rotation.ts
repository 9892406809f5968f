/**
 * A device's key replaced by another, on the server's own order: the new key enrols, and brings what the old one signed of it. Old and new
 * row change in one transaction.
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
  // Anybody who saw the handover can send it with a key of their own: that must not end the order.
  if (!equal(claims.successor, fresh.id)) return { refused: "handover-refused" };
  if (claims.audience !== audience) return { refused: "wrong-audience" };
  if (old.state !== "active") return { refused: refusalOf(old.state) };
  // Neither may who has the old key, with an order that was never given.
  const token = commands.token(keys.order, old.id, claims.order);
  if (claims.token === undefined || !timingSafeEqual(claims.token, token)) return { refused: "handover-refused" };
  if (claims.order <= old.void_order) return { refused: "handover-refused" };
  const order = await orderOf(tx, old.id, claims.order);
  const isBehind =
    claims.head.counter < old.head_counter ||
    (claims.head.counter === old.head_counter && !equal(claims.head.hash, old.head_hash));
  if (isBehind) {
    await end(tx, bench, old, claims.order, "forked");
    const alarm = `fork: handed over at report ${claims.head.counter}, and the last was ${old.head_counter}`;
    return { refused: "handover-refused", alarm };
  }
  // A key that names a session of its own was in use before a backup was put back: it took over in time.
  const isLate = order !== undefined && order.expires_at <= now && fresh.doubt === null;
  if (isLate || old.model !== fresh.model) {
    await end(tx, bench, old, claims.order, isLate ? "expired" : "another board");
    return { refused: "handover-refused" };
  }
  return { row: await replace(tx, bench, old, { message, claims }, fresh, order !== undefined) };
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
