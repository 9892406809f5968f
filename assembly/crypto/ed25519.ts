/**
 * Ed25519 (RFC 8032 §5.1), with one strict rule of verification: canonical encodings of A and R, S below L, neither A nor R of small
 * order, and the equation without the cofactor.
 *
 * Bytes come and go at any alignment; temporaries are in scratch memory and wiped.
 */
import * as bytes from "../lib/bytes";
import * as scratch from "../lib/scratch";
import { Status } from "../lib/status";
import * as verdict from "../lib/verdict";
import * as words from "../lib/words";
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
  const ctx = changetype<sha512.Sha512>(scratch.take(offsetof<sha512.Sha512>()));
  sha512.init(ctx);
  sha512.update(ctx, first, 32);
  sha512.update(ctx, second, 32);
  sha512.update(ctx, head, headLen);
  sha512.update(ctx, body, bodyLen);
  sha512.final(out, ctx);
  scratch.release(changetype<usize>(ctx));
}

/** Values that signing keeps from the seed and between its steps. All are secret except the point's encoding. */
const SCALAR: usize = 0;
const PREFIX: usize = 32;
const NONCE: usize = 64;
/** The nonce, derived a second time. */
const AGAIN: usize = 96;
const WIDE: usize = 128;
const BLIND: usize = 192;
const SPENT: usize = 224;
const POINT: usize = 256;
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
  const w = scratch.take(<u32>SIGN_BYTES);
  expand(w, seed);
  sc.narrow(w + SPENT, w + SCALAR, w + WORK);
  encodeBase(out, w);
  scratch.release(w);
}

/**
 * Sign head ‖ body (RFC 8032 §5.1.6): Ok, or Forged if a fault was noticed; then `out` is wiped. `key` must be the seed's
 * public key. With `noise`, 32 fresh random bytes, the nonce depends on them as well
 * (draft-irtf-cfrg-det-sigs-with-noise §3: noise ‖ prefix, filled up with zeros to a block of the hash, then the message),
 * so that faults and traces of two signatures of one message differ; 0 signs deterministically.
 *
 * A nonce that is known, or used twice, gives the key away. So it is derived twice, S is computed from each, and S goes out
 * only if both are the same and the nonce is neither zero nor what its buffer held before, which is the noise.
 *
 * `out` may not overlap what is signed.
 *
 * CT: lengths leak, whether there is noise, and the verdict.
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
): Status {
  const w = scratch.take(<u32>SIGN_BYTES);
  expand(w, seed);
  nonce(w, w + NONCE, noise, head, headLen, body, bodyLen);
  nonce(w, w + AGAIN, noise, head, headLen, body, bodyLen);
  bytes.copy(w + SPENT, w + NONCE, sc.BYTES);
  encodeBase(out, w);
  digest(w + WIDE, out, key, head, headLen, body, bodyLen);
  sc.reduce(w + POINT, w + WIDE, w + WORK);
  sc.mulAdd(w + WIDE, w + SCALAR, w + POINT, w + NONCE, w + WORK);
  sc.mulAdd(w + WIDE + sc.BYTES, w + SCALAR, w + POINT, w + AGAIN, w + WORK);
  const off =
    words.difference(w + WIDE, w + WIDE + sc.BYTES, sc.BYTES) |
    words.difference(w + NONCE, w + AGAIN, sc.BYTES) |
    stale(w + NONCE, noise);
  bytes.copy(out + KEY_BYTES, w + WIDE, sc.BYTES);
  const status = verdict.fold(Status.Ok, off);
  if (status != Status.Ok) bytes.wipe(out, SIGNATURE_BYTES);
  scratch.release(w);
  return status;
}

/** Derive the nonce r to `out` (RFC 8032 §5.1.6, step 2, or with noise), which holds the noise until then. */
function nonce(w: usize, out: usize, noise: usize, head: usize, headLen: u32, body: usize, bodyLen: u32): void {
  const ctx = changetype<sha512.Sha512>(scratch.take(offsetof<sha512.Sha512>()));
  bytes.wipe(w + WIDE, sha512.DIGEST_BYTES);
  if (noise) bytes.copy(out, noise, sc.BYTES);
  sha512.init(ctx);
  if (noise) sha512.update(ctx, noise, NOISE_BYTES);
  sha512.update(ctx, w + PREFIX, 32);
  if (noise) sha512.update(ctx, w + WIDE, sha512.BLOCK_BYTES - NOISE_BYTES - 32);
  sha512.update(ctx, head, headLen);
  sha512.update(ctx, body, bodyLen);
  sha512.final(w + WIDE, ctx);
  scratch.release(changetype<usize>(ctx));
  sc.reduce(out, w + WIDE, w + WORK);
}

/** 1 if a nonce is zero, or still what its buffer held before it was derived; else 0. */
function stale(nonce: usize, noise: usize): u32 {
  let any: u32 = 0;
  for (let i: usize = 0; i < sc.BYTES; i += 4) any |= load<u32>(nonce + i);
  const kept = noise ? words.isZero(words.difference(nonce, noise, sc.BYTES)) : 0;
  return words.isZero(any) | kept;
}

