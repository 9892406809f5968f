/**
 * Inversion modulo an odd number, by steps of division whose count does not depend on the number (Bernstein and Yang, "Fast constant-time gcd
 * computation and modular inversion", 2019, with delta beginning at 1/2).
 *
 * f and g begin as the modulus m and a. The numbers d and e are kept such that d a = f and e a = g modulo m, so when g is 0, and f is 1 or -1, d is the inverse or its
 * negative. Thirty steps look at the low words of f and g only, and give a matrix; it is then applied to all four numbers.
 *
 * Numbers are limbs of 30 bits, least significant first; the last limb has the sign.
 *
 * CT: the modulus and its length leak; nothing here branches on, or indexes by, another number. Where a long multiplication takes a data-dependent time and
 * assembly answers (`cpu.BLIND`), the caller blinds the number that it inverts.
 */
import * as cpu from "./_cpu";
import { product } from "./_product";

/** Bits of a limb, and steps of a matrix. */
const BITS: u32 = 30;
const MASK: i32 = (1 << BITS) - 1;

/** Limbs of a number of 32 or 48 bytes, below twice the modulus on either side of zero: one bit and a sign are left over. */
@inline
function limbsOf(bytes: u32): u32 {
  return bytes == 32 ? 9 : 13;
}

/**
 * Matrices until g is 0: (45907 bits + 26313) / 19929 steps are enough for each a below m (Wuille, "Bounds on divsteps iterations in safegcd",
 * 2021, for a delta that begins at 1/2), 591 for 256 bits and 885 for 384.
 */
@inline
function matricesOf(bytes: u32): u32 {
  return bytes == 32 ? 20 : 30;
}

/** Bytes of workspace for numbers of 32 bytes: five numbers, a matrix, and what makes it a multiple of 8. Numbers of 48 bytes need 280. */
export const WORK_BYTES: u32 = 4 * (5 * 9 + 4 + 1);

/** The numbers in the workspace, which follow the matrix. */
const enum Place {
  M,
  F,
  G,
  D,
  E,
}


@inline
function placeOf(w: usize, place: Place, limbs: u32): usize {
  return w + 16 + ((<usize>(<u32>place * limbs)) << 2);
}

/** Write the words at `from` as limbs to `out`. Word i has the low bits of limb i from bit 2i up. */
function split(out: usize, from: usize, bytes: u32): void {
  let below: u32 = 0;
  for (let at: u32 = 0; at < bytes; at += 4) {
    const word = load<u32>(from + at);
    store<u32>(out + at, ((word << (at >>> 1)) | below) & MASK);
    below = word >>> (BITS - (at >>> 1));
  }
  store<u32>(out + bytes, below);
}

/** Write limbs that hold a number of `bytes` as words to `out`. */
function join(out: usize, from: usize, bytes: u32): void {
  for (let at: u32 = 0; at < bytes; at += 4) {
    const shift = at >>> 1;
    store<u32>(out + at, (load<u32>(from + at) >>> shift) | (load<u32>(from + at, 4) << (BITS - shift)));
  }
}

/** a * b, signed: the unsigned product less 2^32 a where b is negative, and 2^32 b where a is. */
@inline
function signed(a: i32, b: i32): i64 {
  if (!cpu.SHORT_MULTIPLY) return <i64>a * <i64>b;
  const excess = ((a >> 31) & b) + ((b >> 31) & a);
  return <i64>(product(a, b) - ((<u64>(<u32>excess)) << 32));
}

/**
 * Take BITS steps from the low words of f and g, and write what they do to f and g, times 2^BITS, as a matrix to w. Returns the new zeta, which is
 * -(delta + 1/2).
 *
 * Bounds: each row of the matrix has a sum of magnitudes of at most 2^BITS.
 */
@inline
export function steps(w: usize, zeta: i32, f: i32, g: i32): i32 {
  return cpu.NATIVE ? cpu.inverseSteps(w, zeta, f, g) : stepsPortable(w, zeta, f, g);
}

export function stepsPortable(w: usize, zeta: i32, f: i32, g: i32): i32 {
  let u: i32 = 1;
  let v: i32 = 0;
  let q: i32 = 0;
  let r: i32 = 1;
  for (let i: u32 = 0; i < BITS; i++) {
    // Where zeta is negative and g odd: (f, g) = (g, (g - f) / 2). Else g = (g + f) / 2 or g / 2.
    const negative = zeta >> 31;
    const odd = -(g & 1);
    g += ((f ^ negative) - negative) & odd;
    q += ((u ^ negative) - negative) & odd;
    r += ((v ^ negative) - negative) & odd;
    const swap = negative & odd;
    zeta = (zeta ^ swap) - 1;
    f += g & swap;
    u += q & swap;
    v += r & swap;
    g >>= 1;
    u <<= 1;
    v <<= 1;
  }
  store<i32>(w, u);
  store<i32>(w, v, 4);
  store<i32>(w, q, 8);
  store<i32>(w, r, 12);
  return zeta;
}

