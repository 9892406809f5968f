/**
 * Arithmetic modulo an odd number m of any length: 32-bit words, least significant first, `bytes` a multiple of 8 and at least 16.
 *
 * Every element is below m. All pointers are 4-byte aligned; `inverse` is -1 / m mod 2^32. In the comments R is 2^(8 bytes).
 *
 * CT: lengths leak; nothing here branches on, or indexes by, an element, but for `below` and the functions that end in `Public`, which are for public ones.
 */
import * as bytesOf from "../lib/bytes";
import * as words from "../lib/words";
import * as cpu from "./_cpu";
import { product } from "./_product";

/** out = a * b / R mod m (Montgomery 1985, words interleaved). `out` is neither operand. Bounds: see `row`. */
export function mul(out: usize, a: usize, b: usize, m: usize, inverse: u32, bytes: usize): void {
  begin(out, bytes);
  let top: u32 = 0;
  for (let i: usize = 0; i < bytes; i += 4) top = row(out, load<u32>(a + i), b, m, inverse, bytes, top);
  settle(out, top, m, bytes);
}

/** The same of public numbers. CT: everything leaks. */
export function mulPublic(out: usize, a: usize, b: usize, m: usize, inverse: u32, bytes: usize): void {
  begin(out, bytes);
  let top: u32 = 0;
  for (let i: usize = 0; i < bytes; i += 4) top = rowPublic(out, load<u32>(a + i), b, m, inverse, bytes, top);
  settlePublic(out, top, m, bytes);
}

/** Begin a product that is made of rows: out = 0. */
@inline
export function begin(out: usize, bytes: usize): void {
  bytesOf.wipe(out, bytes);
}

/**
 * Add a row to a product: R top + out = (R top + out + word * b + m * what makes the lowest word zero) / 2^32. Returns the new `top`.
 * A product begins with `begin` and top = 0, has a row for each word of the other factor, and ends with `settle`.
 *
 * Bounds: before and after each row the sum is below 2m: (2m + (2^32 - 1) (m + m)) / 2^32 < 2m. So `top` is at most 1. Each
 * step is at most (2^32 - 1)^2 + 2 (2^32 - 1) = 2^64 - 1.
 */
@inline
export function row(out: usize, word: u32, b: usize, m: usize, inverse: u32, bytes: usize, top: u32): u32 {
  if (cpu.ROWS && !cpu.BLIND) return cpu.montgomeryRow(out, word, b, m, inverse, <u32>bytes, top);
  return rowPortable(out, word, b, m, inverse, bytes, top);
}

/** The same of public numbers. CT: everything leaks. */
@inline
export function rowPublic(out: usize, word: u32, b: usize, m: usize, inverse: u32, bytes: usize, top: u32): u32 {
  if (cpu.ROWS) return cpu.montgomeryRow(out, word, b, m, inverse, <u32>bytes, top);
  return rowPortable(out, word, b, m, inverse, bytes, top);
}

export function rowPortable(out: usize, word: u32, b: usize, m: usize, inverse: u32, bytes: usize, top: u32): u32 {
  let low = product(word, load<u32>(b)) + load<u32>(out);
  const factor = <u32>low * inverse;
  let carry = low >>> 32;
  let sum = (product(factor, load<u32>(m)) + <u32>low) >>> 32;
  for (let j: usize = 4; j < bytes; j += 4) {
    low = product(word, load<u32>(b + j)) + load<u32>(out + j) + carry;
    carry = low >>> 32;
    sum += product(factor, load<u32>(m + j)) + <u32>low;
    store<u32>(out + j - 4, <u32>sum);
    sum >>>= 32;
  }
  sum += carry + top;
  store<u32>(out + bytes - 4, <u32>sum);
  return <u32>(sum >>> 32);
}

