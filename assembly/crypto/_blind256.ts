/** Blinding of points of P-256, as `_blind25519` does it for the other curve. */
import * as scratch from "../lib/scratch";
import * as blind25519 from "./_blind25519";

/**
 * out = an element of the field that is not zero, from a hash of the secret.
 *
 * CT: len leaks.
 */
export function make(out: usize, secret: usize, len: u32): void {
  const wide = scratch.take(64);
  blind25519.make(out, wide, secret, len);
  // Below 2^255, and so below p.
  store<u8>(out, load<u8>(out, 31) & 0x7f, 31);
  scratch.release(wide);
}
