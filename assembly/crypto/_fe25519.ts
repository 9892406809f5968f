/**
 * The field of 2^255 - 19: eight 32-bit words, least significant first.
 *
 * Every 256-bit number is a valid element and stands for its residue, so there is no bound to keep between operations:
 * each takes any 256-bit numbers and gives a 256-bit number. The result is a function of the numbers, not only of the
 * residues, so that a core's own `cpu.*` assembly can be compared bit by bit. `out` may be any operand; operands may be
 * the same element but not overlap otherwise. All are 4-byte aligned.
 *
 * One idea carries all of them: the top word is computed first. Its part at or above 2^255 is folded in at the
 * bottom, as 19 times that part, *before* the carry runs up, and bit 31 of the top word is known, so the last carry
 * cannot leave it. One chain of carries a result, and no second pass.
 *
 * CT: nothing here branches on, or indexes by, an element. `feMul`, `feSquare` and `feScale` multiply 32 by 32 bits: see the
 * README for what each core's multiplier leaks.
 */
import * as scratch from "../lib/scratch";
import * as words from "../lib/words";
import * as cpu from "./_cpu";
import * as inverse from "./_inverse";
import { product } from "./_product";

/** Bytes of an element. */
export const BYTES: u32 = 32;

/** Bytes of workspace that `root` needs. */
export const POWER_BYTES: u32 = 4 * BYTES;

/** Bytes of workspace that `invert` needs. */
export const INVERT_BYTES: u32 = cpu.DIVIDES ? inverse.WORK_BYTES : BYTES + POWER_BYTES;

/** -1 / p mod 2^32. */
const MINUS_INVERSE: u32 = 0x286bca1b;

const LOW31: u64 = 0x7fffffff;

/** out = small, a constant. */
export function set(out: usize, small: u32): void {
  store<u32>(out, small);
  memory.fill(out + 4, 0, BYTES - 4);
}

/** out = a. */
@inline
export function copy(out: usize, a: usize): void {
  memory.copy(out, a, BYTES);
}

/** out = a + b. */
@inline
export function add(out: usize, a: usize, b: usize): void {
  scale(out, a, 1, b);
}

/**
 * out = a * factor + b, with factor below 2^17.
 *
 * Bounds: `top` is below 2^49 + 2^32, so what is folded is below 19 * (2^18 + 2); each step of the chain is below 2^49 + 2^33 and
 * carries less than 2^17 + 2; the top word ends below 2^31 + 2^17 + 2.
 */
@inline
export function scale(out: usize, a: usize, factor: u32, b: usize): void {
  if (cpu.NATIVE) cpu.feScale(out, a, factor, b);
  else scalePortable(out, a, factor, b);
}

export function scalePortable(out: usize, a: usize, factor: u32, b: usize): void {
  const top = product(factor, load<u32>(a, 28)) + load<u32>(b, 28);
  let carry = product(19, <u32>(top >>> 31));
  for (let i: usize = 0; i < 28; i += 4) {
    carry += product(factor, load<u32>(a + i)) + load<u32>(b + i);
    store<u32>(out + i, <u32>carry);
    carry >>>= 32;
  }
  store<u32>(out, <u32>((top & LOW31) + carry), 28);
}

/**
 * out = a - b.
 *
 * Bounds: the difference of the top words is in (-2^32, 2^32), so `over` is in -3..0 and the top word less what is folded in
 * 2^31..2^32 - 1; the chain carries 0, -1 or -2 into it, so it ends in 2^31 - 2 .. 2^32 - 1.
 */
@inline
export function sub(out: usize, a: usize, b: usize): void {
  if (cpu.NATIVE) cpu.feSub(out, a, b);
  else subPortable(out, a, b);
}

export function subPortable(out: usize, a: usize, b: usize): void {
  const top = <i64>load<u32>(a, 28) - <i64>load<u32>(b, 28);
  const over = (top >> 31) - 1;
  let carry = 19 * over;
  for (let i: usize = 0; i < 28; i += 4) {
    carry += <i64>load<u32>(a + i) - <i64>load<u32>(b + i);
    store<u32>(out + i, <u32>carry);
    carry >>= 32;
  }
  store<u32>(out, <u32>(top - (over << 31) + carry), 28);
}

/**
 * out = a * b.
 *
 * Bounds: a word of a row is at most (2^32 - 1)^2 + 2 (2^32 - 1) = 2^64 - 1, so each step fits. See `fold` for the rest.
 */
@inline
export function mul(out: usize, a: usize, b: usize): void {
  if (cpu.NATIVE) cpu.feMul(out, a, b);
  else mulPortable(out, a, b);
}

export function mulPortable(out: usize, a: usize, b: usize): void {
  const wide = scratch.take(2 * BYTES);
  for (let i: usize = 0; i < BYTES; i += 4) {
    const word = load<u32>(a + i);
    let carry: u64 = 0;
    for (let j: usize = 0; j < BYTES; j += 4) {
      carry += product(word, load<u32>(b + j)) + load<u32>(wide + i + j);
      store<u32>(wide + i + j, <u32>carry);
      carry >>>= 32;
    }
    store<u32>(wide + i, <u32>carry, BYTES);
  }
  fold(out, wide);
  scratch.release(wide);
}

/**
 * out = the 512-bit number at `wide`, by 2^256 = 38.
 *
 * Bounds: `top` is at most 39 (2^32 - 1), so what is folded at the bottom is at most 19 * 77; each step of the chain is at most
 * 39 (2^32 - 1) + 19 * 77 and carries at most 39; the top word ends below 2^31 + 39.
 */
