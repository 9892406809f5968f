/** The device's own key: made once from real entropy, then loaded from the store at each start. */
import * as key from "../cose/key";
import * as signers from "../signer/signer";
import { SIGNER_BYTES, Signer } from "../signer/signer";
import * as soft from "../signer/soft";
import { SoftKey } from "../signer/soft";
import { Writer } from "../lib/writer";

export const SEED_BYTES: u32 = soft.SEED_BYTES;

/** A key with its signer, and the id by which both sides know the device. */
@unmanaged
export class KeyPair {
  // `signer` at 0, `id` behind it: reached by the functions below.
  private words: u64;
}

/** Bytes of a KeyPair. */
export const KEYPAIR_BYTES: u32 = SIGNER_BYTES + key.THUMBPRINT_BYTES;

/** The signer: it holds the public key. */
@inline
export function signer(pair: KeyPair): Signer {
  return changetype<Signer>(changetype<usize>(pair));
}

/** The public key. */
@inline
export function publicKey(pair: KeyPair): usize {
  return signers.publicKey(signer(pair));
}

/** Write the public key as a COSE_Key. */
export function writeKey(out: Writer, pair: KeyPair): void {
  const own = signer(pair);
  key.write(out, signers.algorithm(own), signers.publicKey(own), signers.keyBytes(own));
}

/** The key's thumbprint: the device's id. */
@inline
export function id(pair: KeyPair): usize {
  return changetype<usize>(pair) + SIGNER_BYTES;
}

/**
 * Make the pair from the 32 secret bytes at `secret`; the same bytes give the same pair. They are not kept.
 *
 * CT: nothing leaks but the public key.
 */
export function derive(out: KeyPair, secret: usize): void {
  soft.derive(changetype<SoftKey>(signer(out)), secret);
  const own = signer(out);
  key.thumbprint(id(out), signers.algorithm(own), signers.publicKey(own), signers.keyBytes(own));
}
