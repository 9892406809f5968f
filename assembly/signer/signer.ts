/**
 * The device's key as `cose`, `identity` and `tls` see it: a public key with its algorithm and length, and a signature on request. The image
 * chooses which module holds the key: `soft`, or `late` in tests.
 */
import { Status } from "../lib/status";
import * as late from "./late";
import * as soft from "./soft";
import { SoftKey } from "./soft";

/** Signature algorithms, by their COSE numbers (RFC 9864). */
export const enum Algorithm {
  Ed25519 = -19,
}

/** A key that signs. */
@unmanaged
export class Signer {
  // SIGNER_BYTES of the module that holds the key.
  private words: u64;
}

/** True if a signature may take several polls. */
export const LATE: bool = late.POLLS != 0;

/** Bytes of a Signer. */
export const SIGNER_BYTES: u32 = soft.SOFT_KEY_BYTES;
/** Bytes of the public key, and of a signature, of the device's algorithm. */
export const KEY_BYTES: u32 = soft.KEY_BYTES;
export const SIGNATURE_BYTES: u32 = soft.SIGNATURE_BYTES;

/** The algorithm of the key. */
@inline
export function algorithm(signer: Signer): Algorithm {
  return Algorithm.Ed25519;
}

/** The public key. */
@inline
export function publicKey(signer: Signer): usize {
  return soft.publicKey(changetype<SoftKey>(signer));
}

/** Bytes of the public key. */
@inline
export function keyBytes(signer: Signer): u32 {
  return KEY_BYTES;
}

/** Bytes of a signature. */
@inline
export function signatureBytes(signer: Signer): u32 {
  return SIGNATURE_BYTES;
}

/**
 * Sign head ‖ body: Ok; Again if the signature is not ready, and then the same bytes must be given at a later poll, with nothing else signed in
 * between; or Forged if a fault was noticed, and then `out` is wiped. `noise` is 32 fresh random bytes, or 0 for a signature that depends on key
 * and message alone.
 *
 * CT: lengths leak, the verdict, and whether there is noise.
 */
export function sign(
  out: usize,
  signer: Signer,
  noise: usize,
  head: usize,
  headLen: u32,
  body: usize,
  bodyLen: u32,
): Status {
  const key = changetype<SoftKey>(signer);
  if (LATE) return late.sign(out, key, noise, head, headLen, body, bodyLen);
  return soft.sign(out, key, noise, head, headLen, body, bodyLen);
}
