/**
 * Diffie-Hellman on P-256 (SP 800-56A §5.7.1.2; the group secp256r1 of TLS).
 *
 * Secrets are 32 bytes, big-endian, in 1..n - 1; points are encoded as 4 ‖ x ‖ y. Bytes come and go at any alignment; temporaries are in scratch
 * memory and wiped.
 */
import * as scratch from "../lib/scratch";
import { Status } from "../lib/status";
import * as blinding from "./_blind256";
import * as cpu from "./_cpu";
import * as fe from "./_fe256";
import * as montgomery from "./_montgomery";
import * as multiply256 from "./_multiply256";
import * as p256 from "./_p256";
import * as sc from "./_sc256";
import * as table from "./_table256";

export const SECRET_BYTES: u32 = 32;
export const KEY_BYTES: u32 = p256.ENCODED_BYTES;
export const SHARED_BYTES: u32 = 32;

/** State of both operations. */
const ORDER: usize = 0;
const SCALAR: usize = 32;
const BLIND: usize = 64;
const POINT: usize = 96;
const WORK: usize = POINT + p256.POINT_BYTES;

/** True if 32 bytes are a secret: a number in 1..n - 1. CT: only the verdict leaks. */
export function isSecret(secret: usize): boolean {
  const w = scratch.take(<u32>POINT);
  const bit = take(w, secret);
  scratch.release(w);
  return bit != 0;
}

/** Read a secret and n: 1 if it is in 1..n - 1. */
function take(w: usize, secret: usize): u32 {
  table.get(w + ORDER, table.Constant.N);
  montgomery.read(w + SCALAR, secret, sc.BYTES);
  return (montgomery.isZero(w + SCALAR, sc.BYTES) | montgomery.reaches(w + SCALAR, w + ORDER, sc.BYTES)) ^ 1;
}

/**
 * Compute the public key of a secret: Ok, or Forged if it is not in 1..n - 1; then `out` is untouched.
 *
 * CT: only the verdict leaks.
 */
export function publicKey(out: usize, secret: usize): Status {
  const w = scratch.take(<u32>WORK + multiply256.BASE_BYTES);
  const valid = take(w, secret);
  if (valid) {
    if (cpu.BLIND) blinding.make(w + BLIND, w + SCALAR, sc.BYTES);
    multiply256.base(w + POINT, w + SCALAR, w + ORDER, cpu.BLIND ? w + BLIND : 0, w + WORK);
    p256.encode(out, w + POINT, w + WORK);
  }
  scratch.release(w);
  return valid ? Status.Ok : Status.Forged;
}

/**
 * Compute the shared secret, the x of secret * key: Ok, or Forged if the key is not an uncompressed point of the curve or the secret not in
 * 1..n - 1; then `out` is untouched. The group has a prime order, so no product is infinity.
 *
 * CT: whether the key is a point leaks, and the verdict.
 */
export function derive(out: usize, secret: usize, key: usize): Status {
  const w = scratch.take(<u32>WORK + multiply256.MULTIPLY_BYTES);
  let valid = take(w, secret);
  if (!p256.decode(w + WORK, key, w + WORK + p256.POINT_BYTES)) valid = 0;
  if (valid) {
    table.get(w + WORK + p256.Z, table.Constant.One);
    if (cpu.BLIND) blinding.make(w + BLIND, w + SCALAR, sc.BYTES);
    multiply256.multiply(w + POINT, w + SCALAR, w + ORDER, cpu.BLIND ? w + BLIND : 0, w + WORK);
    p256.toAffine(w + POINT, w + WORK);
    fe.leave(w + POINT, w + WORK);
    montgomery.write(out, w + POINT, fe.BYTES);
  }
  scratch.release(w);
  return valid ? Status.Ok : Status.Forged;
}
