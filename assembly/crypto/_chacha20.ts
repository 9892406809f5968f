/**
 * The ChaCha20 stream cipher (RFC 8439 §2.4).
 *
 * CT: lengths leak; key, nonce, counter and data do not.
 */
import * as scratch from "../lib/scratch";
import * as cpu from "./_cpu";

export const KEY_BYTES: u32 = 32;
export const NONCE_BYTES: u32 = 12;
export const BLOCK_BYTES: u32 = 64;

/** Bytes of a state: sixteen words, constants, key, counter and nonce. */
export const STATE_BYTES: u32 = 64;

/** Place of the block counter in a state. */
const COUNTER: usize = 48;

/** Set up a state that starts at block `counter` (§2.3). */
export function init(state: usize, key: usize, nonce: usize, counter: u32): void {
  store<u32>(state, 0x61707865);
  store<u32>(state, 0x3320646e, 4);
  store<u32>(state, 0x79622d32, 8);
  store<u32>(state, 0x6b206574, 12);
  memory.copy(state + 16, key, KEY_BYTES);
  store<u32>(state + COUNTER, counter);
  memory.copy(state + 52, nonce, NONCE_BYTES);
}

/**
 * Exclusive-or `len` bytes of `text` with the key stream into `out`, which may be `text`.
 *
 * A call that is not the last must be given whole blocks: what is left of a block is not used later.
 */
export function xor(out: usize, text: usize, len: u32, state: usize): void {
  const blocks = len / BLOCK_BYTES;
  if (blocks > 0) xorBlocks(out, text, blocks, state);
  const whole = blocks * BLOCK_BYTES;
  const rest = len - whole;
  if (rest == 0) return;
  const last = scratch.take(BLOCK_BYTES);
  memory.fill(last, 0, BLOCK_BYTES);
  memory.copy(last, text + whole, rest);
  xorBlocks(last, last, 1, state);
  memory.copy(out + whole, last, rest);
  scratch.release(last);
}

/** Exclusive-or whole blocks; no alignment needed but of `state`. Advances the counter, which wraps after 2^32. */
export function xorBlocks(out: usize, text: usize, blocks: u32, state: usize): void {
  if (cpu.CHACHA20) cpu.chacha20(out, text, blocks, state);
  else xorBlocksPortable(out, text, blocks, state);
}

/** `xorBlocks` on any core. */
export function xorBlocksPortable(out: usize, text: usize, blocks: u32, state: usize): void {
  const work = scratch.take(STATE_BYTES);
  for (; blocks > 0; blocks--, out += BLOCK_BYTES, text += BLOCK_BYTES) {
    memory.copy(work, state, STATE_BYTES);
    for (let i = 0; i < 10; i++) doubleRound(work);
    for (let i: usize = 0; i < STATE_BYTES; i += 4) {
      store<u32>(out + i, load<u32>(text + i) ^ (load<u32>(work + i) + load<u32>(state + i)));
    }
    store<u32>(state + COUNTER, load<u32>(state + COUNTER) + 1);
  }
  scratch.release(work);
}

/** A column round and a diagonal round (§2.3); the small profile has one quarter round in a loop. */
function doubleRound(work: usize): void {
  if (cpu.SMALL) {
    for (let i: usize = 0; i < 8; i++) {
      const turn = i >>> 2;
      quarter(work, i & 3, 4 + ((i + turn) & 3), 8 + ((i + 2 * turn) & 3), 12 + ((i + 3 * turn) & 3));
    }
    return;
  }
  quarter(work, 0, 4, 8, 12);
  quarter(work, 1, 5, 9, 13);
  quarter(work, 2, 6, 10, 14);
  quarter(work, 3, 7, 11, 15);
  quarter(work, 0, 5, 10, 15);
  quarter(work, 1, 6, 11, 12);
  quarter(work, 2, 7, 8, 13);
  quarter(work, 3, 4, 9, 14);
}

/** One quarter round on four words of `work` (§2.1). */
@inline
function quarter(work: usize, i: usize, j: usize, k: usize, l: usize): void {
  let a = load<u32>(work + (i << 2));
  let b = load<u32>(work + (j << 2));
  let c = load<u32>(work + (k << 2));
  let d = load<u32>(work + (l << 2));
  a += b;
  d = rotl(d ^ a, 16);
  c += d;
  b = rotl(b ^ c, 12);
  a += b;
  d = rotl(d ^ a, 8);
  c += d;
  b = rotl(b ^ c, 7);
  store<u32>(work + (i << 2), a);
  store<u32>(work + (j << 2), b);
  store<u32>(work + (k << 2), c);
  store<u32>(work + (l << 2), d);
}
