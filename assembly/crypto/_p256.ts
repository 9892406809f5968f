/**
 * Points of P-256, y^2 = x^3 - 3x + b.
 *
 * A point is three field elements X, Y, Z with x = X / Z^2, y = Y / Z^3 (Jacobian); Z is 0 for the point at infinity. The other
 * summand is a point, or the x and y of an affine one (64 bytes).
 *
 * `w` is always workspace of WORK_BYTES; points and w are distinct.
 *
 * CT: `double`, `begin`, `differ`, `finish`, `toAffine` and `encode` do not branch on, or index by, a point. The others are for public points.
 */
import * as cpu from "./_cpu";
import * as fe from "./_fe256";
import * as montgomery from "./_montgomery";
import * as sc from "./_sc256";
import * as table from "./_table256";

/** Bytes of a point, and of an affine one. */
export const POINT_BYTES: u32 = 96;
export const AFFINE_BYTES: u32 = 64;

/** Bytes of an encoded point: 4 ‖ x ‖ y (SEC 1 §2.3.3). */
export const ENCODED_BYTES: u32 = 65;

/** Bytes of workspace. */
export const WORK_BYTES: u32 = 32 + fe.INVERT_BYTES;

/** Places of a point's elements. */
export const Y: usize = 32;
export const Z: usize = 64;

/** Places of the two differences of the points after `begin`. */
const H: usize = 0;
const R: usize = 32;

/** The comb: cpu.TEETH bits, DISTANCE apart, make a digit; tables share the doublings, SPACING each (`tools/generate`). */
const DISTANCE: u32 = cpu.SMALL ? 64 : 52;
export const TABLES: u32 = cpu.SMALL ? 1 : 4;
export const SPACING: u32 = DISTANCE / TABLES;
export const ROWS: u32 = 1 << (cpu.TEETH - 1);
export const PART_WORDS: u32 = 8;
export const TABLE_WORDS: u32 = 2 * ROWS * PART_WORDS;

/** p = 2p (Chudnovsky and Chudnovsky 1986, with a = -3, and Z halved). 4 squarings, 4 multiplications. Infinity stays infinity. */
@inline
export function double(p: usize, w: usize): void {
  if (cpu.POINTS256) cpu.p256Double(p);
  else doublePortable(p, w);
}

export function doublePortable(p: usize, w: usize): void {
  const a = w;
  const b = w + 32;
  const g = w + 64;
  fe.square(a, p + Z);
  fe.square(g, p + Y);
  fe.mul(p + Z, p + Z, p + Y);
  fe.mul(b, p, g); // X Y^2
  fe.sub(p + Y, p, a);
  fe.add(a, a, p);
  fe.mul(a, a, p + Y);
  fe.half(p + Y, a);
  fe.add(a, a, p + Y); // 3 (X^2 - Z^4) / 2
  fe.square(p, a);
  fe.sub(p, p, b);
  fe.sub(p, p, b);
  fe.sub(b, b, p);
  fe.mul(p + Y, a, b);
  fe.square(g, g);
  fe.sub(p + Y, p + Y, g);
}

/**
 * Begin p = p + q, or p - q if `minus`, which is public; q is affine unless `jacobian`. Leaves the difference of the x, scaled, at
 * w + H, and that of the y at w + R: H is zero where the points have the same x, R where they have the same y as well.
 * X and Y of p may be rescaled. 4 or 9 multiplications and squarings.
 */
export function begin(p: usize, q: usize, minus: boolean, jacobian: boolean, w: usize): void {
  const t = w + 64;
  if (jacobian) {
    fe.square(t, q + Z);
    fe.mul(p, p, t);
    fe.mul(t, t, q + Z);
    fe.mul(p + Y, p + Y, t);
  }
  let y = q + Y;
  if (minus) {
    y = w + 96;
    fe.clear(y);
    fe.sub(y, y, q + Y);
  }
  differ(p, q, y, w);
  if (jacobian) fe.mul(p + Z, p + Z, q + Z);
}

/** The differences of x Z^2 and X, at w + H, and of y Z^3 and Y, at w + R. `y` may be at w + 96. */
@inline
export function differ(p: usize, x: usize, y: usize, w: usize): void {
  if (cpu.POINTS256) cpu.p256Differ(p, x, y, w);
  else differPortable(p, x, y, w);
}

export function differPortable(p: usize, x: usize, y: usize, w: usize): void {
  const t = w + 64;
  fe.square(t, p + Z);
  fe.mul(w + H, t, x);
  fe.sub(w + H, w + H, p);
  fe.mul(t, t, p + Z);
  fe.mul(w + R, t, y);
  fe.sub(w + R, w + R, p + Y);
}

/** Finish the addition that `begin` began, unless H is zero. 7 multiplications and squarings. */
@inline
export function finish(p: usize, w: usize): void {
  if (cpu.POINTS256) cpu.p256Finish(p, w);
  else finishPortable(p, w);
}

export function finishPortable(p: usize, w: usize): void {
  const h2 = w + 64;
  const v = w + 96;
  fe.mul(p + Z, p + Z, w + H);
  fe.square(h2, w + H);
  fe.mul(v, p, h2);
  fe.mul(h2, h2, w + H);
  fe.square(p, w + R);
  fe.sub(p, p, h2);
  fe.sub(p, p, v);
  fe.sub(p, p, v);
  fe.mul(h2, h2, p + Y);
  fe.sub(v, v, p);
  fe.mul(p + Y, v, w + R);
  fe.sub(p + Y, p + Y, h2);
}

