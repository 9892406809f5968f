/**
 * AES-128-GCM (SP 800-38D) with nonces of 12 bytes and tags of 16, without tables.
 */
import * as bytes from "../lib/bytes";
import * as scratch from "../lib/scratch";
import { Status } from "../lib/status";
import * as words from "../lib/words";
import * as aes from "./_aes128";
import * as ghash from "./_ghash";

export const KEY_BYTES: u32 = aes.KEY_BYTES;
export const NONCE_BYTES: u32 = 12;
export const TAG_BYTES: u32 = 16;

/** State of a message: the expanded key, the state of GHASH, two blocks, and the mask of the tag. */
const SCHEDULE: usize = 0;
const HASH: usize = aes.SCHEDULE_BYTES;
const PAIR: usize = HASH + ghash.STATE_BYTES;
const MASK: usize = PAIR + aes.PAIR_BYTES;
const EXPECTED: usize = MASK + TAG_BYTES;
const BYTES: usize = EXPECTED + TAG_BYTES;

/**
 * Seal one message: write `textLen` bytes to `out` and 16 to `tag`.
 *
 * A nonce is used once under a key, by contract of the caller. `out` may be `text`; no other overlap is allowed.
 *
 * CT: adLen and textLen leak. Key, nonce and texts do not.
 */
export function seal(
  out: usize,
  tag: usize,
  key: usize,
  nonce: usize,
  ad: usize,
  adLen: u32,
  text: usize,
  textLen: u32,
): void {
  const w = scratch.take(<u32>BYTES);
  start(w, key, nonce);
  crypt(out, w, nonce, text, textLen, 2);
  authenticate(tag, w, ad, adLen, out, textLen);
  scratch.release(w);
}

/**
 * Open one message.
 *
 * The tag is checked before any plaintext is written: on Forged, `out` is untouched. `out` may be `text`;
 * no other overlap is allowed.
 *
 * CT: adLen, textLen and the verdict leak. Key, texts, and where a bad tag first differs do not.
 */
export function open(
  out: usize,
  key: usize,
  nonce: usize,
  ad: usize,
  adLen: u32,
  text: usize,
  textLen: u32,
  tag: usize,
): Status {
  const w = scratch.take(<u32>BYTES);
  start(w, key, nonce);
  authenticate(w + EXPECTED, w, ad, adLen, text, textLen);
  const genuine = words.equal(w + EXPECTED, tag, TAG_BYTES);
  if (genuine) crypt(out, w, nonce, text, textLen, 2);
  scratch.release(w);
  return genuine ? Status.Ok : Status.Forged;
}

/** Bytes of what stays of an authenticator between two pieces of a text. */
export const SUM_BYTES: u32 = ghash.BLOCK_BYTES;

/** Add a piece of a text to the sum of its tag, as `aead.absorb` does. CT: lengths leak. Key, nonce, sum and text do not. */
export function absorb(
  sum: usize,
  key: usize,
  nonce: usize,
  ad: usize,
  adLen: u32,
  text: usize,
  textLen: u32,
  done: u32,
): void {
  const w = scratch.take(<u32>BYTES);
  start(w, key, nonce);
  memory.copy(w + HASH, sum, SUM_BYTES);
  if (done == 0) ghash.absorb(w + HASH, ad, adLen);
  ghash.absorb(w + HASH, text, textLen);
  memory.copy(sum, w + HASH, SUM_BYTES);
  scratch.release(w);
}

/** Write the tag of a text of `len` bytes whose pieces are all in the sum. CT: lengths leak. */
export function tag(out: usize, sum: usize, key: usize, nonce: usize, adLen: u32, len: u32): void {
  const w = scratch.take(<u32>BYTES);
  start(w, key, nonce);
  memory.copy(w + HASH, sum, SUM_BYTES);
  finish(out, w, adLen, len);
  scratch.release(w);
}

