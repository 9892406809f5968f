/**
 * Constants of P-384. They live in flash, not in linear memory, and are reached word by word through the shim
 * (`tools/generate/p384.ts` makes them).
 *
 * CT: everything leaks; all of it is public.
 */

/** Word `i` of the constants. */
@external("table", "p384")
export declare function p384(i: u32): u32;

/** The first word of each constant: twelve words. Field elements are in Montgomery's form. */
export const enum Constant {
  /** The field's prime p, and the group's order n. */
  P = 0,
  N = 12,
  /** 2^768 mod p and mod n, which lead into Montgomery's form. */
  R2P = 24,
  R2N = 36,
  /** 1 in the field. */
  One = 48,
  /** The curve's b. */
  B = 60,
  /** The base point, x and y. */
  X = 72,
  Y = 84,
}

/** out = the twelve words from word `first`. */
export function get(out: usize, first: u32): void {
  for (let i = 0; i < 12; i++) store<u32>(out + 4 * i, p384(first + i));
}
