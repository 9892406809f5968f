/**
 * Constants of P-256. They live in flash, not in linear memory, and are reached word by word through the shim
 * (`tools/generate/p256.ts` makes them).
 *
 * CT: which word is asked for leaks; a secret row is found by looking at all.
 */

/** Word `i` of the constants. */
@external("table", "p256")
export declare function p256(i: u32): u32;

/** Word `i` of the constants for secret scalars, which an image that only verifies does not have. */
@external("table", "comb256")
export declare function comb256(i: u32): u32;

/** Places of the constants: eight words each. Field elements are in Montgomery's form. */
export const enum Constant {
  /** The field's prime p. */
  P = 0,
  /** The group's order n. */
  N = 8,
  /** 2^512 mod p and mod n, which lead into Montgomery's form. */
  R2P = 16,
  R2N = 24,
  /** 1 in the field. */
  One = 32,
  /** The curve's b. */
  B = 40,
  /** The x and y of 1, 3, 5 and 7 times the base point. */
  Multiples = 48,
}

/** Places of the constants for secret scalars. */
export const enum Secret {
  /** The weight of all bits of a comb's scalar, mod n. */
  Bits = 0,
  /**
   * A point whose multiple of G is not known, x and y, and what takes it away after all doublings: the first is hashed, so it is no choice of
   * ours.
   */
  Start = 8,
  Stop = 24,
  /** The chaining values of SHA-256 after the padded key of HMAC, inner and outer, if the key is zero. */
  ZeroKey = 40,
  /** The comb's tables: for each the x of all rows, then their y. */
  Comb = 56,
}

/** out = the eight words from word `first`, a constant. */
export function get(out: usize, first: u32): void {
  for (let i = 0; i < 8; i++) store<u32>(out + 4 * i, p256(first + i));
}

/** out = the eight words from word `first` of the constants for secret scalars. */
export function getSecret(out: usize, first: u32): void {
  for (let i = 0; i < 8; i++) store<u32>(out + 4 * i, comb256(first + i));
}
