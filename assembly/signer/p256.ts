/**
 * A second key of the device, on P-256: for services that take no Ed25519. RAM holds its public key only. Its secret is lent for one signature, as the seed of `soft`.
 */
import * as ecdh256 from "../crypto/ecdh256";
import * as ecdsa256 from "../crypto/ecdsa256";
import { Status } from "../lib/status";

export const SECRET_BYTES: u32 = ecdsa256.SECRET_BYTES;
export const KEY_BYTES: u32 = ecdsa256.KEY_BYTES;
export const SIGNATURE_BYTES: u32 = ecdsa256.SIGNATURE_BYTES;


@unmanaged
export class P256Key {
  /** Place of the secret while it is lent, else 0. */
  secret: usize;
  // The public key is at 8: a byte array, so it is reached by `publicKey`.
  private words: u64;
}

const KEY_AT: u32 = 8;
/** Bytes of a P256Key. */
export const P256_KEY_BYTES: u32 = (KEY_AT + KEY_BYTES + 7) & ~7;

/** The public key: 4 ‖ x ‖ y. */
@inline
export function publicKey(key: P256Key): usize {
  return changetype<usize>(key) + KEY_AT;
}

/**
 * Make the key of the secret at `secret`, which is not kept: Ok, or Forged if it is not in 1..n - 1; one in 2^32 random ones is not.
 *
 * CT: nothing leaks but the public key and the verdict.
 */
export function derive(out: P256Key, secret: usize): Status {
  out.secret = 0;
  return ecdh256.publicKey(publicKey(out), secret);
}

/** Lend the secret at `secret` to the key that was made of it; 0 ends the loan. */
@inline
export function lend(key: P256Key, secret: usize): void {
  key.secret = secret;
}

/** Sign a digest of 32 bytes, as `ecdsa256.issue`: Ok or Forged. A key without its secret is a bug, and traps. */
export function sign(out: usize, key: P256Key, digest: usize, noise: usize): Status {
  if (key.secret == 0) unreachable();
  return ecdsa256.issue(out, key.secret, publicKey(key), digest, noise);
}
