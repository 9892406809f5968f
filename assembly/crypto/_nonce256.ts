/**
 * The nonce of a signature on P-256 (RFC 6979 §3.2): the first output of HMAC_DRBG that is a scalar. Each key of HMAC-SHA-256 is prepared once and used for all
 * that it authenticates, and the first one, zero, is prepared in flash. Its texts are written as whole blocks, with the padding of SHA-256.
 *
 * CT: how many outputs were no scalars leaks, and whether there is noise; keys and outputs do not.
 */
import * as bytes from "../lib/bytes";
import * as scratch from "../lib/scratch";
import * as montgomery from "./_montgomery";
import * as sc from "./_sc256";
import { compress } from "./_sha256";
import * as table from "./_table";
import * as table256 from "./_table256";

const LEN: u32 = 32;
const BLOCK: u32 = 64;

/** The chaining values after the padded key, inner and outer, and that of the MAC in progress. */
const INNER: usize = 0;
const OUTER: usize = 32;
const CHAIN: usize = 64;
/** A block that begins with V or an inner digest: 96 bytes with the padded key before it. */
const SHORT: usize = 96;
/** V ‖ a byte ‖ the secret ‖ the digest's number ‖ the noise, in whole blocks. */
const LONG: usize = SHORT + BLOCK;
const SECRET: usize = LONG + LEN + 1;
const NUMBER: usize = SECRET + LEN;
const NOISE: usize = NUMBER + LEN;
const STATE_BYTES: u32 = <u32>LONG + 3 * BLOCK;

/**
 * out = a nonce in 1..n - 1 from the secret and the digest's number, 32 big-endian bytes each, and the noise (§3.6), as many bytes or 0 for none. `order` is n in
 * memory.
 */
export function derive(out: usize, secret: usize, number: usize, noise: usize, order: usize): void {
  const w = scratch.take(STATE_BYTES);
  memory.fill(w + SHORT, 0, STATE_BYTES - <u32>SHORT);
  memory.fill(w + LONG, 1, LEN);
  memory.copy(w + SECRET, secret, LEN);
  memory.copy(w + NUMBER, number, LEN);
  if (noise) memory.copy(w + NOISE, noise, LEN);
  const blocks = close(w + LONG, noise ? 129 : 97);
  close(w + SHORT, LEN);
  table256.getSecret(w + INNER, table256.Secret.ZeroKey);
  table256.getSecret(w + OUTER, table256.Secret.ZeroKey + 8);
  for (let round: u32 = 0; round < 2; round++) {
    store<u8>(w + LONG, <u8>round, LEN);
    authenticate(w, w + LONG, blocks);
    rekey(w);
  }
  for (;;) {
    next(w);
    montgomery.read(out, w + LONG, sc.BYTES);
    if (sc.isValid(out, order)) break;
    // Once in 2^32 nonces. Nothing of the refused number is used.
    store<u8>(w + LONG, 0, LEN);
    memory.fill(w + LONG + LEN + 1, 0, 3 * BLOCK - LEN - 1);
    authenticate(w, w + LONG, close(w + LONG, LEN + 1));
    rekey(w);
  }
  scratch.release(w);
}

/** Pad a text that follows one block (FIPS 180-4 §5.1.1) and is followed by zeros: the number of its blocks. */
function close(text: usize, len: u32): u32 {
  const blocks = (len + 8) / BLOCK + 1;
  store<u8>(text + len, 0x80);
  store<u32>(text + blocks * BLOCK - 4, bswap((BLOCK + len) << 3));
  return blocks;
}

/** The block at w + SHORT begins with the MAC of whole blocks. */
function authenticate(w: usize, text: usize, blocks: u32): void {
  memory.copy(w + CHAIN, w + INNER, LEN);
  compress(w + CHAIN, text, blocks);
  output(w);
  memory.copy(w + CHAIN, w + OUTER, LEN);
  compress(w + CHAIN, w + SHORT, 1);
  output(w);
}

/** The block at w + SHORT begins with the chaining value as bytes. */
function output(w: usize): void {
  for (let i: usize = 0; i < LEN; i += 4) store<u32>(w + SHORT + i, bswap(load<u32>(w + CHAIN + i)));
}

/** K = the MAC; V = that of V under the new K. */
function rekey(w: usize): void {
  memory.copy(w + CHAIN, w + SHORT, LEN);
  pad(w, w + INNER, 0x36363636);
  pad(w, w + OUTER, 0x5c5c5c5c);
  memory.copy(w + SHORT, w + LONG, LEN);
  next(w);
}

/** V = the MAC of V, which is in both of its places. */
function next(w: usize): void {
  authenticate(w, w + SHORT, 1);
  memory.copy(w + LONG, w + SHORT, LEN);
}

/** out = the chaining value after the key at w + CHAIN, padded. */
function pad(w: usize, out: usize, word: u32): void {
  const block = scratch.take(BLOCK);
  for (let i: usize = 0; i < LEN; i += 4) {
    store<u32>(block + i, load<u32>(w + CHAIN + i) ^ word);
    store<u32>(block + i, word, 32);
    store<u32>(out + i, table.sha2(table.START + ((<u32>i) >>> 2), 1));
  }
  compress(out, block, 1);
  scratch.release(block);
}
