/**
 * GHASH (SP 800-38D §6.4), by carry-less products made of integer ones.
 *
 * A block is a 128-bit integer, big-endian: its top bit is the coefficient of x^0. Of a product of two words, both halves are made from their
 * lower half: the upper one as the lower half of the product of the words backwards. So only products of 32 bits with a result of 32 bits are
 * used, whose time is constant on every core.
 *
 * CT: the count of bytes leaks; key and data do not.
 */
import * as bytes from "../lib/bytes";
import * as cpu from "./_cpu";

export const BLOCK_BYTES: u32 = 16;

/** The products of words that a product of blocks takes (Karatsuba, twice), and their operands: four words and five sums. */
const PRODUCTS: u32 = 9;
const OPERANDS_BYTES: u32 = PRODUCTS * 4;

/** Bytes of a state: the sum, then the operands of the key, forwards and backwards, then workspace for the same of the sum. */
const KEY: usize = BLOCK_BYTES;
const WORK: usize = KEY + 2 * OPERANDS_BYTES;
export const STATE_BYTES: u32 = <u32>WORK + 2 * OPERANDS_BYTES;

/** The bits of x in the opposite order. */
@inline
function reverse(x: u32): u32 {
  x = ((x & 0x55555555) << 1) | ((x >>> 1) & 0x55555555);
  x = ((x & 0x33333333) << 2) | ((x >>> 2) & 0x33333333);
  x = ((x & 0x0f0f0f0f) << 4) | ((x >>> 4) & 0x0f0f0f0f);
  return bswap(x);
}

/** The operands made of the four words of the block at `from`, forwards and backwards. */
function prepare(out: usize, from: usize): void {
  const w0 = load<u32>(from);
  const w1 = load<u32>(from, 4);
  const w2 = load<u32>(from, 8);
  const w3 = load<u32>(from, 12);
  store<u32>(out, w0);
  store<u32>(out, w1, 4);
  store<u32>(out, w2, 8);
  store<u32>(out, w3, 12);
  store<u32>(out, w0 ^ w1, 16);
  store<u32>(out, w2 ^ w3, 20);
  store<u32>(out, w0 ^ w2, 24);
  store<u32>(out, w1 ^ w3, 28);
  store<u32>(out, w0 ^ w1 ^ w2 ^ w3, 32);
  for (let i: usize = 0; i < OPERANDS_BYTES; i += 4) store<u32>(out + i, reverse(load<u32>(out + i)), OPERANDS_BYTES);
}

/**
 * The lower half of the carry-less product of x and y.
 *
 * Bounds: of each word every fourth bit is kept, at most eight. At most eight pairs of such bits meet at a place of a product, and eight only in the
 * last place that the lower half has of it. So two products may be added: at each lower place the sum is at most 14, or 15 at the last one, where it
 * is 16 only if that place is above bit 29, and the next one above bit 33.
 */
function product(x: u32, y: u32): u32 {
  const x0 = x & 0x11111111;
  const x1 = x & 0x22222222;
  const x2 = x & 0x44444444;
  const x3 = x & 0x88888888;
  const y0 = y & 0x11111111;
  const y1 = y & 0x22222222;
  const y2 = y & 0x44444444;
  const y3 = y & 0x88888888;
  const z0 = (x0 * y0 + x2 * y2) ^ (x1 * y3 + x3 * y1);
  const z1 = (x0 * y1 + x2 * y3) ^ (x1 * y0 + x3 * y2);
  const z2 = (x0 * y2 + x2 * y0) ^ (x1 * y1 + x3 * y3);
  const z3 = (x0 * y3 + x2 * y1) ^ (x1 * y2 + x3 * y0);
  return (z0 & 0x11111111) | (z1 & 0x22222222) | (z2 & 0x44444444) | (z3 & 0x88888888);
}

/** Begin under the block H at `key`, big-endian, which need not be aligned. */
export function init(state: usize, key: usize): void {
  for (let i: usize = 0; i < BLOCK_BYTES; i += 4) store<u32>(state + 12 - i, bytes.load32be(key + i));
  prepare(state + KEY, state);
  bytes.wipe(state, BLOCK_BYTES);
}

/** Absorb `len` bytes, filled up with zeros to whole blocks. */
export function absorb(state: usize, data: usize, len: u32): void {
  const whole = len & ~(BLOCK_BYTES - 1);
  if (whole != 0) absorbBlocks(state, data, whole / BLOCK_BYTES);
  if (whole == len) return;
  const last = state + WORK;
  memory.fill(last, 0, BLOCK_BYTES);
  memory.copy(last, data + whole, len - whole);
  absorbBlocks(state, last, 1);
}

