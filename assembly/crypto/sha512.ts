/**
 * SHA-512 (FIPS 180-4, RFC 6234).
 *
 * CT: lengths leak; the data do not.
 */
import { load64be, store64be, wipe } from "../lib/bytes";
import * as scratch from "../lib/scratch";
import { sha512k } from "./_table";

export const DIGEST_BYTES: u32 = 64;
export const BLOCK_BYTES: u32 = 128;

/** A hash in progress, owned by the caller. */
@unmanaged
export class Sha512 {
  /** The chaining value, H0 to H7. */
  h0: u64;
  h1: u64;
  h2: u64;
  h3: u64;
  h4: u64;
  h5: u64;
  h6: u64;
  h7: u64;
  /** Bytes hashed so far; the lowest seven bits tell how many wait in `block`. */
  total: u64;
  /** The block that is not yet full: this word and the fifteen after it. */
  block: u64;
  block1: u64;
  block2: u64;
  block3: u64;
  block4: u64;
  block5: u64;
  block6: u64;
  block7: u64;
  block8: u64;
  block9: u64;
  block10: u64;
  block11: u64;
  block12: u64;
  block13: u64;
  block14: u64;
  block15: u64;
}

/** Begin a hash. */
export function init(ctx: Sha512): void {
  ctx.h0 = 0x6a09e667f3bcc908;
  ctx.h1 = 0xbb67ae8584caa73b;
  ctx.h2 = 0x3c6ef372fe94f82b;
  ctx.h3 = 0xa54ff53a5f1d36f1;
  ctx.h4 = 0x510e527fade682d1;
  ctx.h5 = 0x9b05688c2b3e6c1f;
  ctx.h6 = 0x1f83d9abfb41bd6b;
  ctx.h7 = 0x5be0cd19137e2179;
  ctx.total = 0;
}

/** Hash `len` more bytes. */
export function update(ctx: Sha512, data: usize, len: u32): void {
  const block = changetype<usize>(ctx) + offsetof<Sha512>("block");
  const used = (<u32>ctx.total) & (BLOCK_BYTES - 1);
  ctx.total += len;
  if (used > 0) {
    const fill = min(BLOCK_BYTES - used, len);
    memory.copy(block + used, data, fill);
    if (used + fill < BLOCK_BYTES) return;
    compress(ctx, block, 1);
    data += fill;
    len -= fill;
  }
  const blocks = len / BLOCK_BYTES;
  if (blocks > 0) compress(ctx, data, blocks);
  const whole = blocks * BLOCK_BYTES;
  memory.copy(block, data + whole, len - whole);
}

/** Write the digest to `out`, which may not be inside `ctx`, and wipe `ctx`. */
export function final(out: usize, ctx: Sha512): void {
  const block = changetype<usize>(ctx) + offsetof<Sha512>("block");
  let used = (<u32>ctx.total) & (BLOCK_BYTES - 1);
  store<u8>(block + used++, 0x80);
  if (used > BLOCK_BYTES - 16) {
    memory.fill(block + used, 0, BLOCK_BYTES - used);
    compress(ctx, block, 1);
    used = 0;
  }
  memory.fill(block + used, 0, BLOCK_BYTES - 8 - used);
  store64be(block + BLOCK_BYTES - 8, ctx.total << 3);
  compress(ctx, block, 1);
  for (let i: usize = 0; i < DIGEST_BYTES; i += 8) store64be(out + i, load<u64>(changetype<usize>(ctx) + i));
  wipe(changetype<usize>(ctx), offsetof<Sha512>());
}

/** Write the digest of what was hashed so far to `out`; `ctx` can go on. */
export function peek(out: usize, ctx: Sha512): void {
  const mark = scratch.mark();
  const copy = scratch.take(offsetof<Sha512>());
  memory.copy(copy, changetype<usize>(ctx), offsetof<Sha512>());
  final(out, changetype<Sha512>(copy));
  scratch.release(mark);
}

/** Write the digest of `len` bytes at `data` to `out`; the two may overlap. */
export function hash(out: usize, data: usize, len: u32): void {
  const mark = scratch.mark();
  const ctx = changetype<Sha512>(scratch.take(offsetof<Sha512>()));
  init(ctx);
  update(ctx, data, len);
  final(out, ctx);
  scratch.release(mark);
}

/** Σ0 of FIPS 180-4 §4.1.3, and Σ1, σ0, σ1 below it. */
@inline
function sum0(x: u64): u64 {
  return rotr(x, 28) ^ rotr(x, 34) ^ rotr(x, 39);
}


@inline
function sum1(x: u64): u64 {
  return rotr(x, 14) ^ rotr(x, 18) ^ rotr(x, 41);
}


@inline
function sigma0(x: u64): u64 {
  return rotr(x, 1) ^ rotr(x, 8) ^ (x >>> 7);
}


@inline
function sigma1(x: u64): u64 {
  return rotr(x, 19) ^ rotr(x, 61) ^ (x >>> 6);
}

/** Run the compression function over `blocks` blocks at `data`, which needs no alignment (FIPS 180-4 §6.4.2). */
function compress(ctx: Sha512, data: usize, blocks: u32): void {
  const mark = scratch.mark();
  const w = scratch.take(BLOCK_BYTES);
  for (; blocks > 0; blocks--, data += BLOCK_BYTES) {
    let a = ctx.h0,
      b = ctx.h1,
      c = ctx.h2,
      d = ctx.h3,
      e = ctx.h4,
      f = ctx.h5,
      g = ctx.h6,
      h = ctx.h7;
    for (let i: u32 = 0; i < 80; i++) {
      const t = h + sum1(e) + (g ^ (e & (f ^ g))) + roundConstant(i) + schedule(w, data, i);
      h = g;
      g = f;
      f = e;
      e = d + t;
      d = c;
      c = b;
      b = a;
      a = t + sum0(b) + ((b & c) | (d & (b | c)));
    }
    ctx.h0 += a;
    ctx.h1 += b;
    ctx.h2 += c;
    ctx.h3 += d;
    ctx.h4 += e;
    ctx.h5 += f;
    ctx.h6 += g;
    ctx.h7 += h;
  }
  scratch.release(mark);
}

/** Round constant `i`. */
@inline
function roundConstant(i: u32): u64 {
  return ((<u64>sha512k(i, 1)) << 32) | sha512k(i, 0);
}

/** Word `i` of the message schedule; `w` keeps the last sixteen. */
@inline
function schedule(w: usize, data: usize, i: u32): u64 {
  const at = w + ((i & 15) << 3);
  const word =
    i < 16
      ? load64be(data + (i << 3))
      : load<u64>(at) +
        sigma0(load<u64>(w + (((i + 1) & 15) << 3))) +
        load<u64>(w + (((i + 9) & 15) << 3)) +
        sigma1(load<u64>(w + (((i + 14) & 15) << 3)));
  store<u64>(at, word);
  return word;
}
