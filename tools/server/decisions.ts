/** Decisions of operators: one transaction each, with its entry in the audit log. */
import { randomBytes } from "node:crypto";
import { setImmediate } from "node:timers/promises";
import { sql } from "kysely";
import { HASH_BYTES, ID_BYTES, hash } from "../wire/key.ts";
import * as messages from "../wire/messages.ts";
import * as commands from "./commands.ts";
import type { ServerKeys } from "./keys.ts";
import * as log from "./log.ts";
import { OTHER, once, secret, type Repeatable } from "./repeats.ts";
import { SEAL_BYTES, seal, sealed } from "./seal.ts";
import { numbers, part } from "./store/bulk.ts";
import type { DeviceState } from "./store/schema.ts";
import type { Store, Tx } from "./store/store.ts";

export interface Desk {
  readonly store: Store;
  readonly keys: ServerKeys;
  readonly audience: string;
  readonly clock: () => number;
}

export const CLAIM_BYTES = 16;

/** Seals computed before the event loop turns. */
const PART = 100;

/**
 * Compute the seals of many rows. It is done before their transaction: while one is open on SQLite, the event loop must not turn, because the work of another
 * instance would wait for the database and hold the loop.
 */
async function seals<T>(rows: readonly T[], sealOf: (row: T) => Uint8Array): Promise<Uint8Array[]> {
  const out: Uint8Array[] = [];
  for (const row of rows) {
    out.push(sealOf(row));
    if (out.length % PART === 0) await setImmediate();
  }
  return out;
}

/** The states that an operator decides; a device is replaced by its own handover. */
export type Decided = Exclude<DeviceState, "replaced">;

/** For each state: the name of the decision that leads to it, and the states in which the decision is allowed. */
const STATES: Readonly<Record<Decided, { readonly action: string; readonly from: readonly DeviceState[] }>> = {
  active: { action: "restore", from: ["suspended"] },
  suspended: { action: "suspend", from: ["active"] },
  // Revocation is final: an abandoned key is never trusted again.
  revoked: { action: "revoke", from: ["active", "suspended"] },
};

export type StateChange = "changed" | "unknown" | "impossible";

/** Revoke, suspend or restore a device. */
export function setState(
  { store, keys, clock }: Desk,
  id: Uint8Array,
  state: Decided,
  actor: string,
  reason: string,
): Promise<StateChange> {
  return store.write(async (tx): Promise<StateChange> => {
    const device = await store.locked(tx.selectFrom("devices").selectAll().where("id", "=", id)).executeTakeFirst();
    if (device === undefined) return "unknown";
    const { action, from } = STATES[state];
    if (!from.includes(device.state)) return "impossible";
    // Messages of the session in which the device was suspended can still arrive. A new session keeps them from suspending it
    // again.
    const session = state === "active" ? { session: null } : {};
    await tx
      .updateTable("devices")
      .set(sealed(keys.seal, "devices", { ...device, ...session, state }))
      .where("id", "=", id)
      .execute();
    await log.append(store, keys, tx, clock(), { action, actor, device: id, detail: { reason } });
    return "changed";
  });
}

/** Add ids to the list of devices that may enrol. Return the number of new ones. */
export async function invite(
  { store, keys, clock }: Desk,
  ids: readonly Uint8Array[],
  note: string,
  actor: string,
): Promise<number> {
  const at = clock();
  const own = await seals(ids, (device) => seal(keys.seal, "invitations", { device, note, created_at: at }));
  const { flavour } = store;
  return store.write(async (tx) => {
    const result = await sql`
      insert into invitations (device, note, created_at, seal)
      select ${part(flavour, ids, ID_BYTES)}, ${note}, cast(${at} as bigint), ${part(flavour, own, SEAL_BYTES)}
      from ${numbers(flavour, ids.length)} where true
      on conflict do nothing`.execute(tx);
    const added = Number(result.numAffectedRows ?? 0n);
    await log.append(store, keys, tx, at, { action: "invite", actor, detail: { added, note } });
    return added;
  });
}

