/**
 * Scalars of P-256: numbers modulo the group's order n, eight 32-bit words, least significant first, below n. `order` is the
 * words of n in memory.
 *
 * CT: but for `isScalar`, `invertPublic`, `recode` and `differs`, which are for public scalars, nothing here branches on, or indexes by, a scalar.
 */
import * as words from "../lib/words";
import * as inverse from "./_inverse";
import * as montgomery from "./_montgomery";
import * as table from "./_table256";

/** Bytes of a scalar. */
export const BYTES: u32 = 32;

/** Bytes of workspace that `invert` needs. */
export const INVERT_BYTES: u32 = inverse.WORK_BYTES;

/** -1 / n mod 2^32. */
const MINUS_INVERSE: u32 = 0xee00bc4f;

/** out = a * b / 2^256 mod n. `out` is neither operand. */
export function mul(out: usize, a: usize, b: usize, order: usize): void {
  montgomery.mul(out, a, b, order, MINUS_INVERSE, BYTES);
}

/** out = 2^256 / a mod n, and 0 for 0. `w` is INVERT_BYTES of workspace; out and w are distinct. */
export function invert(out: usize, a: usize, order: usize, w: usize): void {
  inverse.invert(w, a, order, MINUS_INVERSE, BYTES, w);
  enter(out, w, order, w + BYTES);
}

/**
 * The same of a public a, not zero: by halving and subtracting (Stein's algorithm; Knuth, "The Art of Computer Programming", §4.5.2), in less code and more time.
 *
 * x a = u and y a = v modulo n, v is odd, and each round takes at least one bit from u v: after 512 rounds u is 0, and v is 1.
 *
 * CT: everything leaks.
 */
export function invertPublic(out: usize, a: usize, order: usize, w: usize): void {
  let u = w;
  let v = w + 2 * BYTES;
  memory.copy(u, a, BYTES);
  memory.copy(v, order, BYTES);
  memory.fill(u + BYTES, 0, BYTES);
  memory.fill(v + BYTES, 0, BYTES);
  store<u32>(u + BYTES, 1);
  for (let i = 2 * 8 * BYTES; i-- != 0;) {
    if (load<u32>(u) & 1) {
      if (montgomery.below(u, v, BYTES)) {
        const lower = u;
        u = v;
        v = lower;
      }
      montgomery.sub(u, u, v, order, BYTES);
      montgomery.sub(u + BYTES, u + BYTES, v + BYTES, order, BYTES);
    }
    halve(u, order);
    halve(u + BYTES, order);
  }
  enter(out, v + BYTES, order, u);
}

/** a = a / 2 mod n. Bounds: n is odd, so a + n is even where a is odd; half of it is below n. */
function halve(a: usize, order: usize): void {
  const mask = words.mask(load<u32>(a) & 1);
  let carry: u64 = 0;
  let below: u32 = 0;
  for (let i: usize = 0; i < BYTES; i += 4) {
    carry += <u64>load<u32>(a + i) + (load<u32>(order + i) & mask);
    const word = <u32>carry;
    if (i != 0) store<u32>(a + i - 4, (below >>> 1) | (word << 31));
    below = word;
    carry >>>= 32;
  }
  store<u32>(a, (below >>> 1) | ((<u32>carry) << 31), BYTES - 4);
}

/** out = 2^256 a mod n. `out` is not a; `w` is a scalar of workspace. */
export function enter(out: usize, a: usize, order: usize, w: usize): void {
  table.get(w, table.Constant.R2N);
  mul(out, a, w, order);
}

/** a = a mod n, where a is any 256-bit number. */
@inline
export function reduce(a: usize, order: usize): void {
  montgomery.settle(a, 0, order, BYTES);
}

/** out = a + b mod n. */
@inline
export function add(out: usize, a: usize, b: usize, order: usize): void {
  montgomery.add(out, a, b, order, BYTES);
}

/** out = n - a. */
@inline
export function negate(out: usize, a: usize, order: usize): void {
  montgomery.sub(out, order, a, order, BYTES);
}

/** 1 if a 256-bit number is in 1..n - 1, else 0. */
export function isValid(a: usize, order: usize): u32 {
  return (montgomery.isZero(a, BYTES) | montgomery.reaches(a, order, BYTES)) ^ 1;
}

/** True if a public number is in 1..n - 1. CT: everything leaks. */
@inline
export function isScalar(a: usize, order: usize): boolean {
  return montgomery.below(a, order, BYTES);
}

/**
 * Turn s into the bits of a comb: the number u below n with 2u - (2^260 - 1) = s mod n, so that s is the sum of 2^i for each
 * bit i of u that is 1, less 2^i for each that is 0, 260 bits in all (Hamburg, "Fast and compact elliptic-curve
 * cryptography", §3.3). `w` is a scalar of workspace.
 */
export function comb(s: usize, order: usize, w: usize): void {
  table.getSecret(w, table.Secret.Bits);
  montgomery.add(s, s, w, order, BYTES);
  halve(s, order);
}

/** Number of digits of `recode`. */
export const DIGITS: u32 = 257;

/** Bytes of the digits. */
export const DIGITS_BYTES: u32 = (DIGITS + 3) >>> 2;

/**
 * Write a public s as digits -7, -5 … 7 with at least three zeros after each other one (width-4 NAF).
 *
 * No aligned four places hold two digits, so a byte of `out` holds four places: digit * 4 + place, 0 if all are zero.
 *
 * CT: everything leaks.
 */
export function recode(out: usize, s: usize): void {
  memory.fill(out, 0, DIGITS_BYTES);
  let carry: u32 = 0;
  let i: u32 = 0;
  while (i < DIGITS) {
    const at = i >>> 3;
    const pair = (at < 32 ? <u32>load<u8>(s + at) : 0) | (at < 31 ? (<u32>load<u8>(s + at, 1)) << 8 : 0);
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

/** The digit at place `i` of what `recode` wrote. CT: everything leaks. */
@inline
export function digit(digits: usize, i: u32): i32 {
  const code = <i32>load<i8>(digits + (i >>> 2));
  return (code & 3) == (i & 3) ? code >> 2 : 0;
}

/** 0 if the digits at `digits` sum up to s, else not. CT: everything leaks. */
export function differs(digits: usize, s: usize): u32 {
  let sum: i64 = 0;
  let any: u32 = 0;
  for (let i: u32 = 0; i < DIGITS_BYTES - 1; i++) {
    const code = <i32>load<i8>(digits + i);
    sum += (<i64>(code >> 2)) << (((i & 7) << 2) + (code & 3));
    if ((i & 7) == 7) {
      any |= (<u32>sum) ^ load<u32>(s + (i >>> 1) - 3);
      sum >>= 32;
    }
  }
  const code = <i32>load<i8>(digits + DIGITS_BYTES - 1);
  return any | (<u32>(sum + ((<i64>(code >> 2)) << (code & 3))));
}
