/**
 * Scalars: numbers modulo L = 2^252 + 27742317777372353535851937790883648493, eight 32-bit words, least significant first.
 * A result is below L, the only such number. All are 4-byte aligned.
 *
 * CT: but for `canonical` and `recode`, which are for public scalars, nothing here branches on, or indexes by, a scalar; and
 * where a long multiplication takes a data-dependent time, products are made of 16-bit halves.
 */
import * as words from "../lib/words";
import * as cpu from "./_cpu";
import { product } from "./_product";
import * as table from "./_table25519";

/** Bytes of a scalar. */
export const BYTES: u32 = 32;

/** Bytes of workspace that `reduce`, `narrow` and `mulAdd` need. */
export const WORK_BYTES: u32 = 2 * BYTES;

/** -1 / L mod 2^32. */
const MINUS_INVERSE: u32 = 0x12547e1b;

/**
 * out = a * b / 2^256 mod L, below 2L; a is any 256-bit number, b is below L (Montgomery, CIOS). `out` is neither operand.
 *
 * Bounds: before and after each row the sum is below 2L < 2^254: (2L + (2^32 - 1) (L + L)) / 2^32 = 2L. So it keeps to eight
 * words; each step is at most (2^32 - 1)^2 + 2 (2^32 - 1) = 2^64 - 1.
 */
@inline
export function montgomery(out: usize, a: usize, b: usize): void {
  if (cpu.NATIVE && !cpu.SHORT_MULTIPLY) cpu.scMontgomery(out, a, b);
  else montgomeryPortable(out, a, b);
}

export function montgomeryPortable(out: usize, a: usize, b: usize): void {
  memory.fill(out, 0, BYTES);
  for (let i: usize = 0; i < BYTES; i += 4) {
    const word = load<u32>(a + i);
    // For each word of b: the row's sum in `low` with its carry, then the multiple of L that makes the lowest word zero.
    let low = product(word, load<u32>(b)) + load<u32>(out);
    const factor = <u32>low * MINUS_INVERSE;
    let carry = low >>> 32;
    let sum = (product(factor, table.ed25519(table.Constant.L)) + <u32>low) >>> 32;
    for (let j: usize = 4; j < BYTES; j += 4) {
      low = product(word, load<u32>(b + j)) + load<u32>(out + j) + carry;
      carry = low >>> 32;
      sum += product(factor, table.ed25519(table.Constant.L + ((<u32>j) >>> 2))) + <u32>low;
      store<u32>(out + j - 4, <u32>sum);
      sum >>>= 32;
    }
    store<u32>(out, <u32>(sum + carry), BYTES - 4);
  }
}

/** x = x + ((L & mask) << shift); a carry out of the top is dropped. */
function addOrder(x: usize, mask: u32, shift: u64): void {
  let carry: u64 = 0;
  for (let j: usize = 0; j < BYTES; j += 4) {
    carry += ((<u64>(table.ed25519(table.Constant.L + ((<u32>j) >>> 2)) & mask)) << shift) + load<u32>(x + j);
    store<u32>(x + j, <u32>carry);
    carry >>>= 32;
  }
}

/** x = x - (L << shift) if that is not negative. Bounds: a step lies within +-2^34 for shift < 2, and carries -2..0. */
function subtract(x: usize, shift: u64): void {
  let carry: i64 = 0;
  for (let j: usize = 0; j < BYTES; j += 4) {
    carry += <i64>load<u32>(x + j) - ((<i64>table.ed25519(table.Constant.L + ((<u32>j) >>> 2))) << shift);
    store<u32>(x + j, <u32>carry);
    carry >>= 32;
  }
  addOrder(x, <u32>carry, shift);
}

/** out = a + b mod L, where a + b is below 4L. */
function addReduced(out: usize, a: usize, b: usize): void {
  let carry: u64 = 0;
  for (let j: usize = 0; j < BYTES; j += 4) {
    carry += <u64>load<u32>(a + j) + load<u32>(b + j);
    store<u32>(out + j, <u32>carry);
    carry >>>= 32;
  }
  subtract(out, 1);
  subtract(out, 0);
}

