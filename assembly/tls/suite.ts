/**
 * The cipher suites, one row each: what is offered, and how its records are sealed and opened. All rows use SHA-256, so
 * that one transcript serves before the server has chosen.
 */
import { Status } from "../lib/status";
import { Writer } from "../lib/writer";
import * as aead from "../crypto/aead";

export const enum Suite {
  ChaCha20Poly1305Sha256 = 0x1303,
}

export const KEY_BYTES: u32 = 32;
export const IV_BYTES: u32 = 12;
export const TAG_BYTES: u32 = 16;

/** Write the suites that are offered, best first. */
export function offer(w: Writer): void {
  w.u16(2);
  w.u16(Suite.ChaCha20Poly1305Sha256);
}

/** True if `suite` was offered. */
export function offered(suite: u32): bool {
  return suite == Suite.ChaCha20Poly1305Sha256;
}

/** Seal `len` bytes in place; the tag follows them. CT: lengths leak. */
export function seal(key: usize, nonce: usize, ad: usize, adLen: u32, text: usize, len: u32): void {
  aead.seal(text, text + len, key, nonce, ad, adLen, text, len);
}

/** Open `len` bytes in place; the tag follows them. CT: lengths and the verdict leak. */
export function open(key: usize, nonce: usize, ad: usize, adLen: u32, text: usize, len: u32): Status {
  return aead.open(text, key, nonce, ad, adLen, text, len, text + len);
}
