/**
 * The field of P-256, p = 2^256 - 2^224 + 2^192 + 2^96 - 1: eight 32-bit words, least significant first, in Montgomery's form
 * (x stands for x / 2^256) and below p.
 *
 * `out` may be any operand; operands may be the same element but not overlap otherwise. All are 4-byte aligned.
 *
 * CT: nothing here branches on, or indexes by, an element. See the README for what each core's multiplier leaks.
 */
import * as words from "../lib/words";
import * as cpu from "./_cpu";
import * as inverse from "./_inverse";
import * as montgomery from "./_montgomery";
import { product } from "./_product";
import * as table from "./_table256";

/** Bytes of an element. */
export const BYTES: u32 = 32;

/** Bytes of workspace that `invert` needs. */
export const INVERT_BYTES: u32 = inverse.WORK_BYTES;

/** -1 / p mod 2^32. */
const MINUS_INVERSE: u32 = 1;

/** out = a. */
@inline
export function copy(out: usize, a: usize): void {
  memory.copy(out, a, BYTES);
}

/** out = 0. */
@inline
export function clear(out: usize): void {
  memory.fill(out, 0, BYTES);
}

/** out = out + (p & mask); the carry out of the top is dropped. */
function addPrime(out: usize, mask: u32): void {
  let carry: u64 = 0;
  for (let i: u32 = 0; i < BYTES; i += 4) {
    carry += <u64>load<u32>(out + i) + (table.p256(table.Constant.P + (i >>> 2)) & mask);
    store<u32>(out + i, <u32>carry);
    carry >>>= 32;
  }
}

/**
 * out = out + 2^256 top - p, or that plus p if it is negative: the residue of a number below 2p.
 *
 * Bounds: the borrow is -1 or 0, and it is left over only if `top` is 0.
 */
function settle(out: usize, top: u32): void {
  let borrow: i64 = 0;
  for (let i: u32 = 0; i < BYTES; i += 4) {
    borrow += <i64>load<u32>(out + i) - <i64>table.p256(table.Constant.P + (i >>> 2));
    store<u32>(out + i, <u32>borrow);
    borrow >>= 32;
  }
  addPrime(out, <u32>borrow + top);
}

/** out = a + b. */
@inline
export function add(out: usize, a: usize, b: usize): void {
  if (cpu.FIELD256) cpu.fe256Add(out, a, b);
  else addPortable(out, a, b);
}

export function addPortable(out: usize, a: usize, b: usize): void {
  let carry: u64 = 0;
  for (let i: usize = 0; i < BYTES; i += 4) {
    carry += <u64>load<u32>(a + i) + load<u32>(b + i);
    store<u32>(out + i, <u32>carry);
    carry >>>= 32;
  }
  settle(out, <u32>carry);
}

/** out = a / 2: with p where a is odd. Bounds: a + p is below 2^257. */
@inline
export function half(out: usize, a: usize): void {
  if (cpu.HALVES256) cpu.fe256Half(out, a);
  else halfPortable(out, a);
}

export function halfPortable(out: usize, a: usize): void {
  const mask = words.mask(load<u32>(a) & 1);
  let carry: u64 = 0;
  let below: u32 = 0;
  for (let i: u32 = 0; i < BYTES; i += 4) {
    carry += <u64>load<u32>(a + i) + (table.p256(table.Constant.P + (i >>> 2)) & mask);
    const word = <u32>carry;
    if (i != 0) store<u32>(out + i - 4, (below >>> 1) | (word << 31));
    below = word;
    carry >>>= 32;
  }
  store<u32>(out, (below >>> 1) | ((<u32>carry) << 31), BYTES - 4);
}

/** out = a - b. */
@inline
export function sub(out: usize, a: usize, b: usize): void {
  if (cpu.FIELD256) cpu.fe256Sub(out, a, b);
  else subPortable(out, a, b);
}

export function subPortable(out: usize, a: usize, b: usize): void {
  let borrow: i64 = 0;
  for (let i: usize = 0; i < BYTES; i += 4) {
    borrow += <i64>load<u32>(a + i) - <i64>load<u32>(b + i);
    store<u32>(out + i, <u32>borrow);
    borrow >>= 32;
  }
  addPrime(out, <u32>borrow);
}

/**
 * out = a * b / 2^256.
 *
 * -1 / p is 1 modulo 2^32, so the multiple of p that makes a row's lowest word m zero is m p itself, and m p + m is
 * 2^96 m + 2^192 m - 2^224 m + 2^256 m: no multiplication.
 *
 * Bounds: before and after each row the sum is below 2p: (2p + (2^32 - 1) 2p) / 2^32 = 2p. Each step of a row is at most
 * (2^32 - 1)^2 + 2 (2^32 - 1) = 2^64 - 1. Of the reduction, the step that subtracts carries -1..1.
 */
