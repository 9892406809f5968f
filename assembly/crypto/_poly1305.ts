/**
 * The Poly1305 one-time authenticator over whole blocks (RFC 8439 §2.5), which is all the AEAD construction needs.
 *
 * Numbers are kept as little-endian 32-bit words and worked on as ten limbs of 13 bits, so that every product is one
 * 32-bit multiplication: on cores whose long multiplication takes a time that depends on the data, or that have none,
 * this is what is constant in time.
 *
 * CT: lengths leak; key and data do not.
 */
import * as scratch from "../lib/scratch";
import * as cpu from "./_cpu";

export const KEY_BYTES: u32 = 32;
export const TAG_BYTES: u32 = 16;
export const BLOCK_BYTES: u32 = 16;

const LIMBS: u32 = 10;
const LIMBS_BYTES: u32 = 40;
const LIMB_BITS: u32 = 13;
const LIMB_MASK: u32 = 0x1fff;

/** An authenticator in progress: r (clamped), s and the accumulator h < 2^131, each in 32-bit words. */
@unmanaged
export class Poly1305 {
  r0: u32;
  r1: u32;
  r2: u32;
  r3: u32;
  s0: u32;
  s1: u32;
  s2: u32;
  s3: u32;
  h0: u32;
  h1: u32;
  h2: u32;
  h3: u32;
  h4: u32;
}

/** Begin under a 32-byte one-time key. */
export function init(ctx: Poly1305, key: usize): void {
  memory.copy(changetype<usize>(ctx), key, KEY_BYTES);
  ctx.r0 &= 0x0fffffff;
  ctx.r1 &= 0x0ffffffc;
  ctx.r2 &= 0x0ffffffc;
  ctx.r3 &= 0x0ffffffc;
  memory.fill(changetype<usize>(ctx) + offsetof<Poly1305>("h0"), 0, 20);
}

/** Absorb `len` bytes, and zero bytes up to the next multiple of 16 (§2.8). */
export function absorb(ctx: Poly1305, data: usize, len: u32): void {
  const blocks = len / BLOCK_BYTES;
  if (blocks > 0) absorbBlocks(ctx, data, blocks);
  const whole = blocks * BLOCK_BYTES;
  if (len == whole) return;
  const last = scratch.take(BLOCK_BYTES);
  memory.fill(last, 0, BLOCK_BYTES);
  memory.copy(last, data + whole, len - whole);
  absorbBlocks(ctx, last, 1);
  scratch.release(last);
}

/** Write the tag to `out` (§2.5), which may not be inside `ctx`. */
export function final(out: usize, ctx: Poly1305): void {
  const s = changetype<usize>(ctx) + offsetof<Poly1305>("s0");
  const h = changetype<usize>(ctx) + offsetof<Poly1305>("h0");
  // Fold 2^130 = 5 twice: h < 2^131 becomes less than 2^130 + 5. Where h + 5 reaches 2^130, h mod p is h + 5 less 2^130.
  fold(ctx);
  fold(ctx);
  let carry: u64 = 5;
  for (let i: usize = 0; i < TAG_BYTES; i += 4) carry = (carry + load<u32>(h + i)) >>> 32;
  carry = 5 & (0 - ((ctx.h4 + <u32>carry) >>> 2));
  for (let i: usize = 0; i < TAG_BYTES; i += 4) {
    carry += <u64>load<u32>(h + i) + load<u32>(s + i);
    store<u32>(out + i, <u32>carry);
    carry >>>= 32;
  }
}

/** Fold the part above 2^130: add five times as much at the bottom. */
function fold(ctx: Poly1305): void {
  const h = changetype<usize>(ctx) + offsetof<Poly1305>("h0");
  let carry: u64 = (ctx.h4 >>> 2) * 5;
  for (let i: usize = 0; i < TAG_BYTES; i += 4) {
    carry += load<u32>(h + i);
    store<u32>(h + i, <u32>carry);
    carry >>>= 32;
  }
  ctx.h4 = (ctx.h4 & 3) + <u32>carry;
}

/** h = (h + block + 2^128) r mod 2^130 - 5, for `blocks` blocks; no alignment needed. */
export function absorbBlocks(ctx: Poly1305, data: usize, blocks: u32): void {
  if (cpu.BLOCKS) cpu.poly1305(changetype<usize>(ctx), data, blocks);
  else absorbBlocksPortable(ctx, data, blocks);
}

