/**
 * Ed25519 (RFC 8032 §5.1), with one strict rule of verification: canonical encodings of A and R, S below L, neither A nor R of small
 * order, and the equation without the cofactor.
 *
 * Bytes come and go at any alignment; temporaries are in scratch memory and wiped.
 */
import * as bytes from "../lib/bytes";
import * as scratch from "../lib/scratch";
import { Status } from "../lib/status";
import * as blind from "./_blind25519";
import * as cpu from "./_cpu";
import * as ge from "./_ge25519";
import * as sc from "./_sc25519";
import * as sha512 from "./sha512";

export const SEED_BYTES: u32 = 32;
export const KEY_BYTES: u32 = 32;
export const SIGNATURE_BYTES: u32 = 64;
export const NOISE_BYTES: u32 = 32;

/** out = SHA-512(first ‖ second ‖ head ‖ body); first and second are 32 bytes. */
function digest(out: usize, first: usize, second: usize, head: usize, headLen: u32, body: usize, bodyLen: u32): void {
  const from = scratch.mark();
  const ctx = changetype<sha512.Sha512>(scratch.take(offsetof<sha512.Sha512>()));
  sha512.init(ctx);
  sha512.update(ctx, first, 32);
  sha512.update(ctx, second, 32);
  sha512.update(ctx, head, headLen);
  sha512.update(ctx, body, bodyLen);
  sha512.final(out, ctx);
  scratch.release(from);
}

/** What signing keeps from the seed and between its steps, all of it secret but the point's encoding. */
const SCALAR: usize = 0;
const PREFIX: usize = 32;
const NONCE: usize = 64;
const WIDE: usize = 96;
const BLIND: usize = 160;
const SPENT: usize = 192;
const POINT: usize = 224;
const WORK: usize = POINT + ge.POINT_BYTES;
const SIGN_BYTES: usize = WORK + ge.WORK_BYTES;

/** Derive the secret scalar and the prefix from a seed (RFC 8032 §5.1.5, steps 1 to 3), to w + SCALAR and w + PREFIX. */
function expand(w: usize, seed: usize): void {
  sha512.hash(w + SCALAR, seed, SEED_BYTES);
  store<u8>(w + SCALAR, load<u8>(w + SCALAR) & 0xf8);
  store<u8>(w + SCALAR, (load<u8>(w + SCALAR, 31) & 0x7f) | 0x40, 31);
}

/** out = the encoding of s B, s at w + SPENT. Where the multiplier's time depends on data, the point is blinded by a hash of s. */
function encodeBase(out: usize, w: usize): void {
  if (cpu.BLIND) blind.make(w + BLIND, w + WIDE, w + SPENT, sc.BYTES);
  ge.base(w + POINT, w + SPENT, cpu.BLIND ? w + BLIND : 0, w + WORK);
  ge.encode(out, w + POINT, w + WORK);
}

/**
 * Compute the public key of a seed (RFC 8032 §5.1.5).
 *
 * CT: nothing leaks.
 */
export function publicKey(out: usize, seed: usize): void {
  const from = scratch.mark();
  const w = scratch.take(<u32>SIGN_BYTES);
  expand(w, seed);
  sc.narrow(w + SPENT, w + SCALAR, w + WORK);
  encodeBase(out, w);
  scratch.release(from);
}

/**
 * Sign head ‖ body (RFC 8032 §5.1.6). `key` must be the seed's public key. With `noise`, 32 fresh random bytes, the nonce depends
 * on them as well (draft-irtf-cfrg-det-sigs-with-noise §3: noise ‖ prefix, filled up with zeros to a block of the hash,
 * then the message), so that faults and traces of two signatures of one message differ; 0 signs deterministically.
 *
 * `out` may not overlap what is signed.
 *
 * CT: lengths leak, and whether there is noise.
 */