/** Absorb whole blocks, at least one. The last of them may be at the begin of the workspace. */
@inline
export function absorbBlocks(state: usize, data: usize, blocks: u32): void {
  if (cpu.AES) cpu.ghash(state, data, blocks);
  else absorbBlocksPortable(state, data, blocks);
}

export function absorbBlocksPortable(state: usize, data: usize, blocks: u32): void {
  for (; blocks != 0; blocks--) {
    for (let i: usize = 0; i < BLOCK_BYTES; i += 4) {
      const at = state + 12 - i;
      store<u32>(at, load<u32>(at) ^ bytes.load32be(data + i));
    }
    multiply(state);
    data += BLOCK_BYTES;
  }
}

/** Write the sum to `out`, which need not be aligned. */
export function final(out: usize, state: usize): void {
  for (let i: usize = 0; i < BLOCK_BYTES; i += 4) bytes.store32be(out + i, load<u32>(state + 12 - i));
}

/** The words of a product of 64 bits from three of 32: c0 + (c0 + c1 + mid) x^32 + c1 x^64, here of one of the two halves of each. */
@inline
function middle(c: usize, i: usize, j: usize, k: usize): u32 {
  return load<u32>(c + (i << 2)) ^ load<u32>(c + (j << 2)) ^ load<u32>(c + (k << 2));
}

/** Multiply the sum with H modulo x^128 + x^7 + x^2 + x + 1. */
function multiply(state: usize): void {
  const work = state + WORK;
  prepare(work, state);
  for (let i: usize = 0; i < 2 * OPERANDS_BYTES; i += 4) {
    store<u32>(work + i, product(load<u32>(work + i), load<u32>(state + KEY + i)));
  }
  reduce(state, work, work + OPERANDS_BYTES);
}

/**
 * state = the 255-bit product, modulo the polynomial. The lower halves of the products of words are at `low`, the upper ones, backwards, at `high`.
 */
function reduce(state: usize, low: usize, high: usize): void {
  // Of the three products of 64 bits, the inner words; the outer ones are products themselves.
  const l1 = middle(low, 0, 1, 4);
  const l5 = middle(low, 2, 3, 5);
  const lm = middle(low, 6, 7, 8);
  const h2 = middle(high, 0, 1, 4);
  const h6 = middle(high, 2, 3, 5);
  const hm = middle(high, 6, 7, 8);
  const l0 = load<u32>(low);
  const l2 = load<u32>(low, 4);
  const l4 = load<u32>(low, 8);
  const l6 = load<u32>(low, 12);
  const h1 = load<u32>(high);
  const h3 = load<u32>(high, 4);
  const h5 = load<u32>(high, 8);
  const h7 = load<u32>(high, 12);
  // Word i is a sum of lower halves, one bit up since the product of two blocks whose top bits stand for x^0 has 255 bits, and of upper halves, which are
  // backwards: their lowest bit is the one that the word below has lost.
  const q0 = l0 << 1;
  const q1 = (l1 << 1) ^ reverse(h1);
  const q2 = ((l2 ^ l0 ^ l4 ^ load<u32>(low, 24)) << 1) ^ reverse(h2);
  let q3 = ((l1 ^ l5 ^ lm) << 1) ^ reverse(h3 ^ h1 ^ h5 ^ load<u32>(high, 24));
  let q4 = ((l4 ^ l2 ^ l6 ^ load<u32>(low, 28)) << 1) ^ reverse(h2 ^ h6 ^ hm);
  let q5 = (l5 << 1) ^ reverse(h5 ^ h3 ^ h7 ^ load<u32>(high, 28));
  let q6 = (l6 << 1) ^ reverse(h6);
  let q7 = reverse(h7);
  // x^128 is x^7 + x^2 + x + 1: each of the lower words goes to the word four above, and what falls off to the word below that.
  q4 ^= fold(q0);
  q3 ^= spill(q0);
  q5 ^= fold(q1);
  q4 ^= spill(q1);
  q6 ^= fold(q2);
  q5 ^= spill(q2);
  q7 ^= fold(q3);
  q6 ^= spill(q3);
  store<u32>(state, q4);
  store<u32>(state, q5, 4);
  store<u32>(state, q6, 8);
  store<u32>(state, q7, 12);
}


@inline
function fold(x: u32): u32 {
  return x ^ (x >>> 1) ^ (x >>> 2) ^ (x >>> 7);
}


@inline
function spill(x: u32): u32 {
  return (x << 31) ^ (x << 30) ^ (x << 25);
}