function fold(out: usize, wide: usize): void {
  const top = product(38, load<u32>(wide, 60)) + load<u32>(wide, 28);
  let carry = product(19, <u32>(top >>> 31));
  for (let i: usize = 0; i < 28; i += 4) {
    carry += product(38, load<u32>(wide + i, BYTES)) + load<u32>(wide + i);
    store<u32>(out + i, <u32>carry);
    carry >>>= 32;
  }
  store<u32>(out, <u32>((top & LOW31) + carry), 28);
}

/** out = a^(2^times), `times` at least 1. Bounds: as `mul`. */
@inline
export function square(out: usize, a: usize, times: u32 = 1): void {
  if (cpu.SQUARES) cpu.feSquare(out, a, times);
  else squarePortable(out, a, times);
}

export function squarePortable(out: usize, a: usize, times: u32): void {
  mul(out, a, a);
  while (--times) mul(out, out, out);
}

/** Exchange the two elements at a with the two at b if bit is 1. */
@inline
export function swap(a: usize, b: usize, bit: u32): void {
  if (cpu.NATIVE) cpu.feSwap(a, b, bit);
  else swapPortable(a, b, bit);
}

export function swapPortable(a: usize, b: usize, bit: u32): void {
  const mask = words.mask(bit);
  for (let i: usize = 0; i < 2 * BYTES; i += 4) {
    const x = load<u32>(a + i);
    const y = load<u32>(b + i);
    const t = mask & (x ^ y);
    store<u32>(a + i, x ^ t);
    store<u32>(b + i, y ^ t);
  }
}

/**
 * a = its residue below 2^255 - 19, the only one that leaves the device.
 *
 * Bounds: folding bit 255 leaves at most 2^255 + 18; where that is not below p, adding 19 passes 2^255 and dropping that bit
 * subtracts p in all.
 */
export function freeze(a: usize): void {
  const top = load<u32>(a, 28);
  store<u32>(a, top & (<u32>LOW31), 28);
  raise(a, 19 * (top >>> 31));
  raise(a, 19 * reaches(a));
  store<u32>(a, load<u32>(a, 28) & (<u32>LOW31), 28);
}

/** a = a + small; a carry out of the top is dropped. */
function raise(a: usize, small: u32): void {
  let carry: u64 = small;
  for (let i: usize = 0; i < BYTES; i += 4) {
    carry += load<u32>(a + i);
    store<u32>(a + i, <u32>carry);
    carry >>>= 32;
  }
}

/** 1 if a is at least 2^255 - 19. */
export function reaches(a: usize): u32 {
  let carry: u64 = 19;
  for (let i: usize = 0; i < 28; i += 4) carry = (carry + load<u32>(a + i)) >>> 32;
  return <u32>((carry + load<u32>(a, 28)) >>> 31);
}

/** 1 if a stands for zero. Leaves a frozen. */
export function isZero(a: usize): u32 {
  freeze(a);
  let any: u32 = 0;
  for (let i: usize = 0; i < BYTES; i += 4) any |= load<u32>(a + i);
  return words.isZero(any);
}

/** out = a^(2^250 - 1), and w + 96 = a^11, on the way to both powers below. w is workspace; out, a and w are distinct. */
function climb(out: usize, a: usize, w: usize): void {
  const x = w;
  const y = w + 32;
  const z = w + 64;
  const a11 = w + 96;
  square(x, a); // 2
  square(y, x, 2); // 8
  mul(y, y, a); // 9
  mul(a11, y, x); // 11
  square(x, a11); // 22
  mul(x, x, y); // 2^5 - 1
  square(y, x, 5);
  mul(x, y, x); // 2^10 - 1
  square(y, x, 10);
  mul(y, y, x); // 2^20 - 1
  square(z, y, 20);
  mul(y, z, y); // 2^40 - 1
  square(y, y, 10);
  mul(x, y, x); // 2^50 - 1
  square(y, x, 50);
  mul(y, y, x); // 2^100 - 1
  square(z, y, 100);
  mul(y, z, y); // 2^200 - 1
  square(y, y, 50);
  mul(out, y, x); // 2^250 - 1
}

/** out = 1 / a, and 0 for 0. Leaves a frozen or as it was. w is INVERT_BYTES of workspace, distinct from a; out may be its first element. */
export function invert(out: usize, a: usize, w: usize): void {
  if (cpu.DIVIDES) divide(out, a, w);
  else power(out, a, w);
}

/** `invert` by steps of division. */
function divide(out: usize, a: usize, w: usize): void {
  const prime = w + INVERT_BYTES - BYTES;
  memory.fill(prime, 0xff, BYTES);
  store<u32>(prime, 0xffffffed);
  store<u32>(prime, 0x7fffffff, 28);
  freeze(a);
  inverse.invert(out, a, prime, MINUS_INVERSE, BYTES, w);
}

/** `invert` as a^(p - 2), p - 2 = 2^255 - 21. */
function power(out: usize, a: usize, w: usize): void {
  climb(w, a, w + BYTES);
  square(w, w, 5);
  mul(out, w, w + BYTES + 96);
}

/** out = a^((p - 5) / 8), (p - 5) / 8 = 2^252 - 3: the power for square roots. w is POWER_BYTES of workspace; out, a and w are distinct. */
export function root(out: usize, a: usize, w: usize): void {
  climb(out, a, w);
  square(out, out, 2);
  mul(out, out, a);
}
