/**
 * Receipts of RFC 9942: COSE_Sign1 with a proof that the tree has a leaf, or that one tree is the beginning of another. The payload is the root, and is
 * detached: the proof yields it.
 *
 *     18([<<{1: -19, 4: kid, 395: 1}>>, {396: {-1: [<<[size, index, path]>>]}}, nil, signature])       inclusion
 *     18([<<{1: -19, 4: kid, 395: 1}>>, {396: {-2: [<<[from, to, path]>>]}}, nil, signature])          consistency
 *
 * A receipt is attached to its report in the unprotected header, `{394: [receipt]}`. Without it the header is empty, and the report is the one that was hashed.
 */
import { concat } from "../wire/bytes.ts";
import { encode, type Value } from "../wire/cbor.ts";
import * as ed25519 from "../wire/ed25519.ts";
import * as sign1 from "../wire/sign1.ts";
import * as log from "./log.ts";
import type { ServerKeys } from "./keys.ts";
import * as merkle from "./merkle.ts";
import type { Store } from "./store/store.ts";
import * as tree from "./tree.ts";

/** Header parameters of RFC 9052 and 9942, and their values. */
const ALG = 1;
const KID = 4;
const RECEIPTS = 394;
const VDS = 395;
const VDP = 396;
const ED25519 = -19;
const RFC9162_SHA256 = 1;
const PROOFS = { inclusion: -1, consistency: -2 } as const;

const TAG_SIGN1 = Uint8Array.of(0xd2);

/** A proof as RFC 9942 encodes it, and the root that it yields. */
export interface Proof {
  readonly kind: keyof typeof PROOFS;
  readonly proof: readonly [number, number, readonly Uint8Array[]];
  readonly root: Uint8Array;
}

/** Sign the root of a proof, and make a receipt of both. */
export function seal({ signing, id }: ServerKeys, { kind, proof, root }: Proof): Uint8Array {
  const header = encode(
    new Map<number, Value>([
      [ALG, ED25519],
      [KID, id],
      [VDS, RFC9162_SHA256],
    ]),
  );
  const proofs = new Map([[VDP, new Map([[PROOFS[kind], [encode(proof as Value)]]])]]);
  const signature = ed25519.sign(signing, sign1.toBeSigned(header, root));
  return concat(TAG_SIGN1, encode([header, proofs, null, signature]));
}

/** Attach a receipt to a report. */
export function attach(report: Uint8Array, receipt: Uint8Array): Uint8Array {
  const { protectedHeader, payload, signature } = sign1.open(report);
  return concat(TAG_SIGN1, encode([protectedHeader, new Map([[RECEIPTS, [receipt]]]), payload, signature]));
}

/** A leaf with its proof, and the contents of it if they are stored. */
export interface Found extends Proof {
  readonly leaf: Uint8Array;
  /** The message of the report. */
  readonly report: Uint8Array | undefined;
  /** The CBOR of the entry of the log. */
  readonly entry: Uint8Array | undefined;
}

/**
 * Find a leaf by the hash of a stored report or log entry, or by its own hash, and prove that the tree has it. Undefined if the tree does not have it yet.
 * Throws Trouble if the tree was altered.
 */
export async function find(store: Store, sealKey: Uint8Array, hash: Uint8Array): Promise<Found | undefined> {
  const report = await store.read.selectFrom("reports").select("message").where("hash", "=", hash).executeTakeFirst();
  const row = report ?? (await store.read.selectFrom("audit").selectAll().where("hash", "=", hash).executeTakeFirst());
  const contents = row === undefined ? undefined : "message" in row ? row.message : log.entryBytes(row);
  const leaf = contents === undefined ? hash : merkle.leaf(contents);
  const size = await tree.size(sealKey, store.read);
  const place = await store.read.selectFrom("leaves").select("position").where("hash", "=", leaf).executeTakeFirst();
  if (place === undefined || place.position >= size) return undefined;
  const index = place.position;
  const at = tree.subtrees(sealKey, store.read);
  await tree.check(at, index, leaf);
  const path = await merkle.inclusion(at, index, 0, size);
  return {
    kind: "inclusion",
    proof: [size, index, path],
    root: await merkle.range(at, 0, size),
    leaf,
    report: report && Uint8Array.from(report.message),
    entry: report === undefined ? contents : undefined,
  };
}

/** Prove that the tree of `from` leaves is the beginning of the one of `to`. Undefined if the tree has fewer. Throws Trouble if it was altered. */
export async function grown(store: Store, sealKey: Uint8Array, from: number, to: number): Promise<Proof | undefined> {
  const size = await tree.size(sealKey, store.read);
  if (from < 1 || from > to || to > size) return undefined;
  const at = tree.subtrees(sealKey, store.read);
  const path = await merkle.consistency(at, from, to);
  return { kind: "consistency", proof: [from, to, path], root: await merkle.range(at, 0, to) };
}
