/**
 * Products of two words that may be secret.
 *
 * CT: where a long multiplication takes a data-dependent time, a product is made of 16-bit halves.
 */
import * as cpu from "./_cpu";

/** a * b. */
@inline
export function product(a: u32, b: u32): u64 {
  if (!cpu.SHORT_MULTIPLY) return <u64>a * b;
  return cpu.SMALL ? halvesCalled(a, b) : halves(a, b);
}

/**
 * a * b, made of 16-bit halves.
 *
 * Bounds: a middle product and 16 bits more are at most (2^16 - 1)^2 + 2^16 - 1 < 2^32; both at once would not be. `high` is
 * the upper half of a 64-bit product.
 */
@inline
function halves(a: u32, b: u32): u64 {
  const a0 = a & 0xffff;
  const a1 = a >>> 16;
  const b0 = b & 0xffff;
  const b1 = b >>> 16;
  const low = a0 * b0;
  const one = a1 * b0 + (low >>> 16);
  const two = a0 * b1 + (one & 0xffff);
  const high = a1 * b1 + (one >>> 16) + (two >>> 16);
  return ((<u64>high) << 32) | ((two << 16) | (low & 0xffff));
}

/** `halves` once in the image, for the small profile. */
function halvesCalled(a: u32, b: u32): u64 {
  return halves(a, b);
}
