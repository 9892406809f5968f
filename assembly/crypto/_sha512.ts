/**
 * The compression function of SHA-512.
 *
 * CT: the count of blocks leaks; state and data do not.
 */
import { load64be } from "../lib/bytes";
import * as scratch from "../lib/scratch";
import * as cpu from "./_cpu";
import { sha2 } from "./_table";

const BLOCK_BYTES: u32 = 128;

/** The chaining value. */
@unmanaged
class Chain {
  h0: u64;
  h1: u64;
  h2: u64;
  h3: u64;
  h4: u64;
  h5: u64;
  h6: u64;
  h7: u64;
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
export function compress(state: usize, data: usize, blocks: u32): void {
  if (cpu.BLOCKS) cpu.sha512(state, data, blocks);
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
  scratch.release(w);
}

/** Round constant `i`. */
@inline
function roundConstant(i: u32): u64 {
  return ((<u64>sha2(i, 1)) << 32) | sha2(i, 0);
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
