/**
 * Constant-time words. A secret condition is a `bit` (a u32, 0 or 1); widened it is a `mask` (0 or all ones).
 *
 * CT: nothing here branches on, or indexes by, a value it is given; lengths leak.
 */

/** Widen a bit to a mask. */
@inline
export function mask(bit: u32): u32 {
  return 0 - bit;
}

/** 1 if `x` is zero, else 0. */
@inline
export function isZero(x: u32): u32 {
  return ((x | (0 - x)) >>> 31) ^ 1;
}

/** `a` where `bit` is 1, `b` where it is 0. */
@inline
export function select(bit: u32, a: u32, b: u32): u32 {
  return b ^ (mask(bit) & (a ^ b));
}

/** out = a where `bit` is 1, else unchanged. `len` is a multiple of 4, and both are aligned to words. */
export function move(out: usize, a: usize, bit: u32, len: usize): void {
  const all = mask(bit);
  for (let i: usize = 0; i < len; i += 4) {
    const x = load<u32>(out + i);
    store<u32>(out + i, x ^ (all & (x ^ load<u32>(a + i))));
  }
}

/** 1 if the two byte strings of `len` bytes are the same, else 0. */
export function equal(a: usize, b: usize, len: usize): u32 {
  return isZero(difference(a, b, len));
}

/**
 * 0 if the two byte strings of `len` bytes are the same, else the bits that differ in any byte. Memory compared with itself
 * counts as different: one skipped instruction can make two pointers the same, so it proves nothing.
 */
export function difference(a: usize, b: usize, len: usize): u32 {
  let diff = isZero(<u32>(a ^ b));
  for (let i: usize = 0; i < len; i++) diff |= <u32>(load<u8>(a + i) ^ load<u8>(b + i));
  return diff;
}

/**
 * The same question answered another way, from the last byte to the first: 0 if the two are the same, else the sum of what
 * differs. A compiler cannot merge the two functions, so one fault reaches only one of them. Memory compared with itself
 * counts as different.
 */
export function distance(a: usize, b: usize, len: usize): u32 {
  let sum = isZero(<u32>(a ^ b));
  while (len) {
    len--;
    sum += <u32>(load<u8>(a + len) ^ load<u8>(b + len));
  }
  return sum;
}
