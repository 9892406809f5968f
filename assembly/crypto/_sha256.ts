/**
 * The compression function of SHA-256.
 *
 * CT: the count of blocks leaks; state and data do not.
 */
import { load32be } from "../lib/bytes";
import * as scratch from "../lib/scratch";
import * as cpu from "./_cpu";
import { sha2 } from "./_table";

const BLOCK_BYTES: u32 = 64;

/** The chaining value. */
@unmanaged
class Chain {
  h0: u32;
  h1: u32;
  h2: u32;
  h3: u32;
  h4: u32;
  h5: u32;
  h6: u32;
  h7: u32;
}

/** Σ0 of FIPS 180-4 §4.1.2, and Σ1, σ0, σ1 below it. */
@inline
function sum0(x: u32): u32 {
  return rotr(x, 2) ^ rotr(x, 13) ^ rotr(x, 22);
}


@inline
function sum1(x: u32): u32 {
  return rotr(x, 6) ^ rotr(x, 11) ^ rotr(x, 25);
}


@inline
function sigma0(x: u32): u32 {
  return rotr(x, 7) ^ rotr(x, 18) ^ (x >>> 3);
}


@inline
function sigma1(x: u32): u32 {
  return rotr(x, 17) ^ rotr(x, 19) ^ (x >>> 10);
}

/** Run the compression function over `blocks` blocks at `data`, which needs no alignment (FIPS 180-4 §6.2.2). */
export function compress(state: usize, data: usize, blocks: u32): void {
  if (cpu.BLOCKS) cpu.sha256(state, data, blocks);
  else compressPortable(state, data, blocks);
}

/** `compress` on any core. */
export function compressPortable(state: usize, data: usize, blocks: u32): void {
  const ctx = changetype<Chain>(state);
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
    for (let i: u32 = 0; i < 64; i++) {
      const t = h + sum1(e) + (g ^ (e & (f ^ g))) + sha2(i, 1) + schedule(w, data, i);
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
  scratch.release(w);
}

/** Word `i` of the message schedule; `w` keeps the last sixteen. */
@inline
function schedule(w: usize, data: usize, i: u32): u32 {
  const at = w + ((i & 15) << 2);
  const word =
    i < 16
      ? load32be(data + (i << 2))
      : load<u32>(at) +
        sigma0(load<u32>(w + (((i + 1) & 15) << 2))) +
        load<u32>(w + (((i + 9) & 15) << 2)) +
        sigma1(load<u32>(w + (((i + 14) & 15) << 2)));
  store<u32>(at, word);
  return word;
}
