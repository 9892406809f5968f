/**
 * Constants of Ed25519. They live in flash, not in linear memory, and are reached word by word through the shim
 * (`tools/generate/ed25519.ts` makes them).
 *
 * CT: which word is asked for leaks; a secret row is found by looking at all.
 */

/** Word `i` of the constants. */
@external("table", "ed25519")
export declare function ed25519(i: u32): u32;

/** Places of the constants: eight words each. */
export const enum Constant {
  /** The group's order L. */
  L = 0,
  /** 2^256 mod L and 2^512 mod L, which lead into and out of Montgomery's form. */
  R = 8,
  R2 = 16,
  /** The weight of all bits of a comb's scalar, mod L. */
  Bits = 24,
  /** The curve's d, 2d, and a square root of -1. */
  D = 32,
  D2 = 40,
  RootM1 = 48,
  /** The comb's tables: for each the y + x of all rows, then their y - x, then their 2dxy. */
  Comb = 56,
}

/** out = the eight words from word `first`, a constant or a part of a row. */
export function get(out: usize, first: u32): void {
  for (let i = 0; i < 8; i++) store<u32>(out + 4 * i, ed25519(first + i));
}
