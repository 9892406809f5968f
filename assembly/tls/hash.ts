/** The hashes of the transcript and the key schedule (RFC 8446 §4.4.1, §7.1), one row each. No other file knows their sizes. */
import * as hkdf256 from "../crypto/hkdf256";
import * as hkdf512 from "../crypto/hkdf512";
import * as hmac256 from "../crypto/hmac256";
import * as hmac512 from "../crypto/hmac512";
import * as sha256 from "../crypto/sha256";
import * as sha512 from "../crypto/sha512";
import { LAB } from "./profile";

export const enum Hash {
  Sha256 = 0,
  Sha512 = 1,
}

/** True if there is more than one row. */
export const SEVERAL: bool = LAB;
/** Bytes of the longest hash. */
export const MOST_BYTES: u32 = LAB ? sha512.DIGEST_BYTES : sha256.DIGEST_BYTES;

const WIDE_AT: u32 = offsetof<sha256.Sha256>();
/** Bytes of a transcript: the state of each row, one after the other. */
export const TRANSCRIPT_BYTES: u32 = WIDE_AT + (LAB ? offsetof<sha512.Sha512>() : 0);

/** True if a row is that of SHA-512. */
@inline
function isWide(row: Hash): bool {
  return LAB && row == Hash.Sha512;
}

/** The state of SHA-256 in a transcript. */
@inline
function narrow(transcript: usize): sha256.Sha256 {
  return changetype<sha256.Sha256>(transcript);
}

/** The state of SHA-512 in a transcript. */
@inline
function wide(transcript: usize): sha512.Sha512 {
  return changetype<sha512.Sha512>(transcript + WIDE_AT);
}

/** Bytes of a hash, and of every secret that it derives. */
@inline
export function size(row: Hash): u32 {
  return isWide(row) ? sha512.DIGEST_BYTES : sha256.DIGEST_BYTES;
}

/** Begin a transcript in this row. */
@inline
export function init(transcript: usize, row: Hash): void {
  if (isWide(row)) sha512.init(wide(transcript));
  else sha256.init(narrow(transcript));
}

/** Add bytes to a transcript in this row. */
@inline
export function update(transcript: usize, row: Hash, data: usize, len: u32): void {
  if (isWide(row)) sha512.update(wide(transcript), data, len);
  else sha256.update(narrow(transcript), data, len);
}

/** Write the hash of a transcript so far. */
@inline
export function peek(out: usize, transcript: usize, row: Hash): void {
  if (isWide(row)) sha512.peek(out, wide(transcript));
  else sha256.peek(out, narrow(transcript));
}

/** Write the hash of no bytes. */
@inline
export function empty(out: usize, row: Hash): void {
  if (isWide(row)) sha512.hash(out, 0, 0);
  else sha256.hash(out, 0, 0);
}

/** HMAC under a key as long as the hash. `out` may be anywhere. CT: lengths leak. */
@inline
export function mac(out: usize, row: Hash, key: usize, data: usize, len: u32): void {
  if (isWide(row)) hmac512.mac(out, key, size(row), data, len);
  else hmac256.mac(out, key, size(row), data, len);
}

/** HKDF-Extract with salt and input as long as the hash. `out` may be anywhere. CT: nothing leaks. */
@inline
export function extract(out: usize, row: Hash, salt: usize, ikm: usize, ikmLen: u32): void {
  if (isWide(row)) hkdf512.extract(out, salt, size(row), ikm, ikmLen);
  else hkdf256.extract(out, salt, size(row), ikm, ikmLen);
}

/** HKDF-Expand of a secret as long as the hash. CT: lengths leak. */
@inline
export function expand(out: usize, outLen: u32, row: Hash, secret: usize, info: usize, infoLen: u32): void {
  if (isWide(row)) hkdf512.expand(out, outLen, secret, info, infoLen);
  else hkdf256.expand(out, outLen, secret, info, infoLen);
}