/**
 * (x, y) = the matrix times (x, y) / 2^BITS: f and g, of which that is whole, or d and e, to which a multiple of m is added that makes it so. `inverse` is 0 for
 * f and g, and 1 / m mod 2^32 for d and e. The matrix is at w, and m after it.
 *
 * Bounds: d and e stay between -2m and m; the sum of three products of a limb and a carry is below 2^62.
 */
@inline
export function apply(w: usize, x: usize, y: usize, limbs: u32, inverse: u32): void {
  if (cpu.NATIVE) cpu.inverseApply(w, x, y, limbs, inverse);
  else applyPortable(w, x, y, limbs, inverse);
}

export function applyPortable(w: usize, x: usize, y: usize, limbs: u32, inverse: u32): void {
  const u = load<i32>(w);
  const v = load<i32>(w, 4);
  const q = load<i32>(w, 8);
  const r = load<i32>(w, 12);
  const m = placeOf(w, Place.M, limbs);
  const last = (limbs - 1) << 2;
  const signX = load<i32>(x + last) >> 31;
  const signY = load<i32>(y + last) >> 31;
  let a = load<i32>(x);
  let b = load<i32>(y);
  let one = signed(u, a) + signed(v, b);
  let two = signed(q, a) + signed(r, b);
  let first: i32 = 0;
  let second: i32 = 0;
  if (inverse != 0) {
    // Where d or e is negative, m is added to it; then what makes the low limbs zero.
    first = (u & signX) + (v & signY);
    second = (q & signX) + (r & signY);
    first -= (<i32>(inverse * <u32>one) + first) & MASK;
    second -= (<i32>(inverse * <u32>two) + second) & MASK;
    const low = load<i32>(m);
    one += signed(low, first);
    two += signed(low, second);
  }
  one >>= BITS;
  two >>= BITS;
  for (let i: u32 = 4; i <= last; i += 4) {
    a = load<i32>(x + i);
    b = load<i32>(y + i);
    one += signed(u, a) + signed(v, b);
    two += signed(q, a) + signed(r, b);
    if (inverse != 0) {
      const limb = load<i32>(m + i);
      one += signed(limb, first);
      two += signed(limb, second);
    }
    store<i32>(x + i - 4, (<i32>one) & MASK);
    store<i32>(y + i - 4, (<i32>two) & MASK);
    one >>= BITS;
    two >>= BITS;
  }
  store<i32>(x + last, <i32>one);
  store<i32>(y + last, <i32>two);
}

/** d = d, or -d where `negative` is set, between 0 and m; before it is between -2m and m. */
function settle(d: usize, m: usize, negative: i32, limbs: u32): void {
  const last = (limbs - 1) << 2;
  let flip = negative;
  for (let round = 0; round < 2; round++) {
    const below = load<i32>(d + last) >> 31;
    let carry: i32 = 0;
    for (let i: u32 = 0; i <= last; i += 4) {
      carry += ((load<i32>(d + i) + (load<i32>(m + i) & below)) ^ flip) - flip;
      store<i32>(d + i, i == last ? carry : carry & MASK);
      carry >>= BITS;
    }
    flip = 0;
  }
}

/**
 * out = 1 / a mod m, and 0 for 0: a is below m, m is odd, and `minusInverse` is -1 / m mod 2^32. All are words, least significant first, 32 or 48
 * bytes of them; `out` may be a or m. `w` is workspace, which may begin with
 * `out` and end with m.
 */
export function invert(out: usize, a: usize, m: usize, minusInverse: u32, bytes: u32, w: usize): void {
  const limbs = limbsOf(bytes);
  const modulus = placeOf(w, Place.M, limbs);
  const f = placeOf(w, Place.F, limbs);
  const g = placeOf(w, Place.G, limbs);
  const d = placeOf(w, Place.D, limbs);
  const e = placeOf(w, Place.E, limbs);
  split(modulus, m, bytes);
  split(f, m, bytes);
  split(g, a, bytes);
  memory.fill(d, 0, limbs << 3);
  store<u32>(e, 1);
  let zeta: i32 = -1;
  for (let i = matricesOf(bytes); i != 0; i--) {
    zeta = steps(w, zeta, load<i32>(f), load<i32>(g));
    apply(w, d, e, limbs, 0 - minusInverse);
    apply(w, f, g, limbs, 0);
  }
  settle(d, modulus, load<i32>(f + ((limbs - 1) << 2)) >> 31, limbs);
  join(out, d, bytes);
}