/** Make one-time claims. They are returned only to this request and its repetitions; the database keeps their hashes. */
export async function makeClaims(
  desk: Desk,
  count: number,
  expiresAt: number,
  note: string,
  actor: string,
  asked?: Repeatable,
): Promise<Uint8Array[] | typeof OTHER> {
  const { store, keys, clock } = desk;
  const fresh = Array.from({ length: count }, () => new Uint8Array(randomBytes(CLAIM_BYTES)));
  const claimsOf = (at: number): Uint8Array[] =>
    asked === undefined ? fresh : fresh.map((_, i) => secret(keys, asked, at, i, CLAIM_BYTES));
  const now = clock();
  const hashes = claimsOf(now).map((claim) => hash(claim));
  const made = { note, created_at: now, expires_at: expiresAt, used_by: null, used_at: null, withdrawn_at: null };
  const own = await seals(hashes, (one) => seal(keys.seal, "claims", { hash: one, ...made }));
  const { flavour } = store;
  const work = async (tx: Tx): Promise<number> => {
    await sql`
      insert into claims (hash, note, created_at, expires_at, seal)
      select ${part(flavour, hashes, HASH_BYTES)}, ${note}, cast(${now} as bigint), cast(${expiresAt} as bigint), ${part(flavour, own, SEAL_BYTES)}
      from ${numbers(flavour, count)}`.execute(tx);
    await log.append(store, keys, tx, now, { action: "claims", actor, detail: { count, expiresAt, note } });
    return count;
  };
  const done = await store.write((tx) =>
    once(
      tx,
      { keys, clock: () => now },
      asked,
      () => true,
      () => work(tx),
    ),
  );
  return done === OTHER ? OTHER : claimsOf(done.at);
}

/** A command's counter, or why there is none. */
export type Queued = number | "unknown" | "full" | "expired" | typeof OTHER;

/** Queue a command for one active device, signed by the server. */
export function queueCommand(
  desk: Desk,
  id: Uint8Array,
  data: Uint8Array,
  expiresAt: number,
  actor: string,
  asked?: Repeatable,
): Promise<Queued> {
  return queueDownlink(desk, id, expiresAt, actor, asked, () => ({ data }));
}

/** Order the firmware of one active device to rotate its key. */
export function orderRotation(
  desk: Desk,
  id: Uint8Array,
  expiresAt: number,
  actor: string,
  asked?: Repeatable,
): Promise<Queued> {
  return queueDownlink(desk, id, expiresAt, actor, asked, (counter) => ({
    data: commands.token(desk.keys.order, id, counter),
    order: messages.Order.rotate,
  }));
}

type Content = (counter: number) => { readonly data: Uint8Array; readonly order?: number };

async function queueDownlink(
  desk: Desk,
  id: Uint8Array,
  expiresAt: number,
  actor: string,
  asked: Repeatable | undefined,
  content: Content,
): Promise<Queued> {
  const { store, keys, audience } = desk;
  const queue = async (tx: Tx, now: number): Promise<Queued> => {
    const device = await store.locked(tx.selectFrom("devices").selectAll().where("id", "=", id)).executeTakeFirst();
    if (device === undefined || device.state !== "active") return "unknown";
    if (expiresAt <= now) return "expired";
    const counter = device.downlink_counter + 1;
    if (counter - device.passed > commands.WAITING_MAX || counter >= messages.COUNTER_END) return "full";
    const { data, order } = content(counter);
    const message = messages.sealDownlink(keys.signing, {
      issuer: audience,
      issuedAt: Math.floor(now / 1000),
      device: id,
      expires: Math.floor(expiresAt / 1000),
      counter,
      data,
      order,
    });
    const row = sealed(keys.seal, "downlinks", {
      device: id,
      counter,
      message,
      expires_at: expiresAt,
      created_at: now,
      withdrawn_at: null,
    });
    await tx.insertInto("downlinks").values(row).execute();
    const queued = sealed(keys.seal, "devices", { ...device, downlink_counter: counter });
    await tx.updateTable("devices").set(queued).where("id", "=", id).execute();
    await log.append(store, keys, tx, now, {
      action: "downlink",
      actor,
      device: id,
      detail: order === undefined ? { counter } : { counter, order },
    });
    return counter;
  };
  const isQueued = (result: Queued): boolean => typeof result === "number";
  const done = await store.write((tx) => once(tx, desk, asked, isQueued, (now) => queue(tx, now)));
  return done === OTHER ? OTHER : done.result;
}

/** End a token by its name. Returns how many bore it. */
export function endToken({ store, keys, clock }: Desk, name: string, actor: string): Promise<number> {
  return store.write(async (tx) => {
    const rows = await tx
      .selectFrom("tokens")
      .selectAll()
      .where("name", "=", name)
      .where("revoked_at", "is", null)
      .execute();
    for (const row of rows) {
      const ended = sealed(keys.seal, "tokens", { ...row, revoked_at: clock() });
      await tx.updateTable("tokens").set(ended).where("hash", "=", row.hash).execute();
    }
    if (rows.length > 0)
      await log.append(store, keys, tx, clock(), { action: "end-token", actor, detail: { name, count: rows.length } });
    return rows.length;
  });
}
