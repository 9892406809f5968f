/**
 * AES-128 (FIPS 197), two blocks at a time, without tables: bit i of every byte is in word i. In each word, byte r is row r of both
 * states, and bit 2c + b of it belongs to column c of block b. So rows are rotated within bytes, and columns are mixed by rotating words.
 *
 * Two shifts of the rows are made at once, in the even rounds: they exchange the halves of two bytes of each word. An odd round mixes columns whose
 * shift is still to be made, and its key is shifted back (Adomnicai and Peyrin, "Fixslicing AES-like ciphers", 2021). The constant of the S-box
 * is in the keys.
 *
 * CT: nothing here branches on, or indexes by, a key or a block.
 */
import * as cpu from "./_cpu";
import * as sbox from "./_sbox";

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
@inline
export function transpose(q: usize): void {
  if (cpu.AES) cpu.aes128Transpose(q);
  else transposePortable(q);
}

export function transposePortable(q: usize): void {
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
    if (at != schedule) addConstant(at);
    const next = at + PAIR_BYTES;
    if (next == end) break;
    if ((at - schedule) & PAIR_BYTES) shiftBack(at);
    memory.fill(next, 0, PAIR_BYTES);
    store<u32>(next, rotr(w3, 8));
    transpose(next);
    sbox.substitute(next);
    transpose(next);
    w0 ^= load<u32>(next) ^ constant ^ 0x63636363;
    w1 ^= w0;
    w2 ^= w1;
    w3 ^= w2;
    constant = (constant << 1) ^ (0x11b & (0 - (constant >>> 7)));
  }
}

/** Add the constant of the S-box, 0x63, to every byte. */
@inline
function addConstant(q: usize): void {
  for (let i: usize = 0; i < PAIR_BYTES; i += 20) {
    store<u32>(q + i, ~load<u32>(q + i));
    store<u32>(q + i, ~load<u32>(q + i, 4), 4);
  }
}

/** Encrypt the two blocks at q in place (FIPS 197 §5.1): their words alternate, as they lie in memory. */
@inline
export function encrypt(q: usize, schedule: usize): void {
  if (cpu.AES) cpu.aes128Encrypt(q, schedule);
  else encryptPortable(q, schedule);
}

export function encryptPortable(q: usize, schedule: usize): void {
  transposePortable(q);
  addKey(q, schedule);
  const last = schedule + ROUNDS * PAIR_BYTES;
  for (let key = schedule; ;) {
    key += PAIR_BYTES;
    sbox.substitutePortable(q);
    mixShifted(q);
    addKey(q, key);
    key += PAIR_BYTES;
    sbox.substitutePortable(q);
    shiftTwice(q);
    if (key == last) break;
    mixColumns(q);
    addKey(q, key);
  }
  addKey(q, last);
  transposePortable(q);
}


@inline
function addKey(q: usize, key: usize): void {
  for (let i: usize = 0; i < PAIR_BYTES; i += 8) store<u64>(q + i, load<u64>(q + i) ^ load<u64>(key + i));
}

/** Rotate row r back by r columns (FIPS 197 §5.3.1): byte r of each word by 2r bits. */
function shiftBack(q: usize): void {
  for (let i: usize = 0; i < PAIR_BYTES; i += 4) {
    const x = load<u32>(q + i);
    const left = ((x << 2) & 0x0000fc00) | ((x << 4) & 0x00f00000) | ((x << 6) & 0xc0000000);
    const right = ((x >>> 6) & 0x00000300) | ((x >>> 4) & 0x000f0000) | ((x >>> 2) & 0x3f000000);
    store<u32>(q + i, (x & 0xff) | left | right);
  }
}

/** Rotate row r by 2r columns: exchange the halves of bytes 1 and 3. */
@inline
function shiftTwice(q: usize): void {
  for (let i: usize = 0; i < PAIR_BYTES; i += 4) {
    const x = load<u32>(q + i);
    const t = ((x >>> 4) ^ x) & 0x0f000f00;
    store<u32>(q + i, x ^ t ^ (t << 4));
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
    store<u32>(q + i, reduced(doubled, carry, i) ^ y ^ rotr(sum, 16));
    doubled = sum;
  }
}

/** The same where row r is still to be rotated by r columns, before and after: what is k rows on is k columns on, 2k bits of its byte. */
@inline
function mixShifted(q: usize): void {
  const last = load<u32>(q, 28);
  const carry = last ^ next(last);
  let doubled = carry;
  for (let i: u32 = 0; i < PAIR_BYTES; i += 4) {
    const x = load<u32>(q + i);
    const y = next(x);
    const sum = x ^ y;
    const opposite = rotr(sum & 0xf0f0f0f0, 20) ^ rotr(sum & 0x0f0f0f0f, 12);
    store<u32>(q + i, reduced(doubled, carry, i) ^ y ^ opposite);
    doubled = sum;
  }
}

/** The next row of each row. */
@inline
function next(x: u32): u32 {
  return rotr(x & 0xfcfcfcfc, 10) ^ rotr(x & 0x03030303, 2);
}

/** x^8 is x^4 + x^3 + x + 1: what leaves at the top comes in at bits 0, 1, 3 and 4; `doubled` begins as the carry. */
@inline
function reduced(doubled: u32, carry: u32, i: u32): u32 {
  return i == 4 || i == 12 || i == 16 ? doubled ^ carry : doubled;
}
