/**
 * A device's key replaced by another, on the server's own order: the new key enrols, and brings what the old one signed of it. Old and new
 * row change in one transaction.
 */
import { equal, hex } from "../wire/bytes.ts";
import * as ed25519 from "../wire/ed25519.ts";
import * as messages from "../wire/messages.ts";
import { Order, type Enrol, type Handover, type ReasonName } from "../wire/messages.ts";
import { open, verify, type Sign1 } from "../wire/sign1.ts";
import type { ServerKeys } from "./keys.ts";
import * as log from "./log.ts";
import * as policies from "./policy.ts";
import { sealed } from "./seal.ts";
import type { DeviceRow } from "./store/schema.ts";
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
  readonly claims: Handover;
}

/** What an enrolment says of the device, in the columns of its row. */
export type Described = Pick<DeviceRow, "model" | "software" | "version" | "boot_count" | "last_seen">;

/** Read the handover that an enrolment carries. Throws Malformed. */
export function read(bytes: Uint8Array): Offered {
  const message = open(bytes);
  return { message, claims: messages.readHandover(message) };
}

/**
 * Let the key of `enrol` take over, in a transaction. Its row is returned, also if it took over before; or why it may not,
 * and whether that is an alarm about the key before.
 */
export async function take(
  tx: Tx,
  { store, keys, audience, clock }: Bench,
  { message, claims }: Offered,
  id: Uint8Array,
  enrol: Enrol,
  described: Described,
): Promise<{ row: DeviceRow } | { refused: ReasonName; alarm?: string }> {
  const now = clock();
  const query = tx.selectFrom("devices").selectAll().where("id", "=", message.kid.slice());
  const old = await store.locked(query).executeTakeFirst();
  if (old === undefined) return { refused: "unknown-device" };
  const key = ed25519.importKey(old.key);
  if (key === undefined || !verify(message, key)) return { refused: "bad-signature" };
  if (claims.audience !== audience) return { refused: "wrong-audience" };
  if (!equal(claims.successor, id)) return { refused: "not-invited" };
  const known = await store.locked(tx.selectFrom("devices").selectAll().where("id", "=", id)).executeTakeFirst();
  if (known !== undefined) {
    // It missed the answer: old and new were decided on together.
    if (old.successor === null || !equal(old.successor, id)) return { refused: "not-invited" };
    if (known.state !== "active") return { refused: "revoked" };
    const row = sealed(keys.seal, "devices", { ...known, ...described, epoch: known.epoch + 1 });
    await tx.updateTable("devices").set(row).where("id", "=", id).execute();
    return { row };
  }
  if (old.state !== "active") return { refused: "revoked" };
  if (!(await isOrdered(tx, keys, old, claims.order, now))) return { refused: "not-invited" };
  if (policies.contradiction(old, enrol, described.model) !== undefined) return { refused: "not-invited" };
  if (claims.head.counter !== old.head_counter || !equal(claims.head.hash, old.head_hash)) {
    const alarm = `fork: handed over at report ${claims.head.counter}, and the last was ${old.head_counter}`;
    return { refused: "forked", alarm };
  }
  const row: DeviceRow = sealed(keys.seal, "devices", {
    ...described,
    id,
    key: enrol.key.slice(),
    state: "active" as const,
    epoch: 1,
    first_seen: now,
    head_counter: messages.NO_HEAD.counter,
    head_hash: messages.NO_HEAD.hash,
    report_count: 0,
    gap_count: 0,
    // The device counts commands on: those queued for the key before are void with it.
    downlink_counter: old.downlink_counter,
    acknowledged: old.downlink_counter,
    claim: null,
    successor: null,
  });
  await tx.insertInto("devices").values(row).execute();
  const replaced = sealed(keys.seal, "devices", {
    ...old,
    state: "replaced" as const,
    successor: id,
    acknowledged: Math.max(old.acknowledged, claims.order),
    last_seen: now,
  });
  await tx.updateTable("devices").set(replaced).where("id", "=", old.id).execute();
  const handover = { device: old.id, successor: id, message: message.bytes.slice(), received_at: now };
  await tx
    .insertInto("handovers")
    .values(sealed(keys.seal, "handovers", handover))
    .execute();
  await log.append(
    store,
    keys,
    tx,
    now,
    { action: "rotate", actor: "device", device: old.id, detail: { successor: hex(id), order: claims.order } },
    { action: "enrol", actor: "device", device: id, detail: { predecessor: hex(old.id), model: described.model } },
  );
  return { row };
}

/** Whether the server ordered this device to rotate its key by the downlink with this counter, and the order still holds. */
async function isOrdered(tx: Tx, keys: ServerKeys, device: DeviceRow, counter: number, now: number): Promise<boolean> {
  const row = await tx
    .selectFrom("downlinks")
    .select("message")
    .where("device", "=", device.id)
    .where("counter", "=", counter)
    .where("expires_at", ">", now)
    .executeTakeFirst();
  if (row === undefined) return false;
  const message = open(row.message);
  const key = ed25519.importKey(keys.signing.publicKey);
  return key !== undefined && verify(message, key) && messages.readDownlink(message).order === Order.rotate;
}