export function sign(
  out: usize,
  seed: usize,
  key: usize,
  noise: usize,
  head: usize,
  headLen: u32,
  body: usize,
  bodyLen: u32,
): void {
  const from = scratch.mark();
  const w = scratch.take(<u32>SIGN_BYTES);
  expand(w, seed);
  nonce(w, noise, head, headLen, body, bodyLen);
  bytes.copy(w + SPENT, w + NONCE, sc.BYTES);
  encodeBase(out, w);
  digest(w + WIDE, out, key, head, headLen, body, bodyLen);
  sc.reduce(w + POINT, w + WIDE, w + WORK);
  sc.mulAdd(w + WIDE, w + SCALAR, w + POINT, w + NONCE, w + WORK);
  bytes.copy(out + KEY_BYTES, w + WIDE, sc.BYTES);
  scratch.release(from);
}

/** Derive the nonce r to w + NONCE (RFC 8032 §5.1.6, step 2, or with noise). */
function nonce(w: usize, noise: usize, head: usize, headLen: u32, body: usize, bodyLen: u32): void {
  const from = scratch.mark();
  const ctx = changetype<sha512.Sha512>(scratch.take(offsetof<sha512.Sha512>()));
  sha512.init(ctx);
  if (noise) sha512.update(ctx, noise, NOISE_BYTES);
  sha512.update(ctx, w + PREFIX, 32);
  // w + WIDE is still as scratch gave it, zero.
  if (noise) sha512.update(ctx, w + WIDE, sha512.BLOCK_BYTES - NOISE_BYTES - 32);
  sha512.update(ctx, head, headLen);
  sha512.update(ctx, body, bodyLen);
  sha512.final(w + WIDE, ctx);
  scratch.release(from);
  sc.reduce(w + NONCE, w + WIDE, w + WORK);
}

/**
 * Sign as `sign`, then verify: on Forged a fault was injected or `key` is not the seed's, and `out` is wiped.
 *
 * CT: as `sign`; and the verdict leaks.
 */
export function signChecked(
  out: usize,
  seed: usize,
  key: usize,
  noise: usize,
  head: usize,
  headLen: u32,
  body: usize,
  bodyLen: u32,
): Status {
  sign(out, seed, key, noise, head, headLen, body, bodyLen);
  const status = verify(out, key, head, headLen, body, bodyLen);
  if (status != Status.Ok) bytes.wipe(out, SIGNATURE_BYTES);
  return status;
}

/** What verification keeps; no secrets. */
const S: usize = 0;
const DIGITS: usize = 64;
const KEY: usize = 128;
const SUM: usize = KEY + ge.POINT_BYTES;
const ADDENDS: usize = SUM + ge.POINT_BYTES;
const VERIFY_WORK: usize = ADDENDS + ge.ADDENDS_BYTES;
const VERIFY_BYTES: usize = VERIFY_WORK + ge.WORK_BYTES;

/**
 * Verify a signature of head ‖ body (RFC 8032 §5.1.7, strict): Ok or Forged.
 *
 * CT: everything leaks; all of it is public.
 */
export function verify(signature: usize, key: usize, head: usize, headLen: u32, body: usize, bodyLen: u32): Status {
  const from = scratch.mark();
  const w = scratch.take(<u32>VERIFY_BYTES);
  const valid = holds(w, signature, key, head, headLen, body, bodyLen);
  scratch.release(from);
  return valid ? Status.Ok : Status.Forged;
}

/** Whether R is the encoding of S B - k A, and everything is as the one rule wants it. */
function holds(w: usize, signature: usize, key: usize, head: usize, headLen: u32, body: usize, bodyLen: u32): boolean {
  bytes.copy(w + S, signature + 32, sc.BYTES);
  if (!sc.canonical(w + S)) return false;
  if (!ge.decodeNegative(w + KEY, key, w + VERIFY_WORK)) return false;
  if (ge.smallOrder(w + KEY, w + VERIFY_WORK)) return false;
  digest(w + SUM, signature, key, head, headLen, body, bodyLen);
  sc.reduce(w + SUM + 64, w + SUM, w + VERIFY_WORK);
  sc.recode(w + DIGITS, w + SUM + 64);
  ge.combine(w + SUM, w + S, w + DIGITS, w + KEY, w + ADDENDS, w + VERIFY_WORK);
  if (ge.smallOrder(w + SUM, w + VERIFY_WORK)) return false;
  ge.encode(w + KEY, w + SUM, w + VERIFY_WORK);
  return bytes.same(w + KEY, signature, 32);
}