/** out = a + b mod m. `out` may be an operand. */
export function add(out: usize, a: usize, b: usize, m: usize, bytes: usize): void {
  let carry: u64 = 0;
  for (let i: usize = 0; i < bytes; i += 4) {
    carry += <u64>load<u32>(a + i) + load<u32>(b + i);
    store<u32>(out + i, <u32>carry);
    carry >>>= 32;
  }
  settle(out, <u32>carry, m, bytes);
}

/** out = a - b mod m. `out` may be an operand. */
export function sub(out: usize, a: usize, b: usize, m: usize, bytes: usize): void {
  let borrow: i64 = 0;
  for (let i: usize = 0; i < bytes; i += 4) {
    borrow += <i64>load<u32>(a + i) - <i64>load<u32>(b + i);
    store<u32>(out + i, <u32>borrow);
    borrow >>= 32;
  }
  const mask = <u32>borrow;
  let carry: u64 = 0;
  for (let i: usize = 0; i < bytes; i += 4) {
    carry += <u64>load<u32>(out + i) + (load<u32>(m + i) & mask);
    store<u32>(out + i, <u32>carry);
    carry >>>= 32;
  }
}

/** a = (top R + a) mod m, where that number is below 2m. */
export function settle(a: usize, top: u32, m: usize, bytes: usize): void {
  subtract(a, m, words.mask(reaches(a, m, bytes) | top), bytes);
}

/** The same of public numbers, for any multiple of R below 2^32 in `top`. CT: everything leaks. */
export function settlePublic(a: usize, top: u32, m: usize, bytes: usize): void {
  while (top != 0 || exceeds(a, m, bytes)) top += subtract(a, m, words.mask(1), bytes);
}

/** True if a public a is at least m: it looks at words from the last one down until two differ. CT: everything leaks. */
function exceeds(a: usize, m: usize, bytes: usize): boolean {
  let at = bytes - 4;
  while (at != 0 && load<u32>(a + at) == load<u32>(m + at)) at -= 4;
  return load<u32>(a + at) >= load<u32>(m + at);
}

/** a = a - (m & mask) modulo R; returns the borrow, 0 or -1. */
export function subtract(a: usize, m: usize, mask: u32, bytes: usize): u32 {
  let borrow: i64 = 0;
  for (let i: usize = 0; i < bytes; i += 4) {
    borrow += <i64>load<u32>(a + i) - <i64>(load<u32>(m + i) & mask);
    store<u32>(a + i, <u32>borrow);
    borrow >>= 32;
  }
  return <u32>borrow;
}

/** 1 if a is at least m, else 0. */
export function reaches(a: usize, m: usize, bytes: usize): u32 {
  let borrow: i64 = 0;
  for (let i: usize = 0; i < bytes; i += 4) {
    borrow = (borrow + <i64>load<u32>(a + i) - <i64>load<u32>(m + i)) >> 32;
  }
  return <u32>borrow + 1;
}

/** 1 if a is zero, else 0. */
export function isZero(a: usize, bytes: usize): u32 {
  let any: u32 = 0;
  for (let i: usize = 0; i < bytes; i += 4) any |= load<u32>(a + i);
  return words.isZero(any);
}

/** True if a public number is in 1..m - 1. CT: everything leaks. */
export function below(a: usize, m: usize, bytes: usize): boolean {
  return (isZero(a, bytes) | reaches(a, m, bytes)) == 0;
}

/** out = the big-endian number at `from`, which need not be aligned. */
export function read(out: usize, from: usize, bytes: usize): void {
  for (let i: usize = 0; i < bytes; i += 4) store<u32>(out + bytes - 4 - i, bytesOf.load32be(from + i));
}

/** Write a as a big-endian number to `out`, which need not be aligned. `out` and a do not overlap. */
export function write(out: usize, a: usize, bytes: usize): void {
  for (let i: usize = 0; i < bytes; i += 4) bytesOf.store32be(out + i, load<u32>(a + bytes - 4 - i));
}