/** `absorbBlocks` on any core. */
export function absorbBlocksPortable(ctx: Poly1305, data: usize, blocks: u32): void {
  const r = scratch.take(2 * LIMBS_BYTES);
  const h = scratch.take(LIMBS_BYTES);
  const d = scratch.take(LIMBS_BYTES);
  const state = changetype<usize>(ctx);
  split(r + LIMBS_BYTES, state + offsetof<Poly1305>("r0"), 0);
  for (let i: usize = 0; i < LIMBS_BYTES; i += 4) store<u32>(r + i, 5 * load<u32>(r + LIMBS_BYTES + i));
  split(h, state + offsetof<Poly1305>("h0"), ctx.h4);
  for (; blocks > 0; blocks--, data += BLOCK_BYTES) {
    split(d, data, 1);
    for (let i: usize = 0; i < LIMBS_BYTES; i += 4) store<u32>(h + i, load<u32>(h + i) + load<u32>(d + i));
    multiply(d, h, r + LIMBS_BYTES);
    memory.copy(h, d, LIMBS_BYTES);
  }
  join(ctx, h);
  scratch.release(r);
}

/**
 * Multiply h by r, partly reduced. Before the limbs of r come those of 5 r, so that what passes 2^130 is folded by reaching back.
 *
 * Bounds: limbs of h < 2^14 + 2^12 (a reduced one, or one of a number below 2^131, plus one of a block), those of 5 r < 5 (2^13 - 1):
 * five products and a carry < 2^21 stay below 2^32. All limbs of d < 2^13 but the second, < 2^13 + 2^12.
 */
function multiply(d: usize, h: usize, r: usize): void {
  let carry: u32 = 0;
  for (let i: usize = 0; i < LIMBS_BYTES; i += 4) {
    const low = carry + products(h, r + i);
    const high = (low & LIMB_MASK) + products(h + 20, r + i - 20);
    store<u32>(d + i, high & LIMB_MASK);
    carry = (low >>> LIMB_BITS) + (high >>> LIMB_BITS);
  }
  const first = load<u32>(d) + 5 * carry;
  store<u32>(d, first & LIMB_MASK);
  store<u32>(d, load<u32>(d, 4) + (first >>> LIMB_BITS), 4);
}

/** Five products of a column: limbs of h upwards, limbs of r downwards. */
@inline
function products(h: usize, r: usize): u32 {
  return (
    load<u32>(h) * load<u32>(r) +
    load<u32>(h, 4) * load<u32>(r - 4) +
    load<u32>(h, 8) * load<u32>(r - 8) +
    load<u32>(h, 12) * load<u32>(r - 12) +
    load<u32>(h, 16) * load<u32>(r - 16)
  );
}

/** Split four words and a fifth one, `top` < 8, into limbs: limb i has bits 13 i to 13 i + 12, the last one has the rest. */
function split(out: usize, words: usize, top: u32): void {
  for (let i: u32 = 0; i < LIMBS - 1; i++) {
    const at = words + (((i * LIMB_BITS) >>> 5) << 2);
    const shift = (i * LIMB_BITS) & 31;
    let limb = load<u32>(at) >>> shift;
    if (shift > 32 - LIMB_BITS) limb |= load<u32>(at, 4) << (32 - shift);
    store<u32>(out + (i << 2), limb & LIMB_MASK);
  }
  store<u32>(out + ((LIMBS - 1) << 2), (load<u32>(words, 12) >>> 21) | (top << 11));
}

/** Put the limbs of a number below 2^131 together again as h. */
function join(ctx: Poly1305, limbs: usize): void {
  let out = changetype<usize>(ctx) + offsetof<Poly1305>("h0");
  let have: u64 = 0;
  let bits: u32 = 0;
  for (let i: usize = 0; i < LIMBS_BYTES; i += 4) {
    have += (<u64>load<u32>(limbs + i)) << bits;
    bits += LIMB_BITS;
    if (bits < 32) continue;
    store<u32>(out, <u32>have);
    out += 4;
    have >>>= 32;
    bits -= 32;
  }
  store<u32>(out, <u32>have);
}
