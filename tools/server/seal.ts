/**
 * Seals: a MAC over each row, under a key that only the server holds. A writer of the database without the key cannot make a
 * valid row.
 *
 * A seal names the version of its table, and so the columns that it covers. A migration that adds columns adds a version here
 * and leaves the rows unchanged: an older seal is valid as long as the added columns contain the values of the migration. The
 * next write of the row renews its seal. A column that no version lists is not sealed: no decision may depend on it.
 */
import { Buffer } from "node:buffer";
import { createHmac, timingSafeEqual } from "node:crypto";
import sodium from "sodium-native";
import { encode, type Value } from "../wire/cbor.ts";
import type { Tables } from "./store/schema.ts";

export type Sealed = {
  [Table in keyof Tables]: Tables[Table] extends { seal: Uint8Array } ? Table : never;
}[keyof Tables];

type Row = Readonly<Record<string, unknown>>;

/** The value that a migration put into each added column: a constant, or another column of the row. */
type Added = Readonly<Record<string, null | 0 | { readonly of: string }>>;

interface History {
  readonly first: readonly string[];
  readonly added: readonly Added[];
}

/**
 * The columns of each table's first version, in alphabetical order, and those added by each later one. Never edit a released
 * version.
 */
export const COLUMNS: Readonly<Record<Sealed, History>> = {
  devices: {
    first: [
      "acknowledged",
      "boot_count",
      "claim",
      "downlink_counter",
      "epoch",
      "first_seen",
      "gap_count",
      "head_counter",
      "head_hash",
      "id",
      "key",
      "last_seen",
      "model",
      "report_count",
      "software",
      "state",
      "successor",
      "version",
    ],
    added: [{ session: null, confirmed: null, doubt: null, passed: { of: "acknowledged" }, void_order: 0 }],
  },
  reports: { first: ["counter", "device", "epoch", "hash", "message", "received_at"], added: [] },
  bases: { first: ["at", "count", "counter", "device", "hash"], added: [] },
  evidence: { first: ["device", "id", "kind", "message", "received_at", "rival"], added: [] },
  invitations: { first: ["created_at", "device", "note"], added: [] },
  claims: {
    first: ["created_at", "expires_at", "hash", "note", "used_at", "used_by"],
    added: [{ withdrawn_at: null }],
  },
  tokens: {
    first: ["created_at", "hash", "name", "revoked_at", "scope"],
    added: [{ expires_at: null }, { label: null }],
  },
  token_uses: { first: ["at", "hash"], added: [] },
  repeats: { first: ["at", "id", "request", "result"], added: [] },
  downlinks: { first: ["counter", "created_at", "device", "expires_at", "message"], added: [{ withdrawn_at: null }] },
  handovers: { first: ["device", "message", "received_at", "successor"], added: [] },
  orphans: { first: ["device", "message", "received_at", "successor"], added: [] },
  profiles: { first: ["changed_at", "device", "name", "note"], added: [] },
  labels: { first: ["device", "label", "since"], added: [] },
  replacements: { first: ["at", "device", "successor"], added: [] },
  rules: { first: ["created_at", "kind", "label", "name", "value"], added: [] },
  raised: { first: ["device", "rule", "seq"], added: [] },
  acknowledged: { first: ["actor", "at", "note", "seq"], added: [] },
  damage: { first: ["at", "count", "device"], added: [] },
  audit_head: { first: ["hash", "id", "seq"], added: [] },
  deliveries: { first: ["position", "stream"], added: [] },
  dead_letters: { first: ["at", "position", "refused", "stream", "wanted_at"], added: [] },
  leases: { first: ["holder", "name", "until"], added: [] },
  tree: { first: ["id", "size"], added: [] },
  tiles: { first: ["hashes", "level", "number"], added: [] },
  numbered: { first: ["position", "stream"], added: [] },
};

const MAC_BYTES = 32;
/** A seal of the newest form. */
export const SEAL_BYTES = 1 + MAC_BYTES;

/** The columns that each version of each table covers, from the first. */
const VERSIONS = new Map<Sealed, readonly (readonly string[])[]>(
  Object.entries(COLUMNS).map(([table, { first, added }]) => {
    const versions = [first];
    for (const more of added) versions.push([...versions.at(-1)!, ...Object.keys(more)]);
    return [table as Sealed, versions];
  }),
);

/** Set in the first byte of a seal whose MAC is BLAKE2b over a flat row. Without it the MAC is HMAC-SHA-256 over CBOR, as until 2026-11. */
const FLAT = 0x80;

