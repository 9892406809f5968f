/**
 * Blinding, for cores whose long multiplication takes a time that depends on its operands: a point's projective coordinates are
 * multiplied with a secret element that cannot be predicted without the secret scalar, so that what those times tell
 * is not about the point.
 */
import * as bytes from "../lib/bytes";
import * as fe from "./_fe25519";
import * as sha512 from "./sha512";
import * as scratch from "../lib/scratch";

/**
 * out = a field element that is not zero, from SHA-512(secret ‖ "signet blinding"). `wide` is 64 bytes of workspace.
 *
 * CT: len leaks.
 */
export function make(out: usize, wide: usize, secret: usize, len: u32): void {
  const ctx = changetype<sha512.Sha512>(scratch.take(offsetof<sha512.Sha512>()));
  sha512.init(ctx);
  sha512.update(ctx, secret, len);
  // The label, as one word and then another: "signet b", "linding".
  store<u64>(wide, 0x622074656e676973);
  store<u64>(wide, 0x00676e69646e696c, 8);
  sha512.update(ctx, wide, 15);
  sha512.final(wide, ctx);
  scratch.release(changetype<usize>(ctx));
  fe.copy(out, wide);
  // Bit 0 set: neither 0 nor, but for a chance of 2^-253, a multiple of p.
  store<u8>(out, load<u8>(out) | 1);
  bytes.wipe(wide, sha512.DIGEST_BYTES);
}
