import sodium from "sodium-native";
import { concat } from "./bytes.ts";

export const KEY_BYTES = 32;
export const ID_BYTES = 32;
export const HASH_BYTES = 32;

/** `{1: 1, -1: 6, -2: x}` up to x: the deterministic encoding of an Ed25519 public key as COSE_Key. */
const COSE_KEY_HEAD = Uint8Array.of(0xa3, 0x01, 0x01, 0x20, 0x06, 0x21, 0x58, 0x20);

/** Encode an Ed25519 public key as a COSE_Key (RFC 9053 §7.2). */
export function coseKey(publicKey: Uint8Array): Uint8Array {
  if (publicKey.length !== KEY_BYTES) throw new RangeError("an Ed25519 public key has 32 bytes");
  return concat(COSE_KEY_HEAD, publicKey);
}

/** Compute the id of a key: its COSE Key Thumbprint (RFC 9679). */
export function id(publicKey: Uint8Array): Uint8Array {
  return hash(coseKey(publicKey));
}

/** Native code reads and writes this memory where it is. An array of its own would be moved out of the heap first. */
const digest = Buffer.alloc(HASH_BYTES);
const joined = Buffer.alloc(2048);

/** SHA-256, the only hash of the protocol. */
export function hash(bytes: Uint8Array): Uint8Array {
  sodium.crypto_hash_sha256(digest, bytes);
  return new Uint8Array(digest);
}

/** SHA-256 of byte strings one after the other. */
export function hashOf(...parts: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const part of parts) length += part.length;
  if (length > joined.length) return hash(concat(...parts));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return hash(joined.subarray(0, length));
}