@inline
export function mul(out: usize, a: usize, b: usize): void {
  if (cpu.FIELD256) cpu.fe256Mul(out, a, b);
  else mulPortable(out, a, b);
}

export function mulPortable(out: usize, a: usize, b: usize): void {
  let t0: u32 = 0;
  let t1: u32 = 0;
  let t2: u32 = 0;
  let t3: u32 = 0;
  let t4: u32 = 0;
  let t5: u32 = 0;
  let t6: u32 = 0;
  let t7: u32 = 0;
  let t8: u32 = 0;
  for (let i: usize = 0; i < BYTES; i += 4) {
    const word = load<u32>(a + i);
    let row = product(word, load<u32>(b)) + t0;
    const m = <u64>(<u32>row);
    row = product(word, load<u32>(b, 4)) + t1 + (row >>> 32);
    t0 = <u32>row;
    row = product(word, load<u32>(b, 8)) + t2 + (row >>> 32);
    t1 = <u32>row;
    row = product(word, load<u32>(b, 12)) + t3 + (row >>> 32);
    let sum = <u64>(<u32>row) + m;
    t2 = <u32>sum;
    row = product(word, load<u32>(b, 16)) + t4 + (row >>> 32);
    sum = <u64>(<u32>row) + (sum >>> 32);
    t3 = <u32>sum;
    row = product(word, load<u32>(b, 20)) + t5 + (row >>> 32);
    sum = <u64>(<u32>row) + (sum >>> 32);
    t4 = <u32>sum;
    row = product(word, load<u32>(b, 24)) + t6 + (row >>> 32);
    sum = <u64>(<u32>row) + m + (sum >>> 32);
    t5 = <u32>sum;
    row = product(word, load<u32>(b, 28)) + t7 + (row >>> 32);
    let rest = <i64>(<u64>(<u32>row)) - <i64>m + <i64>(sum >>> 32);
    t6 = <u32>rest;
    rest = (rest >> 32) + <i64>((row >>> 32) + m + t8);
    t7 = <u32>rest;
    t8 = <u32>(rest >> 32);
  }
  store<u32>(out, t0);
  store<u32>(out, t1, 4);
  store<u32>(out, t2, 8);
  store<u32>(out, t3, 12);
  store<u32>(out, t4, 16);
  store<u32>(out, t5, 20);
  store<u32>(out, t6, 24);
  store<u32>(out, t7, 28);
  settle(out, t8);
}

/** out = a^(2^times) / 2^(256 (2^times - 1)), `times` at least 1. */
@inline
export function square(out: usize, a: usize, times: u32 = 1): void {
  if (cpu.FIELD256) cpu.fe256Square(out, a, times);
  else squarePortable(out, a, times);
}

export function squarePortable(out: usize, a: usize, times: u32): void {
  mulPortable(out, a, a);
  while (--times) mulPortable(out, out, out);
}

/** out = a, a number below p, in Montgomery's form. `out` is not a. */
export function enter(out: usize, a: usize): void {
  table.get(out, table.Constant.R2P);
  mul(out, a, out);
}

/**
 * a = the number that a stands for. `w` is an element of workspace.
 *
 * CT: a may be a secret that is no longer blinded, so its words are not multiplied whole where that leaks them.
 */
export function leave(a: usize, w: usize): void {
  clear(w);
  store<u32>(w, 1);
  if (cpu.BLIND) mulPortable(a, a, w);
  else mul(a, a, w);
}

/** 1 if a is zero, else 0. */
export function isZero(a: usize): u32 {
  return montgomery.isZero(a, BYTES);
}

/** 1 if a 256-bit number is not an element: at least p. */
export function reaches(a: usize): u32 {
  let borrow: i64 = 0;
  for (let i: u32 = 0; i < BYTES; i += 4) {
    borrow = (borrow + <i64>load<u32>(a + i) - <i64>table.p256(table.Constant.P + (i >>> 2))) >> 32;
  }
  return <u32>borrow + 1;
}

/** 0 if the elements a and b are the same, else the bits that differ. */
@inline
export function difference(a: usize, b: usize): u32 {
  return words.difference(a, b, BYTES);
}

/** out = 1 / a, and 0 for 0. `w` is INVERT_BYTES of workspace, distinct from both. */
export function invert(out: usize, a: usize, w: usize): void {
  const prime = w + INVERT_BYTES - BYTES;
  table.get(prime, table.Constant.P);
  inverse.invert(out, a, prime, MINUS_INVERSE, BYTES, w);
  enter(w, out);
  enter(out, w);
}