/**
 * Sign as `sign`, then verify: Forged also if `key` is not the seed's.
 *
 * CT: as `sign`.
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
  let status = sign(out, seed, key, noise, head, headLen, body, bodyLen);
  if (status == Status.Ok) status = verify(out, key, head, headLen, body, bodyLen);
  if (status != Status.Ok) bytes.wipe(out, SIGNATURE_BYTES);
  return status;
}

/**
 * Sign as `sign`, twice: Forged if the two signatures differ.
 *
 * A wrong signature under a secret nonce tells something, too: R shows digits of the nonce if the product lost them, and S
 * shows a word of the secret scalar if that word was lost. A second signature costs less than a verification.
 *
 * CT: as `sign`.
 */
export function signTwice(
  out: usize,
  seed: usize,
  key: usize,
  noise: usize,
  head: usize,
  headLen: u32,
  body: usize,
  bodyLen: u32,
): Status {
  const again = scratch.take(SIGNATURE_BYTES);
  let status = sign(out, seed, key, noise, head, headLen, body, bodyLen);
  if (status == Status.Ok) status = sign(again, seed, key, noise, head, headLen, body, bodyLen);
  status = verdict.fold(status, words.difference(out, again, SIGNATURE_BYTES));
  if (status != Status.Ok) bytes.wipe(out, SIGNATURE_BYTES);
  scratch.release(again);
  return status;
}

/**
 * Sign a message that leaves the device: as `signChecked` where the board chooses so (`CRYPTO_CHECKED`), else as `signTwice`.
 *
 * CT: as `sign`.
 */
export function issue(
  out: usize,
  seed: usize,
  key: usize,
  noise: usize,
  head: usize,
  headLen: u32,
  body: usize,
  bodyLen: u32,
): Status {
  return cpu.CHECKED
    ? signChecked(out, seed, key, noise, head, headLen, body, bodyLen)
    : signTwice(out, seed, key, noise, head, headLen, body, bodyLen);
}

/** Values that verification keeps; none is secret. R is kept beside S, so that it can be compared from two places. */
const S: usize = 0;
const R: usize = 32;
const DIGITS: usize = 64;
const KEY: usize = 128;
const SUM: usize = KEY + ge.POINT_BYTES;
/** k, computed twice, while there is no sum yet. */
const FACTOR: usize = SUM + 64;
const FACTOR_AGAIN: usize = SUM + 96;
const ADDENDS: usize = SUM + ge.POINT_BYTES;
const VERIFY_WORK: usize = ADDENDS + ge.ADDENDS_BYTES;
const VERIFY_BYTES: usize = VERIFY_WORK + ge.WORK_BYTES;

/**
 * Verify a signature of head ‖ body (RFC 8032 §5.1.7, strict): Ok or Forged.
 *
 * CT: everything leaks; all of it is public.
 */
export function verify(signature: usize, key: usize, head: usize, headLen: u32, body: usize, bodyLen: u32): Status {
  const w = scratch.take(<u32>VERIFY_BYTES);
  const status = judge(w, signature, key, head, headLen, body, bodyLen);
  scratch.release(w);
  return status;
}

/** w + out = k (RFC 8032 §5.1.7, step 2). CT: everything leaks. */
function factor(
  w: usize,
  out: usize,
  signature: usize,
  key: usize,
  head: usize,
  headLen: u32,
  body: usize,
  bodyLen: u32,
): void {
  digest(w + SUM, signature, key, head, headLen, body, bodyLen);
  sc.reduce(w + out, w + SUM, w + VERIFY_WORK);
}

/**
 * True if R is the encoding of S B - k A, and everything is as the one rule wants it.
 *
 * An attacker who makes this skip an instruction knows what it computes then: without k, or with only a few of the steps, a
 * signature can be made without the key. So k is computed twice, its digits are summed up, steps are counted, and R is
 * compared twice; the word is Ok only if all of these are right. A frame at w that is too short would be overlapped by what is
 * taken after it, and k would be wiped: so the frame must end where scratch memory does. The digits are made of the first k before
 * the second is computed, so a hash whose state lies over this frame, and which wipes it, cannot make both zero.
 *
 * CT: everything leaks; all of it is public.
 */
function judge(w: usize, signature: usize, key: usize, head: usize, headLen: u32, body: usize, bodyLen: u32): Status {
  bytes.copy(w + R, signature, 32);
  bytes.copy(w + S, signature + 32, sc.BYTES);
  if (!sc.canonical(w + S)) return Status.Forged;
  if (!ge.decodeNegative(w + KEY, key, w + VERIFY_WORK)) return Status.Forged;
  if (ge.smallOrder(w + KEY, w + VERIFY_WORK)) return Status.Forged;
  factor(w, FACTOR, signature, key, head, headLen, body, bodyLen);
  sc.recode(w + DIGITS, w + FACTOR);
  factor(w, FACTOR_AGAIN, w + R, key, head, headLen, body, bodyLen);
  const digits = sc.differs(w + DIGITS, w + FACTOR_AGAIN);
  const steps = ge.combine(w + SUM, w + S, w + DIGITS, w + KEY, w + ADDENDS, w + VERIFY_WORK);
  if (ge.smallOrder(w + SUM, w + VERIFY_WORK)) return Status.Forged;
  ge.encode(w + KEY, w + SUM, w + VERIFY_WORK);
  const frame = <u32>((w + VERIFY_BYTES) ^ scratch.top());
  const word = ((<u32>Status.Ok) ^ ge.STEPS ^ steps) + digits + frame + words.distance(w + KEY, w + R, 32);
  return verdict.fold(word, words.difference(w + KEY, signature, 32) | digits | frame | (steps ^ ge.STEPS));
}
