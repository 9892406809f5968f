/**
 * The audit log: every decision about a device or a right, each entry with the hash of the one before, signed by the
 * server. Entries are appended in the transaction of the decision they record.
 */
import { encode, type Value } from "../wire/cbor.ts";
import * as ed25519 from "../wire/ed25519.ts";
import { concat, hex } from "../wire/bytes.ts";
import { hash } from "../wire/key.ts";
import type { ServerKeys } from "./keys.ts";
import { sealed } from "./seal.ts";
import type { AuditRow } from "./store/schema.ts";
import type { Store, Tx } from "./store/store.ts";

/** Keeps the signature of an entry from being one of anything else. */
const CONTEXT = new TextEncoder().encode("signet audit entry\n");

export const START = new Uint8Array(32);

/** The actor of a decision that was made at the machine of the server, by a verb of `signet`. */
export const MACHINE = "machine";

/** The action of an entry that changes the key of the log. */
export const SWITCH = "switch-key";

/** The action of the entry that stands for the erased data of a device. */
export const ERASED = "erased";

export interface Entry {
  readonly action: string;
  readonly actor: string;
  readonly device?: Uint8Array;
  readonly detail?: Readonly<Record<string, string | number>>;
}

/**
 * The entry that names a gap in a device's chain: reports after one counter and before another were stored once, and this database, put back from
 * a backup, does not have them. Counters can be skipped, so there are `most` at most.
 */
export function gap(device: Uint8Array, after: number, before: number): Entry {
  return { action: "gap", actor: "server", device, detail: { after, before, most: before - after - 1 } };
}

/** Write an entry as the bytes that its hash and its leaf are over. */
export function entryBytes(row: Omit<AuditRow, "hash" | "signature">): Uint8Array {
  return encode([row.seq, row.at, row.action, row.actor, row.device, row.detail, row.prev] as Value);
}

/** Compute the hash of an entry. */
export function entryHash(row: Omit<AuditRow, "hash" | "signature">): Uint8Array {
  return hash(entryBytes(row));
}

/** The bytes that the server signs for an entry. */
export function signedBytes(entry: Uint8Array): Uint8Array {
  return concat(CONTEXT, entry);
}

/** An entry that changes the key of the log. The new key signs it, and all entries after it. */
export interface Switch {
  readonly seq: number;
  readonly at: number;
  readonly from: string;
  readonly to: string;
}

/** List the changes of the key, in order. */
export async function switches(db: Store["read"]): Promise<Switch[]> {
  const rows = await db.selectFrom("audit").selectAll().where("action", "=", SWITCH).orderBy("seq").execute();
  return rows.map(({ seq, at, detail }) => {
    const { from, to } = JSON.parse(detail) as Record<string, unknown>;
    return { seq, at, from: String(from), to: String(to) };
  });
}

/** Return a test of public keys: true for the one that signs the log, and for those that did before it. */
export async function signers(db: Store["read"], keys: ServerKeys): Promise<(key: Uint8Array) => boolean> {
  const all = new Set([hex(keys.signing.publicKey), ...(await switches(db)).map(({ from }) => from)]);
  return (key) => all.has(hex(key));
}

/** True if `publicKey` is the key that signs the log: the last change names it, or it signed the newest entry. */
export async function isSignedBy(db: Store["read"], publicKey: Uint8Array): Promise<boolean> {
  const changes = await switches(db);
  if (changes.length > 0) return changes.at(-1)!.to === hex(publicKey);
  const newest = await db.selectFrom("audit").selectAll().orderBy("seq", "desc").limit(1).executeTakeFirst();
  return (
    newest === undefined ||
    ed25519.verifyWith(newest.signature, ed25519.importKey(publicKey)!, signedBytes(newest.hash))
  );
}

/** The number of the last entry, 0 if there is none. */
export async function last(db: Store["read"]): Promise<number> {
  const head = await db.selectFrom("audit_head").select("seq").where("id", "=", 1).executeTakeFirst();
  return head?.seq ?? 0;
}

/** Tell whether a device has an entry of one action after `seq`. */
export async function hasSince(db: Store["read"], seq: number, action: string, device: Uint8Array): Promise<boolean> {
  const query = db.selectFrom("audit").select("seq").where("seq", ">", seq);
  return (await query.where("action", "=", action).where("device", "=", device).executeTakeFirst()) !== undefined;
}

/** Append entries, and return the number of the last one. The head row is locked first: instances append one after the other. */
export async function append(
  store: Store,
  keys: ServerKeys,
  tx: Tx,
  now: number,
  ...entries: readonly Entry[]
): Promise<number> {
  const query = tx.selectFrom("audit_head").selectAll().where("id", "=", 1);
  const head = await store.locked(query).executeTakeFirst();
  let seq = head?.seq ?? 0;
  let prev = head?.hash ?? START;
  for (const entry of entries) {
    seq++;
    const row = {
      seq,
      at: now,
      action: entry.action,
      actor: entry.actor,
      device: entry.device ?? null,
      detail: JSON.stringify(entry.detail ?? {}),
      prev,
    };
    const own = entryHash(row);
    const signature = ed25519.sign(keys.signing, signedBytes(own));
    await tx
      .insertInto("audit")
      .values({ ...row, hash: own, signature })
      .execute();
    prev = own;
  }
  const row = sealed(keys.seal, "audit_head", { id: 1, seq, hash: prev });
  await tx
    .insertInto("audit_head")
    .values(row)
    .onConflict((conflict) => conflict.column("id").doUpdateSet(row))
    .execute();
  return seq;
}