/** Encrypt or decrypt a piece of a text in place, which begins `done` bytes into it, a multiple of 64. CT: lengths leak. */
export function xor(text: usize, key: usize, nonce: usize, len: u32, done: u32): void {
  const w = scratch.take(<u32>BYTES);
  aes.expand(w + SCHEDULE, key);
  crypt(text, w, nonce, text, len, 2 + done / aes.BLOCK_BYTES);
  scratch.release(w);
}

/** Put block `b` of two at w + PAIR: nonce ‖ counter. */
@inline
function setCounter(w: usize, b: usize, nonce: usize, counter: u32): void {
  const at = w + PAIR + 4 * b;
  store<u32>(at, load<u32>(nonce));
  store<u32>(at, load<u32>(nonce, 4), 8);
  store<u32>(at, load<u32>(nonce, 8), 16);
  store<u32>(at, bswap(counter), 24);
}

/** Expand the key, and encrypt the block of zeros, which is the key of GHASH, and the first counter, which masks the tag (§7.1). */
function start(w: usize, key: usize, nonce: usize): void {
  aes.expand(w + SCHEDULE, key);
  setCounter(w, 1, nonce, 1);
  for (let i: usize = 0; i < aes.PAIR_BYTES; i += 8) store<u32>(w + PAIR + i, 0);
  aes.encrypt(w + PAIR, w + SCHEDULE);
  for (let i: usize = 0; i < aes.BLOCK_BYTES; i += 4) {
    store<u32>(w + EXPECTED + i, load<u32>(w + PAIR + 2 * i));
    store<u32>(w + MASK + i, load<u32>(w + PAIR + 2 * i, 4));
  }
  ghash.init(w + HASH, w + EXPECTED);
}

/** Encrypt or decrypt in counter mode (§6.5); the first block of a text has the counter 2. */
function crypt(out: usize, w: usize, nonce: usize, text: usize, len: u32, counter: u32): void {
  const pair = w + PAIR;
  for (; len != 0; counter += 2) {
    setCounter(w, 0, nonce, counter);
    setCounter(w, 1, nonce, counter + 1);
    aes.encrypt(pair, w + SCHEDULE);
    const count = min(len, aes.PAIR_BYTES);
    const whole = count & ~3;
    for (let i: u32 = 0; i < whole; i += 4) {
      store<u32>(out + i, load<u32>(text + i) ^ load<u32>(pair + place(i)));
    }
    for (let i = whole; i < count; i++) {
      store<u8>(out + i, load<u8>(text + i) ^ load<u8>(pair + place(i & ~3) + (i & 3)));
    }
    text += count;
    out += count;
    len -= count;
  }
}

/** Place of the word at byte i of the two blocks: they alternate. */
@inline
function place(i: u32): u32 {
  return ((i & 12) << 1) | ((i & 16) >>> 2);
}

/** Write the tag over additional data and ciphertext (§7.1, steps 5 and 6). */
function authenticate(tag: usize, w: usize, ad: usize, adLen: u32, text: usize, textLen: u32): void {
  ghash.absorb(w + HASH, ad, adLen);
  ghash.absorb(w + HASH, text, textLen);
  finish(tag, w, adLen, textLen);
}

/** Write the tag of a text that is absorbed. */
@inline
function finish(tag: usize, w: usize, adLen: u32, textLen: u32): void {
  const lengths = w + PAIR;
  store<u64>(lengths, bswap((<u64>adLen) << 3));
  store<u64>(lengths, bswap((<u64>textLen) << 3), 8);
  ghash.absorb(w + HASH, lengths, aes.BLOCK_BYTES);
  ghash.final(tag, w + HASH);
  for (let i: usize = 0; i < TAG_BYTES; i++) store<u8>(tag + i, load<u8>(tag + i) ^ load<u8>(w + MASK + i));
  bytes.wipe(lengths, aes.PAIR_BYTES);
}
