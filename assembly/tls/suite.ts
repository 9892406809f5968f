/** The cipher suites, one row each: number, hash, sizes, how many records a key may protect, and how a record is sealed and opened. */
import { Status } from "../lib/status";
import { Writer } from "../lib/writer";
import * as aead from "../crypto/aead";
import * as aes128gcm from "../crypto/aes128gcm";
import { Hash } from "./hash";
import { AES128, LAB } from "./profile";

export const enum Suite {
  Aes128GcmSha256 = 0x1301,
  ChaCha20Poly1305Sha256 = 0x1303,
  /** With SHA-512, for tests. */
  Lab = 0xff13,
}

/** The suite of a connection without a ticket, until the server has chosen. */
export const FIRST: u32 = Suite.ChaCha20Poly1305Sha256;
/** Bytes of the longest key, and of a nonce and a tag, which are the same for every row. */
export const KEY_BYTES: u32 = aead.KEY_BYTES;
export const IV_BYTES: u32 = 12;
export const TAG_BYTES: u32 = 16;

/** True if there is more than one row; if any of them limits the records of a key. */
export const SEVERAL: bool = LAB || AES128;
export const LIMITED: bool = LAB || AES128;

/** The suite at hand: that of the pre-shared key that is offered, then the one that the server chose. */
let suite: u32 = Suite.ChaCha20Poly1305Sha256;

/** Take a suite that was offered. */
@inline
export function choose(row: u32): void {
  if (SEVERAL) suite = row;
}

/** The suite at hand. */
@inline
export function chosen(): u32 {
  return SEVERAL ? suite : FIRST;
}

/** Write the suites that are offered, best first. */
export function offer(w: Writer): void {
  w.u16(2 + (AES128 ? 2 : 0) + (LAB ? 2 : 0));
  w.u16(Suite.ChaCha20Poly1305Sha256);
  if (AES128) w.u16(Suite.Aes128GcmSha256);
  if (LAB) w.u16(Suite.Lab);
}

/** True if a suite was offered. */
export function offered(row: u32): bool {
  return row == Suite.ChaCha20Poly1305Sha256 || (AES128 && row == Suite.Aes128GcmSha256) || (LAB && row == Suite.Lab);
}

/** True if the suite at hand is the one with AES. */
@inline
function isAes(): bool {
  return AES128 && suite == Suite.Aes128GcmSha256;
}

/** Bytes of a key of the suite at hand. */
@inline
export function keyBytes(): u32 {
  return isAes() ? aes128gcm.KEY_BYTES : KEY_BYTES;
}

/** The hash of a suite. */
@inline
export function hashOf(row: u32): Hash {
  return LAB && row == Suite.Lab ? Hash.Sha512 : Hash.Sha256;
}

/**
 * Number of records that one key may protect (RFC 8446 §5.5): 2^24 full ones with AES-GCM, below the 2^24.5 of the section. ChaCha20-Poly1305 has
 * no limit before the sequence numbers end.
 */
@inline
export function limit(): u64 {
  if (isAes()) return 1 << 24;
  return LAB && suite == Suite.Lab ? 32 : u64.MAX_VALUE;
}

/** Bytes of the sum of a tag between two pieces of a text. */
export const SUM_BYTES: u32 = aead.SUM_BYTES;

/** Add a piece of a text to the sum of its tag (`aead.absorb`). CT: lengths leak. */
export function absorb(
  sum: usize,
  key: usize,
  nonce: usize,
  ad: usize,
  adLen: u32,
  text: usize,
  len: u32,
  done: u32,
): void {
  if (isAes()) aes128gcm.absorb(sum, key, nonce, ad, adLen, text, len, done);
  else aead.absorb(sum, key, nonce, ad, adLen, text, len, done);
}

/** Write the tag of a text of `len` bytes in pieces. CT: lengths leak. */
export function tag(out: usize, sum: usize, key: usize, nonce: usize, adLen: u32, len: u32): void {
  if (isAes()) aes128gcm.tag(out, sum, key, nonce, adLen, len);
  else aead.tag(out, sum, key, nonce, adLen, len);
}

/** Decrypt a piece of a text in place, which begins `done` bytes into it. CT: lengths leak. */
export function xor(text: usize, key: usize, nonce: usize, len: u32, done: u32): void {
  if (isAes()) aes128gcm.xor(text, key, nonce, len, done);
  else aead.xor(text, key, nonce, len, done);
}

/** Seal `len` bytes in place; the tag follows them. CT: lengths leak. */
export function seal(key: usize, nonce: usize, ad: usize, adLen: u32, text: usize, len: u32): void {
  if (isAes()) aes128gcm.seal(text, text + len, key, nonce, ad, adLen, text, len);
  else aead.seal(text, text + len, key, nonce, ad, adLen, text, len);
}

/** Open `len` bytes in place; the tag follows them. CT: lengths and the verdict leak. */
export function open(key: usize, nonce: usize, ad: usize, adLen: u32, text: usize, len: u32): Status {
  if (isAes()) return aes128gcm.open(text, key, nonce, ad, adLen, text, len, text + len);
  return aead.open(text, key, nonce, ad, adLen, text, len, text + len);
}
