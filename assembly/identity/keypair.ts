/** The device's own key: made once from real entropy, then loaded from the store at each start. */
import * as bytes from "../lib/bytes";
import * as ed25519 from "../crypto/ed25519";
import * as key from "../cose/key";

export const SEED_BYTES: u32 = ed25519.SEED_BYTES;

/** A private key, its public key, and the id that both sides know the device by. */
@unmanaged
export class KeyPair {
  // `seed` at 0, `key` at 32, `id` at 64: byte arrays, so they are reached by the functions below.
  private words: u64;
}

/** Bytes of a KeyPair. */
export const KEYPAIR_BYTES: u32 = 96;

/** The 32 secret bytes. */
@inline
export function seed(pair: KeyPair): usize {
  return changetype<usize>(pair);
}

/** The public key. */
@inline
export function publicKey(pair: KeyPair): usize {
  return changetype<usize>(pair) + 32;
}

/** The key's thumbprint: the device's id. */
@inline
export function id(pair: KeyPair): usize {
  return changetype<usize>(pair) + 64;
}

/**
 * Make the pair from the 32 secret bytes at `secret`; the same bytes give the same pair.
 *
 * CT: nothing leaks but the public key.
 */
export function derive(out: KeyPair, secret: usize): void {
  bytes.copy(seed(out), secret, SEED_BYTES);
  ed25519.publicKey(publicKey(out), seed(out));
  key.thumbprint(id(out), publicKey(out));
}
