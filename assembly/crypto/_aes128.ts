/**
 * AES-128 (FIPS 197), two blocks at a time, without tables: bit i of every byte is in word i. In each word, byte r is row r of both
 * states, and bit 2c + b of it belongs to column c of block b. So rows are rotated within bytes, and columns are mixed by rotating words.
 *
 * CT: nothing here branches on, or indexes by, a key or a block.
 */
import { substitute } from "./_sbox";

export const KEY_BYTES: u32 = 16;
export const BLOCK_BYTES: u32 = 16;

/** Bytes of two blocks, and of the words that hold them. */
export const PAIR_BYTES: u32 = 32;

const ROUNDS: u32 = 10;

/** Bytes of the expanded key. */
export const SCHEDULE_BYTES: u32 = (ROUNDS + 1) * PAIR_BYTES;

/** Exchange the bits of the word at a under `mask` << n with those of the word at b under `mask`. */
@inline
function exchange(a: usize, b: usize, mask: u32, n: u32): void {
  const x = load<u32>(a);
  const y = load<u32>(b);
  const t = ((x >>> n) ^ y) & mask;
  store<u32>(a, x ^ (t << n));
  store<u32>(b, y ^ t);
}

/** Transpose the eight bits of each byte with the eight words at q: from blocks to bits, and back. */
function transpose(q: usize): void {
  for (let i: usize = 0; i < PAIR_BYTES; i += 8) exchange(q + i, q + i + 4, 0x55555555, 1);
  for (let i: usize = 0; i < PAIR_BYTES; i += 16) {
    exchange(q + i, q + i + 8, 0x33333333, 2);
    exchange(q + i + 4, q + i + 12, 0x33333333, 2);
  }
  for (let i: usize = 0; i < 16; i += 4) exchange(q + i, q + i + 16, 0x0f0f0f0f, 4);
}

/** Expand a key (FIPS 197 §5.2), which need not be aligned. */
export function expand(schedule: usize, key: usize): void {
  let w0 = load<u32>(key);
  let w1 = load<u32>(key, 4);
  let w2 = load<u32>(key, 8);
  let w3 = load<u32>(key, 12);
  let constant: u32 = 1;
  const end = schedule + SCHEDULE_BYTES;
  for (let at = schedule; ; at += PAIR_BYTES) {
    for (let i: usize = 0; i < 8; i += 4) {
      store<u32>(at + i, w0);
      store<u32>(at + i, w1, 8);
      store<u32>(at + i, w2, 16);
      store<u32>(at + i, w3, 24);
    }
    transpose(at);
    const next = at + PAIR_BYTES;
    if (next == end) break;
    memory.fill(next, 0, PAIR_BYTES);
    store<u32>(next, rotr(w3, 8));
    transpose(next);
    substitute(next);
    transpose(next);
    w0 ^= load<u32>(next) ^ constant;
    w1 ^= w0;
    w2 ^= w1;
    w3 ^= w2;
    constant = (constant << 1) ^ (0x11b & (0 - (constant >>> 7)));
  }
}

/** Encrypt the two blocks at q in place (FIPS 197 §5.1): their words alternate, as they lie in memory. */
export function encrypt(q: usize, schedule: usize): void {
  transpose(q);
  addKey(q, schedule);
  for (let round: u32 = 1; round < ROUNDS; round++) {
    substitute(q);
    shiftRows(q);
    mixColumns(q);
    addKey(q, schedule + round * PAIR_BYTES);
  }
  substitute(q);
  shiftRows(q);
  addKey(q, schedule + ROUNDS * PAIR_BYTES);
  transpose(q);
}


@inline
function addKey(q: usize, key: usize): void {
  for (let i: usize = 0; i < PAIR_BYTES; i += 8) store<u64>(q + i, load<u64>(q + i) ^ load<u64>(key + i));
}

/** Rotate row r by r columns (FIPS 197 §5.1.2): byte r of each word by 2r bits. */
@inline
function shiftRows(q: usize): void {
  for (let i: usize = 0; i < PAIR_BYTES; i += 4) {
    const x = load<u32>(q + i);
    const right = ((x >>> 2) & 0x00003f00) | ((x >>> 4) & 0x000f0000) | ((x >>> 6) & 0x03000000);
    const left = ((x << 6) & 0x0000c000) | ((x << 4) & 0x00f00000) | ((x << 2) & 0xfc000000);
    store<u32>(q + i, (x & 0xff) | right | left);
  }
}

/** Multiply each column (FIPS 197 §5.1.3). a_r becomes 2 (a_r + a_r+1) + a_r+1 + (a_r+2 + a_r+3). */
@inline
function mixColumns(q: usize): void {
  const last = load<u32>(q, 28);
  const carry = last ^ rotr(last, 8);
  let doubled = carry;
  for (let i: u32 = 0; i < PAIR_BYTES; i += 4) {
    const x = load<u32>(q + i);
    const y = rotr(x, 8);
    const sum = x ^ y;
    // x^8 is x^4 + x^3 + x + 1: what leaves at the top comes in at bits 0, 1, 3 and 4.
    const reduced = i == 4 || i == 12 || i == 16 ? doubled ^ carry : doubled;
    store<u32>(q + i, reduced ^ y ^ rotr(sum, 16));
    doubled = sum;
  }
}