/** The largest row, and more: a message of a device has 32 KiB at most. */
const SCRATCH_BYTES = 128 * 1024;
const scratch = Buffer.alloc(SCRATCH_BYTES);

/** A tag and a number, or a tag and a length. */
const HEAD_MAX = 9;
const HEAD_OF_BYTES = 5;

/** The bytes of a value after its head. */
function bytesOf(value: unknown): number {
  if (typeof value === "string") return Buffer.byteLength(value);
  return value instanceof Uint8Array ? value.length : 0;
}

const mac = Buffer.alloc(MAC_BYTES);

/** The first byte of each value of a flat row. The columns have a fixed order, so no two rows of a version have the same bytes. */
const Tag = { null: 0, number: 1, text: 2, bytes: 3 } as const;

/**
 * Write table, version and columns into the scratch memory. Undefined if they do not fit, or have a type that no column has: the row was
 * not written by the server. Bounds: each value is measured before it is written.
 */
function flattened(table: Sealed, version: number, names: readonly string[], row: Row): Uint8Array | undefined {
  let at = scratch.write(table, 0, "latin1");
  scratch[at++] = 0;
  scratch[at++] = version;
  for (const name of names) {
    const value = row[name];
    if (at + HEAD_MAX + bytesOf(value) > SCRATCH_BYTES) return undefined;
    if (value === null) scratch[at++] = Tag.null;
    else if (typeof value === "number") {
      scratch[at] = Tag.number;
      at = scratch.writeDoubleBE(value, at + 1);
    } else if (typeof value === "string") {
      scratch[at] = Tag.text;
      const length = scratch.write(value, at + HEAD_OF_BYTES);
      at = scratch.writeUInt32BE(length, at + 1) + length;
    } else if (value instanceof Uint8Array) {
      scratch[at] = Tag.bytes;
      at = scratch.writeUInt32BE(value.length, at + 1);
      scratch.set(value, at);
      at += value.length;
    } else return undefined;
  }
  return scratch.subarray(0, at);
}

/** Compute a seal: its first byte has the version of the table, then follows the MAC. Undefined if there is none for the row. */
function compute(key: Uint8Array, table: Sealed, version: number, row: Row): Uint8Array | undefined {
  const flat = flattened(table, version, VERSIONS.get(table)![version - 1]!, row);
  if (flat === undefined) return undefined;
  sodium.crypto_generichash(mac, flat, key);
  const seal = new Uint8Array(SEAL_BYTES);
  seal[0] = FLAT | version;
  seal.set(mac, 1);
  return seal;
}

/** Compute a seal of the older form. One of the first version names its columns in its input, and is the MAC alone. */
function computeOld(key: Uint8Array, table: Sealed, version: number, row: Row): Uint8Array {
  const names = VERSIONS.get(table)![version - 1]!;
  const content: Value[] = version === 1 ? [table] : [table, version];
  for (const name of names) {
    if (version === 1) content.push(name);
    content.push(row[name] as Value);
  }
  const mac = createHmac("sha256", key).update(encode(content)).digest();
  return version === 1 ? new Uint8Array(mac) : Uint8Array.of(version, ...mac);
}

/** Compute the seal of a row, in the newest version of its table. */
export function seal(key: Uint8Array, table: Sealed, row: object): Uint8Array {
  const made = compute(key, table, VERSIONS.get(table)!.length, row as Row);
  if (made === undefined) throw new RangeError(`a row of ${table} that cannot be sealed`);
  return made;
}

/** Return the row with its seal. */
export function sealed<R extends object>(key: Uint8Array, table: Sealed, row: R): R & { seal: Uint8Array } {
  return { ...row, seal: seal(key, table, row) };
}

/** Check the seal of a row as it was read. */
export function isSealed(key: Uint8Array, table: Sealed, row: object & { seal: Uint8Array }): boolean {
  const first = row.seal.length === MAC_BYTES ? 1 : row.seal[0]!;
  const [version, isFlat] = [first & ~FLAT, (first & FLAT) !== 0];
  const { added } = COLUMNS[table];
  if (!(version >= 1 && version <= added.length + 1)) return false;
  const expected = (isFlat ? compute : computeOld)(key, table, version, row as unknown as Row);
  if (expected === undefined || row.seal.length !== expected.length || !timingSafeEqual(row.seal, expected))
    return false;
  return added.slice(version - 1).every((columns) => isAsAdded(columns, row as unknown as Row));
}

/** True if the columns outside the row's seal contain the values of the migration. */
function isAsAdded(columns: Added, row: Row): boolean {
  return Object.entries(columns).every(
    ([name, value]) => row[name] === (typeof value === "object" && value !== null ? row[value.of] : value),
  );
}
