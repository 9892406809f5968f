/**
 * ChaCha20-Poly1305 (RFC 8439 §2.8).
 */
import * as scratch from "../lib/scratch";
import { Status } from "../lib/status";
import * as words from "../lib/words";
import * as chacha20 from "./_chacha20";
import * as poly1305 from "./_poly1305";
import { Poly1305 } from "./_poly1305";

export const KEY_BYTES: u32 = chacha20.KEY_BYTES;
export const NONCE_BYTES: u32 = chacha20.NONCE_BYTES;
export const TAG_BYTES: u32 = poly1305.TAG_BYTES;

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
  const cipher = scratch.take(chacha20.STATE_BYTES);
  const mac = changetype<Poly1305>(scratch.take(offsetof<Poly1305>()));
  start(cipher, mac, key, nonce);
  chacha20.xor(out, text, textLen, cipher);
  authenticate(tag, mac, ad, adLen, out, textLen);
  scratch.release(cipher);
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
  const cipher = scratch.take(chacha20.STATE_BYTES);
  const mac = changetype<Poly1305>(scratch.take(offsetof<Poly1305>()));
  const expected = scratch.take(TAG_BYTES);
  start(cipher, mac, key, nonce);
  authenticate(expected, mac, ad, adLen, text, textLen);
  const genuine = words.equal(expected, tag, TAG_BYTES);
  if (genuine) chacha20.xor(out, text, textLen, cipher);
  scratch.release(cipher);
  return genuine ? Status.Ok : Status.Forged;
}

/** Bytes of what stays of an authenticator between two pieces of a text: its sum. */
export const SUM_BYTES: u32 = 20;
/** Place of the sum in an authenticator. */
const SUM: usize = poly1305.KEY_BYTES;

/** Set up cipher and authenticator behind `done` bytes of a text, a multiple of 64. */
function resume(cipher: usize, mac: Poly1305, key: usize, nonce: usize, sum: usize, done: u32): void {
  start(cipher, mac, key, nonce);
  chacha20.init(cipher, key, nonce, 1 + done / chacha20.BLOCK_BYTES);
  memory.copy(changetype<usize>(mac) + SUM, sum, SUM_BYTES);
}

/**
 * Add a piece of a text, which begins `done` bytes into it, to the sum of its tag; `done` and each piece but the last are multiples of 64. Before the first piece, which adds the additional data
 * too, the sum is 0. With `tag` and `xor` a message is opened in pieces: no plaintext may be believed before the tag was compared.
 *
 * CT: lengths leak. Key, nonce, sum and text do not.
 */
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
  const cipher = scratch.take(chacha20.STATE_BYTES);
  const mac = changetype<Poly1305>(scratch.take(offsetof<Poly1305>()));
  resume(cipher, mac, key, nonce, sum, done);
  if (done == 0) poly1305.absorb(mac, ad, adLen);
  poly1305.absorb(mac, text, textLen);
  memory.copy(sum, changetype<usize>(mac) + SUM, SUM_BYTES);
  scratch.release(cipher);
}

/** Write the tag of a text of `len` bytes whose pieces are all in the sum. CT: lengths leak. */
export function tag(out: usize, sum: usize, key: usize, nonce: usize, adLen: u32, len: u32): void {
  const cipher = scratch.take(chacha20.STATE_BYTES);
  const mac = changetype<Poly1305>(scratch.take(offsetof<Poly1305>()));
  resume(cipher, mac, key, nonce, sum, 0);
  poly1305.absorb(mac, putLengths(adLen, len), LENGTHS_BYTES);
  poly1305.final(out, mac);
  scratch.release(cipher);
}

/** Encrypt or decrypt a piece of a text in place, which begins `done` bytes into it, a multiple of 64. CT: lengths leak. */
export function xor(text: usize, key: usize, nonce: usize, len: u32, done: u32): void {
  const cipher = scratch.take(chacha20.STATE_BYTES);
  chacha20.init(cipher, key, nonce, 1 + done / chacha20.BLOCK_BYTES);
  chacha20.xor(text, text, len, cipher);
  scratch.release(cipher);
}

/** Make the one-time key from block 0 (§2.6); `cipher` is left at block 1. */
function start(cipher: usize, mac: Poly1305, key: usize, nonce: usize): void {
  const block = scratch.take(chacha20.BLOCK_BYTES);
  memory.fill(block, 0, chacha20.BLOCK_BYTES);
  chacha20.init(cipher, key, nonce, 0);
  chacha20.xor(block, block, chacha20.BLOCK_BYTES, cipher);
  poly1305.init(mac, block);
  scratch.release(block);
}

const LENGTHS_BYTES: u32 = 16;

/** Put the lengths that end the authenticated data into scratch memory; returns their place. */
@inline
function putLengths(adLen: u32, textLen: u32): usize {
  const lengths = scratch.take(LENGTHS_BYTES);
  store<u64>(lengths, adLen);
  store<u64>(lengths, textLen, 8);
  return lengths;
}

/** Write the tag over additional data and ciphertext. */
function authenticate(tag: usize, mac: Poly1305, ad: usize, adLen: u32, text: usize, textLen: u32): void {
  const lengths = putLengths(adLen, textLen);
  poly1305.absorb(mac, ad, adLen);
  poly1305.absorb(mac, text, textLen);
  poly1305.absorb(mac, lengths, LENGTHS_BYTES);
  poly1305.final(tag, mac);
  scratch.release(lengths);
}
