/**
 * The device's key in software. RAM holds its public key only. The seed lies in flash: for one signature it is read into scratch memory, lent to
 * the signer, and wiped with the scratch memory.
 */
import * as ed25519 from "../crypto/ed25519";
import { Status } from "../lib/status";

export const SEED_BYTES: u32 = ed25519.SEED_BYTES;
export const KEY_BYTES: u32 = ed25519.KEY_BYTES;
export const SIGNATURE_BYTES: u32 = ed25519.SIGNATURE_BYTES;


@unmanaged
export class Signer {
  /** Where the seed is while it is lent, else 0. */
  seed: usize;
  // The public key is at 8: a byte array, so it is reached by `publicKey`.
  private words: u64;
}

const KEY_AT: u32 = 8;
/** Bytes of a Signer. */
export const SIGNER_BYTES: u32 = KEY_AT + KEY_BYTES;

/** The public key, KEY_BYTES long. */
@inline
export function publicKey(signer: Signer): usize {
  return changetype<usize>(signer) + KEY_AT;
}

/**
 * Make the signer of the seed at `secret`. The seed is not kept.
 *
 * CT: nothing leaks but the public key.
 */
export function derive(out: Signer, secret: usize): void {
  out.seed = 0;
  ed25519.publicKey(publicKey(out), secret);
}

/** Lend the seed at `secret` to the signer that was made of it; 0 ends the loan. Signatures are possible in between. */
@inline
export function lend(signer: Signer, secret: usize): void {
  signer.seed = secret;
}

/**
 * Sign head ‖ body: Ok, or Forged if a fault was noticed, and then `out` is wiped. `noise` is 32 fresh random bytes, or 0 for a signature
 * that depends on key and message alone. A signer without its seed is a bug, and traps.
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
  if (signer.seed == 0) unreachable();
  return ed25519.issue(out, signer.seed, publicKey(signer), noise, head, headLen, body, bodyLen);
}
