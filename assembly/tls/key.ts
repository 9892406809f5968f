/** Public keys of servers and authorities, one row for each algorithm, and how SubjectPublicKeyInfo (RFC 5280 §4.1.2.7) carries them. */
import * as ecdsa256 from "../crypto/ecdsa256";
import * as ecdsa384 from "../crypto/ecdsa384";
import * as ed25519 from "../crypto/ed25519";
import * as sha256 from "../crypto/sha256";
import * as bytes from "../lib/bytes";
import { Reader } from "../lib/reader";
import * as scratch from "../lib/scratch";
import * as der from "./der";
import { Tag } from "./der";
import { P256, PUBLIC } from "./profile";

export const enum Algorithm {
  Ed25519 = 1,
  P256 = 2,
  P384 = 3,
  Rsa = 4,
}

/** Bytes of the shortest and the longest modulus. */
const RSA_LEAST_BYTES: u32 = 256;
const RSA_MOST_BYTES: u32 = 512;
/** Bytes of the longest key. */
export const MOST_BYTES: u32 = PUBLIC ? RSA_MOST_BYTES : P256 ? ecdsa256.KEY_BYTES : ed25519.KEY_BYTES;
/** Bytes of a pin. */
export const PIN_BYTES: u32 = ed25519.KEY_BYTES;

/** A key: algorithm, place and length. Of an RSA key the modulus; its exponent is 65537. */
@unmanaged
export class Key {
  at: usize;
  len: u16;
  algorithm: u16;
}

/** SubjectPublicKeyInfo of an Ed25519 key (RFC 8410 §4), but for the key. */
// prettier-ignore
@lazy
export const ED25519_HEAD = memory.data<u8>([0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00]);
export const ED25519_HEAD_BYTES: u32 = bytesOf(ED25519_HEAD);

/** SubjectPublicKeyInfo of a key on P-256, a point that is not compressed (RFC 5480 §2), but for the point. */
// prettier-ignore
@lazy
export const P256_HEAD = memory.data<u8>([
  0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01,
  0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
]);
export const P256_HEAD_BYTES: u32 = bytesOf(P256_HEAD);

/** SubjectPublicKeyInfo of a key on P-384, a point that is not compressed (RFC 5480 §2), but for the point. */
// prettier-ignore
@lazy
const P384_HEAD = memory.data<u8>([
  0x30, 0x76, 0x30, 0x10, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01,
  0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x22, 0x03, 0x62, 0x00,
]);
const P384_HEAD_BYTES: u32 = bytesOf(P384_HEAD);

/**
 * SubjectPublicKeyInfo of an RSA key (RFC 3279 §2.3.1), but for the modulus: rsaEncryption and NULL; sequence, bit string, sequence and integer have
 * lengths of two bytes, which are zero here. The exponent follows the modulus.
 */
// prettier-ignore
@lazy
const RSA_HEAD = memory.data<u8>([
  0x30, 0x82, 0, 0, 0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00,
  0x03, 0x82, 0, 0, 0x00, 0x30, 0x82, 0, 0, 0x02, 0x82, 0, 0, 0x00,
]);
const RSA_HEAD_BYTES: u32 = bytesOf(RSA_HEAD);
/** INTEGER 65537. */
@lazy
const RSA_TAIL = memory.data<u8>([0x02, 0x03, 0x01, 0x00, 0x01]);
const RSA_TAIL_BYTES: u32 = bytesOf(RSA_TAIL);

/** Make a key of an algorithm. */
@inline
export function set(out: Key, algorithm: Algorithm, at: usize, len: u32): void {
  out.at = at;
  out.len = <u16>len;
  out.algorithm = <u16>algorithm;
}

/** Read a SubjectPublicKeyInfo; false if it is of no row. `r` fails if it is not DER. */
export function read(out: Key, r: Reader): bool {
  const at = der.step(r, Tag.Sequence);
  const len = <u32>(r.at - at);
  return (
    is(out, at, len, Algorithm.Ed25519, ED25519_HEAD, ED25519_HEAD_BYTES, ed25519.KEY_BYTES) ||
    (P256 && is(out, at, len, Algorithm.P256, P256_HEAD, P256_HEAD_BYTES, ecdsa256.KEY_BYTES)) ||
    (PUBLIC && is(out, at, len, Algorithm.P384, P384_HEAD, P384_HEAD_BYTES, ecdsa384.KEY_BYTES)) ||
    (PUBLIC && isRsa(out, at, len))
  );
}

/** Make a key if the `len` bytes at `at` are those of an RSA key with a modulus of 2048 to 4096 bits, a multiple of 64, and the exponent 65537. */
function isRsa(out: Key, at: usize, len: u32): bool {
  const modulusLen = len - RSA_HEAD_BYTES - RSA_TAIL_BYTES;
  if (modulusLen - RSA_LEAST_BYTES > RSA_MOST_BYTES - RSA_LEAST_BYTES || modulusLen & 7) return false;
  const head = scratch.take(RSA_HEAD_BYTES);
  bytes.copy(head, RSA_HEAD, RSA_HEAD_BYTES);
  // Each length counts what follows it: the integer has a byte of zeros before the modulus.
  bytes.store16be(head + 2, len - 4);
  bytes.store16be(head + 21, len - 23);
  bytes.store16be(head + 26, len - 28);
  bytes.store16be(head + 30, modulusLen + 1);
  const found = bytes.same(at, head, RSA_HEAD_BYTES) && bytes.same(at + len - RSA_TAIL_BYTES, RSA_TAIL, RSA_TAIL_BYTES);
  if (found) set(out, Algorithm.Rsa, at + RSA_HEAD_BYTES, modulusLen);
  scratch.release(head);
  return found;
}

/** Make a key if the `len` bytes at `at` are the head of an algorithm and a key of its length. */
function is(out: Key, at: usize, len: u32, algorithm: Algorithm, head: usize, headBytes: u32, keyBytes: u32): bool {
  const found = len == headBytes + keyBytes && bytes.same(at, head, headBytes);
  if (found) set(out, algorithm, at + headBytes, keyBytes);
  return found;
}

/** Bytes of room that `pin` needs. */
export const PIN_ROOM_BYTES: u32 = P256 ? PIN_BYTES : 0;

/**
 * Find the pin of a key, and return where it is: of an Ed25519 key the key itself, of any other the SHA-256 of its
 * SubjectPublicKeyInfo, in which the key must lie. It is written to `room` unless it is the key.
 */
@inline
export function pin(room: usize, key: Key): usize {
  if (!P256 || key.algorithm == Algorithm.Ed25519) return key.at;
  if (PUBLIC && key.algorithm == Algorithm.Rsa)
    sha256.hash(room, key.at - RSA_HEAD_BYTES, RSA_HEAD_BYTES + key.len + RSA_TAIL_BYTES);
  else {
    const head = PUBLIC && key.algorithm == Algorithm.P384 ? P384_HEAD_BYTES : P256_HEAD_BYTES;
    sha256.hash(room, key.at - head, head + key.len);
  }
  return room;
}

/** True if a pin is one of `count` at `pins`. */
export function among(pin: usize, pins: usize, count: u32): bool {
  for (let i: u32 = 0; i < count; i++) if (bytes.same(pin, pins + i * PIN_BYTES, PIN_BYTES)) return true;
  return false;
}
