/** The reports and log entries that have no leaf of the tree yet, hashed. */
import { fromHex } from "../wire/bytes.ts";
import * as ed25519 from "../wire/ed25519.ts";
import * as log from "./log.ts";
import * as merkle from "./merkle.ts";
import { isSealed } from "./seal.ts";
import type { AuditRow } from "./store/schema.ts";
import type { Store } from "./store/store.ts";
import { LOG, PART, type Leaves } from "./tree.ts";

/** The keys that show that the server wrote a row: the key of seals, and the public key that signs the log. */
export interface Writers {
  readonly sealKey: Uint8Array;
  readonly publicKey: Uint8Array;
}

/** Find the next rows that have no leaf yet, hashed. A row that the server did not write so gets none, and none after it in its chain: the audit names it. */
export async function unnumbered(store: Store, writers: Writers): Promise<Leaves[]> {
  const out: Leaves[] = [];
  let room = PART;
  const note = (leaves: Leaves): void => {
    if (leaves.to === leaves.from) return;
    out.push(leaves);
    room -= leaves.hashes.length;
  };
  const numbered = store.read.selectFrom("numbered").selectAll();
  const last = await numbered.where("stream", "=", LOG).executeTakeFirst();
  if (last === undefined || isSealed(writers.sealKey, "numbered", last))
    note(await entriesAfter(store, writers, last?.position ?? 0, room));
  const chains = await store.read
    .selectFrom("devices as d")
    .leftJoin("numbered as n", "n.stream", "d.id")
    .select(["d.id as stream", "d.head_counter as head", "n.position as position", "n.seal as seal"])
    .where((eb) => eb("d.head_counter", ">", eb.fn.coalesce("n.position", eb.lit(0))))
    .orderBy("d.last_seen")
    .limit(PART)
    .execute();
  for (const { stream, head, position, seal } of chains) {
    if (room === 0) break;
    const row = position === null || seal === null ? undefined : { stream, position, seal };
    if (row !== undefined && !isSealed(writers.sealKey, "numbered", row)) continue;
    note(await reportsAfter(store, writers, Uint8Array.from(stream), position ?? 0, head, room));
  }
  return out;
}

async function entriesAfter(store: Store, writers: Writers, from: number, most: number): Promise<Leaves> {
  const rows = await store.read
    .selectFrom("audit")
    .selectAll()
    .where("seq", ">", from)
    .orderBy("seq")
    .limit(most)
    .execute();
  const signers = rows.length === 0 ? [] : await signersOf(store, writers.publicKey);
  const hashes: Uint8Array[] = [];
  for (const row of rows) {
    if (!signers.some((signer) => isSignedBy(row, signer))) break;
    hashes.push(merkle.leaf(log.entryBytes(row)));
  }
  return { stream: LOG, from, to: from + hashes.length, hashes };
}

function isSignedBy(row: AuditRow, key: ed25519.VerifyKey): boolean {
  return ed25519.verifyWith(row.signature, key, log.signedBytes(log.entryHash(row)));
}

/** The key that signs the log, and those before it: each signed the change that names the one before. */
async function signersOf(store: Store, publicKey: Uint8Array): Promise<ed25519.VerifyKey[]> {
  const changes = store.read.selectFrom("audit").selectAll().where("action", "=", log.SWITCH).orderBy("seq", "desc");
  const signers = [ed25519.importKey(publicKey)!];
  for (const change of await changes.execute()) {
    const { from } = JSON.parse(change.detail) as { from: unknown };
    const former = ed25519.importKey(fromHex(String(from)) ?? new Uint8Array(0));
    if (former === undefined || !isSignedBy(change, signers.at(-1)!)) break;
    signers.push(former);
  }
  return signers;
}

async function reportsAfter(
  store: Store,
  { sealKey }: Writers,
  stream: Uint8Array,
  from: number,
  head: number,
  most: number,
): Promise<Leaves> {
  const rows = await store.read
    .selectFrom("reports")
    .selectAll()
    .where("device", "=", stream)
    .where("counter", ">", from)
    .orderBy("counter")
    .limit(most)
    .execute();
  // Without reports they left before there was a tree.
  if (rows.length === 0) return { stream, from, to: head, hashes: [] };
  let to = from;
  const hashes: Uint8Array[] = [];
  for (const row of rows) {
    if (!isSealed(sealKey, "reports", row)) break;
    hashes.push(merkle.leaf(row.message));
    to = row.counter;
  }
  return { stream, from, to, hashes };
}
