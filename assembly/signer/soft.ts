/**
 * The device's key in software. RAM holds its public key only. The seed lies in flash: for one signature it is read into scratch memory, lent to
 * the signer, and wiped with the scratch memory.
 */
import * as ed25519 from "../crypto/ed25519";
import { Status } from "../lib/status";

export const SEED_BYTES: u32 = ed25519.SEED_BYTES;
export const KEY_BYTES: u32 = ed25519.KEY_BYTES;
export const SIGNATURE_BYTES: u32 = ed25519.SIGNATURE_BYTES;

/** A Signer (`signer.ts`) whose key is in software. */
@unmanaged
export class SoftKey {
  /** Place of the seed while it is lent, else 0. */
  seed: usize;
  // The public key is at 8: a byte array, so it is reached by `publicKey`.
  private words: u64;
}

const KEY_AT: u32 = 8;
/** Bytes of a SoftKey. */
export const SOFT_KEY_BYTES: u32 = KEY_AT + KEY_BYTES;

/** The public key, KEY_BYTES long. */
@inline
export function publicKey(key: SoftKey): usize {
  return changetype<usize>(key) + KEY_AT;
}

/**
 * Make the key of the seed at `secret`. The seed is not kept.
 *
 * CT: nothing leaks but the public key.
 */
export function derive(out: SoftKey, secret: usize): void {
  out.seed = 0;
  ed25519.publicKey(publicKey(out), secret);
}

/** Lend the seed at `secret` to the key that was made of it; 0 ends the loan. Signatures are possible in between. */
@inline
export function lend(key: SoftKey, secret: usize): void {
  key.seed = secret;
}

/** Sign as `signer.sign`, at once: Ok or Forged. A key without its seed is a bug, and traps. */
export function sign(
  out: usize,
  key: SoftKey,
  noise: usize,
  head: usize,
  headLen: u32,
  body: usize,
  bodyLen: u32,
): Status {
  if (key.seed == 0) unreachable();
  return ed25519.issue(out, key.seed, publicKey(key), noise, head, headLen, body, bodyLen);
}