/**
 * p = p + q, or p - q if `minus`: any public points, of which q is not infinity.
 *
 * CT: everything leaks.
 */
export function add(p: usize, q: usize, minus: boolean, jacobian: boolean, w: usize): void {
  if (fe.isZero(p + Z)) {
    fe.copy(p, q);
    fe.copy(p + Y, q + Y);
    if (jacobian) fe.copy(p + Z, q + Z);
    else table.get(p + Z, table.Constant.One);
    if (!minus) return;
    fe.clear(w);
    fe.sub(p + Y, w, p + Y);
    return;
  }
  begin(p, q, minus, jacobian, w);
  if (!fe.isZero(w + H)) finish(p, w);
  else if (fe.isZero(w + R)) double(p, w);
  else fe.clear(p + Z);
}

/** Bytes of the multiples that `combine` needs: 1, 3, 5 and 7 times its point. */
export const MULTIPLES_BYTES: u32 = 4 * POINT_BYTES;

/** The steps that `combine` takes. */
export const STEPS: u32 = sc.DIGITS;

/** The digit of the comb's scalar s at `column`: one bit a tooth. Its 260 bits end in zeros that s does not hold. */
@inline
export function digit(s: usize, column: u32): u32 {
  let bits: u32 = 0;
  for (let tooth: u32 = 0; tooth < cpu.TEETH; tooth++) {
    const at = column + tooth * DISTANCE;
    if (at >= 8 * sc.BYTES) break;
    bits |= (((<u32>load<u8>(s + (at >>> 3))) >>> (at & 7)) & 1) << tooth;
  }
  return bits;
}

/**
 * p = s G + k q, where s and k come as digits (`sc.recode`). `multiples` begins with q and is workspace of
 * MULTIPLES_BYTES. Returns how many steps were taken: STEPS, unless a fault ended them. The count is kept in memory, where
 * a compiler does not work it out beforehand.
 *
 * CT: everything leaks; all of it is public.
 */
export function combine(p: usize, s: usize, k: usize, multiples: usize, w: usize): u32 {
  const row = w + 128;
  const steps = w + 192;
  const last = multiples + MULTIPLES_BYTES - POINT_BYTES;
  memory.copy(last, multiples, POINT_BYTES);
  double(last, w);
  for (let at = multiples; at != last; at += POINT_BYTES) {
    memory.copy(p, at, POINT_BYTES);
    add(p, last, false, true, w);
    memory.copy(at + POINT_BYTES, p, POINT_BYTES);
  }
  fe.clear(p + Z);
  store<u32>(steps, 0);
  for (let i: u32 = STEPS; i-- != 0;) {
    store<u32>(steps, load<u32>(steps) + 1);
    double(p, w);
    const theirs = sc.digit(k, i);
    if (theirs != 0) add(p, multiples + ((<usize>abs(theirs)) >> 1) * POINT_BYTES, theirs < 0, true, w);
    const ours = sc.digit(s, i);
    if (ours == 0) continue;
    const first = table.Constant.Multiples + ((<u32>abs(ours)) >> 1) * 2 * PART_WORDS;
    table.get(row, first);
    table.get(row + Y, first + PART_WORDS);
    add(p, row, ours < 0, false, w);
  }
  return load<u32>(steps);
}

/**
 * Read the x and y of an encoded point (SEC 1 §2.3.4, uncompressed), which need not be aligned, to p: false if it is not on the
 * curve, or not encoded in this way.
 *
 * CT: everything leaks; the point is public.
 */
export function decode(p: usize, from: usize, w: usize): boolean {
  const t = w + 64;
  if (load<u8>(from) != 4) return false;
  montgomery.read(w, from + 1, 32);
  montgomery.read(w + Y, from + 33, 32);
  if (fe.reaches(w) | fe.reaches(w + Y)) return false;
  fe.enter(p, w);
  fe.enter(p + Y, w + Y);
  // x^3 - 3x + b, as (x^2 - 3) x + b.
  table.get(t, table.Constant.One);
  fe.square(w, p);
  fe.sub(w, w, t);
  fe.sub(w, w, t);
  fe.sub(w, w, t);
  fe.mul(w, w, p);
  table.get(t, table.Constant.B);
  fe.add(w, w, t);
  fe.square(t, p + Y);
  return fe.difference(w, t) == 0;
}

/** p = the same point with Z = 1, but for Z itself; p is not infinity. */
export function toAffine(p: usize, w: usize): void {
  fe.invert(w, p + Z, w + 32);
  fe.square(w + 32, w);
  fe.mul(p, p, w + 32);
  fe.mul(w + 32, w + 32, w);
  fe.mul(p + Y, p + Y, w + 32);
}

/** Write p, which is not infinity, as 4 ‖ x ‖ y (SEC 1 §2.3.3) to `out`, which need not be aligned. p is destroyed. */
export function encode(out: usize, p: usize, w: usize): void {
  toAffine(p, w);
  fe.leave(p, w);
  fe.leave(p + Y, w);
  store<u8>(out, 4);
  montgomery.write(out + 1, p, fe.BYTES);
  montgomery.write(out + 33, p + Y, fe.BYTES);
}