/** out = the 512-bit number at `wide`, mod L. w is workspace; out, wide and w are distinct. */
export function reduce(out: usize, wide: usize, w: usize): void {
  table.get(out, table.Constant.R2);
  montgomery(w, wide + BYTES, out); // high * 2^256 mod L, below 2L
  table.get(out, table.Constant.R);
  montgomery(w + BYTES, wide, out); // low mod L, below 2L
  addReduced(out, w, w + BYTES);
}

/** out = the 256-bit number a, mod L. w is workspace; out, a and w are distinct. */
export function narrow(out: usize, a: usize, w: usize): void {
  table.get(w, table.Constant.R);
  montgomery(out, a, w);
  subtract(out, 0);
}

/** out = a * b + c mod L; a is any 256-bit number, b and c are below L. w is workspace; all are distinct. */
export function mulAdd(out: usize, a: usize, b: usize, c: usize, w: usize): void {
  montgomery(w, a, b);
  table.get(out, table.Constant.R2);
  montgomery(w + BYTES, w, out); // a * b mod L, below 2L
  addReduced(out, w + BYTES, c);
}

/**
 * Turn s into the bits of a comb: the number u below 2^253 with 2u - (2^260 - 1) = s mod L, so that s is the sum of
 * 2^i for each bit i of u that is 1, less 2^i for each that is 0, 260 bits in all (Hamburg, "Fast and compact
 * elliptic-curve cryptography", §3.3).
 *
 * Bounds: s + bits is below 2L; with L added where that is odd, below 3L; half of it is below 2^253.
 */
export function comb(s: usize): void {
  let carry: u64 = 0;
  for (let j: usize = 0; j < BYTES; j += 4) {
    carry += <u64>load<u32>(s + j) + table.ed25519(table.Constant.Bits + ((<u32>j) >>> 2));
    store<u32>(s + j, <u32>carry);
    carry >>>= 32;
  }
  addOrder(s, words.mask(load<u32>(s) & 1), 0);
  for (let j: usize = 0; j < BYTES - 4; j += 4) {
    store<u32>(s + j, (load<u32>(s + j) >>> 1) | (load<u32>(s + j, 4) << 31));
  }
  store<u32>(s, load<u32>(s, BYTES - 4) >>> 1, BYTES - 4);
}

/** True if a public s is below L. CT: everything leaks. */
export function canonical(s: usize): boolean {
  let carry: i64 = 0;
  for (let j: usize = 0; j < BYTES; j += 4) {
    carry = (carry + load<u32>(s + j) - table.ed25519(table.Constant.L + ((<u32>j) >>> 2))) >> 32;
  }
  return carry != 0;
}

/** Bytes of the digits of a recoded scalar. */
export const DIGITS_BYTES: u32 = 64;

/**
 * Write a public s, below 2^253, as digits -7, -5 … 7 with at least three zeros after each other one (width-4 NAF).
 *
 * No aligned four places hold two digits, so a byte of `out` holds four places: digit * 4 + place, 0 if all are zero.
 *
 * CT: everything leaks.
 */
export function recode(out: usize, s: usize): void {
  memory.fill(out, 0, DIGITS_BYTES);
  let carry: u32 = 0;
  let i: u32 = 0;
  while (i < 254) {
    const at = i >>> 3;
    const pair = (<u32>load<u8>(s + at)) | (at < 31 ? (<u32>load<u8>(s + at, 1)) << 8 : 0);
    const window = ((pair >>> (i & 7)) & 15) + carry;
    if ((window & 1) == 0) {
      i++;
      continue;
    }
    carry = window >>> 3;
    const digit = <i32>window - ((<i32>carry) << 4);
    store<i8>(out + (i >>> 2), <i8>(digit * 4 + (i & 3)));
    i += 4;
  }
}

/** 0 if the digits at `digits` sum up to s, else not. CT: everything leaks. */
export function differs(digits: usize, s: usize): u32 {
  let sum: i64 = 0;
  let any: u32 = 0;
  for (let i: u32 = 0; i < DIGITS_BYTES; i++) {
    const code = <i32>load<i8>(digits + i);
    sum += (<i64>(code >> 2)) << (((i & 7) << 2) + (code & 3));
    if ((i & 7) == 7) {
      any |= (<u32>sum) ^ load<u32>(s + (i >>> 1) - 3);
      sum >>= 32;
    }
  }
  return any | (<u32>sum);
}
