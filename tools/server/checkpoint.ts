/**
 * A checkpoint: the server's signed statement of the head of its log and of the heads of all chains, these as the root of a tree of RFC 9162. A database
 * that was put back as a whole contradicts each later checkpoint that anyone kept.
 *
 * A leaf is the CBOR array [device, counter, hash]; the leaves are in the order of the ids. The signature is over `signet checkpoint\n` and the SHA-256 of
 * the CBOR array [at, seq, hash of entry seq, number of chains, root, size and root of the tree of reports and log entries]; older ones have no tree. `GET /v1/checkpoint` answers one without the heads themselves, `signet checkpoint`
 * writes one with them.
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { z } from "zod";
import { Trouble } from "../trouble.ts";
import { concat, equal, fromHex, hex } from "../wire/bytes.ts";
import { encode } from "../wire/cbor.ts";
import * as ed25519 from "../wire/ed25519.ts";
import { hash } from "../wire/key.ts";
import type { Head } from "../wire/messages.ts";
import { digits, whole } from "./fields.ts";
import * as keyFile from "./keys.ts";
import * as log from "./log.ts";
import * as merkle from "./merkle.ts";
import { keyBeside } from "./place.ts";
import { Store } from "./store/store.ts";
import * as tree from "./tree.ts";

/** Keeps the signature of a checkpoint from being one of anything else. */
const CONTEXT = new TextEncoder().encode("signet checkpoint\n");

export interface HeadOf extends Head {
  readonly device: Uint8Array;
}

/** The signed contents: the head of the log, and the heads of all chains. */
export interface Stated {
  /** Milliseconds since 1970. */
  readonly at: number;
  /** The number and the hash of the last entry of the log. */
  readonly seq: number;
  readonly log: Uint8Array;
  readonly chains: number;
  readonly root: Uint8Array;
  /** The tree over reports and log entries (`tree.ts`); undefined in a checkpoint of an older version. */
  readonly tree: { readonly size: number; readonly root: Uint8Array } | undefined;
}

export interface Checkpoint extends Stated {
  /** The heads; undefined if only their root was kept. */
  readonly heads: readonly HeadOf[] | undefined;
}

function rootOf(heads: readonly HeadOf[]): Uint8Array {
  return merkle.root(heads.map(({ device, counter, hash: own }) => merkle.leaf(encode([device, counter, own]))));
}

function signedBytes({ at, seq, log: entry, chains, root, tree: of }: Stated): Uint8Array {
  return concat(CONTEXT, hash(encode([at, seq, entry, chains, root, ...(of ? [of.size, of.root] : [])])));
}

/** Compute the root over the first leaves of the tree. Throws Trouble if the tree was altered. */
export function treeRoot(sealKey: Uint8Array, db: Store["read"], size: number): Promise<Uint8Array> {
  return merkle.range(tree.subtrees(sealKey, db), 0, size);
}

/**
 * Read the heads of a database, and the root of its tree, in one snapshot. Bounds: reads every row of `devices`, and holds its head. Throws Trouble if the
 * tree was altered.
 */
export function read(
  store: Store,
  sealKey: Uint8Array,
  at: number,
): Promise<Checkpoint & { readonly heads: readonly HeadOf[] }> {
  return store.snapshot(async (db) => {
    const size = await tree.size(sealKey, db);
    const last = await db.selectFrom("audit_head").select(["seq", "hash"]).where("id", "=", 1).executeTakeFirst();
    const rows = await db.selectFrom("devices").select(["id", "head_counter", "head_hash"]).orderBy("id").execute();
    const heads = rows.map((row) => ({ device: row.id, counter: row.head_counter, hash: row.head_hash }));
    return {
      at,
      seq: last?.seq ?? 0,
      log: last?.hash ?? log.START,
      chains: heads.length,
      root: rootOf(heads),
      tree: { size, root: await treeRoot(sealKey, db, size) },
      heads,
    };
  });
}

/** Sign a checkpoint; the fields of its JSON. */
export function sign(signing: ed25519.SigningKey, made: Checkpoint): object {
  const { at, seq, chains, heads } = made;
  return {
    at,
    seq,
    log: hex(made.log),
    chains,
    root: hex(made.root),
    ...(made.tree && { tree: { size: made.tree.size, root: hex(made.tree.root) } }),
    key: hex(signing.publicKey),
    signature: hex(ed25519.sign(signing, signedBytes(made))),
    ...(heads && { heads: heads.map(({ device, counter, hash: own }) => [hex(device), counter, hex(own)]) }),
  };
}

/** `signet checkpoint`: write one with all heads. Returns a line for the operator. Throws Trouble. */
export async function runCheckpoint(
  file: string,
  { database, key = keyBeside(database) }: { readonly database: string; readonly key?: string },
  now = Date.now(),
): Promise<string> {
  if (existsSync(file))
    throw new Trouble(`${file} exists`, "name a new file: an older checkpoint proves more than a newer one");
  if (!existsSync(key)) throw new Trouble(`${key} does not exist`, "give the server's key with --key");
  const keys = keyFile.load(key);
  return Store.reading(database, async (store) => {
    const made = await read(store, keys.seal, now);
    writeFileSync(file, `${JSON.stringify(sign(keys.signing, made))}\n`, { flag: "wx" });
    return `checkpoint: ${made.chains} chains, log entry ${made.seq}; keep ${file} away from this machine\n`;
  });
}

const CHECKPOINT = z
  .object({
    at: whole,
    seq: whole,
    log: digits(32),
    chains: whole,
    root: digits(32),
    tree: z
      .object({ size: whole, root: digits(32) })
      .strict()
      .optional(),
    key: digits(32),
    signature: digits(64),
    heads: z.array(z.tuple([digits(32), whole, digits(32)])).optional(),
  })
  .strict();

/** Read a kept checkpoint, and check its root and its signature by one of the server's keys. Throws Trouble. */
export function readFile(path: string, accepts: (serverKey: Uint8Array) => boolean): Checkpoint {
  const bad = (why: string): Trouble =>
    new Trouble(`${path}: ${why}`, "name a file of `signet checkpoint`, or an answer of GET /v1/checkpoint");
  const found = CHECKPOINT.safeParse(json(path)).data;
  if (found === undefined) throw bad("this is no checkpoint");
  const heads = found.heads?.map(([device, counter, own]) => ({
    device: fromHex(device)!,
    counter,
    hash: fromHex(own)!,
  }));
  const of = found.tree && { size: found.tree.size, root: fromHex(found.tree.root)! };
  const kept = { ...found, log: fromHex(found.log)!, root: fromHex(found.root)!, tree: of, heads };
  const key = ed25519.importKey(fromHex(found.key)!);
  if (key === undefined || !accepts(key.bytes)) throw bad("another server signed the checkpoint");
  if (!ed25519.verifyWith(fromHex(found.signature)!, key, signedBytes(kept)))
    throw bad("its signature does not verify");
  if (heads !== undefined && (heads.length !== found.chains || !equal(rootOf(heads), kept.root)))
    throw bad("its heads are not those that were signed");
  return kept;
}

/** The JSON of a file; undefined if it has none. */
function json(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, "utf-8"));
  } catch {
    return undefined;
  }
}
