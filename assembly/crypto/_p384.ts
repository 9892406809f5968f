/**
 * Public points of P-384, y^2 = x^3 - 3x + b, over `_montgomery`: for verification, small rather than fast.
 *
 * A point is three field elements X, Y, Z with x = X / Z^2, y = Y / Z^3 (Jacobian); Z is 0 for the point at infinity. `w` is always
 * workspace of WORK_BYTES that `begin` has prepared. Points are distinct from each other and from w.
 *
 * CT: everything leaks; all of it is public.
 */
import * as montgomery from "./_montgomery";
import * as table from "./_table384";

/** Bytes of an element, of a point, and of an encoded point: 4 ‖ x ‖ y (SEC 1 §2.3.3). */
export const BYTES: u32 = 48;
export const POINT_BYTES: u32 = 3 * BYTES;
export const ENCODED_BYTES: u32 = 97;

/** Places of a point's elements. */
const Y: usize = BYTES;
export const Z: usize = 2 * BYTES;

/** Places in the workspace: p, a product in progress, five elements, and the count of steps. */
const PRODUCT: usize = BYTES;
const A: usize = 2 * BYTES;
const B: usize = 3 * BYTES;
const C: usize = 4 * BYTES;
const D: usize = 5 * BYTES;
const STEP: usize = 6 * BYTES;
export const WORK_BYTES: u32 = 6 * BYTES + 8;

/** -1 / p mod 2^32. */
const MINUS_INVERSE: u32 = 1;

/** Prepare the workspace. */
export function begin(w: usize): void {
  table.get(w, table.Constant.P);
}

/** out = a * b. `out` may be an operand. */
function mul(out: usize, a: usize, b: usize, w: usize): void {
  montgomery.mulPublic(w + PRODUCT, a, b, w, MINUS_INVERSE, BYTES);
  memory.copy(out, w + PRODUCT, BYTES);
}


@inline
function add(out: usize, a: usize, b: usize, w: usize): void {
  montgomery.add(out, a, b, w, BYTES);
}


@inline
function sub(out: usize, a: usize, b: usize, w: usize): void {
  montgomery.sub(out, a, b, w, BYTES);
}

/** 1 if p is the point at infinity. */
export function isInfinity(p: usize): u32 {
  return montgomery.isZero(p + Z, BYTES);
}

/** p = 2p, as in `_p256`. */
function double(p: usize, w: usize): void {
  const a = w + A;
  const b = w + B;
  const g = w + C;
  mul(a, p + Z, p + Z, w);
  mul(g, p + Y, p + Y, w);
  mul(p + Z, p + Z, p + Y, w);
  add(p + Z, p + Z, p + Z, w);
  add(g, g, g, w);
  mul(b, p, g, w);
  sub(p + Y, p, a, w);
  add(a, a, p, w);
  mul(p + Y, p + Y, a, w);
  add(a, p + Y, p + Y, w);
  add(a, a, p + Y, w);
  add(b, b, b, w);
  mul(p, a, a, w);
  sub(p, p, b, w);
  sub(p, p, b, w);
  sub(b, b, p, w);
  mul(p + Y, a, b, w);
  mul(g, g, g, w);
  add(g, g, g, w);
  sub(p + Y, p + Y, g, w);
}

/** p = p + q: any points, of which q is not infinity. */
export function sum(p: usize, q: usize, w: usize): void {
  const h = w + A;
  const r = w + B;
  const t = w + C;
  const v = w + D;
  if (isInfinity(p)) {
    memory.copy(p, q, POINT_BYTES);
    return;
  }
  mul(t, q + Z, q + Z, w);
  mul(p, p, t, w);
  mul(t, t, q + Z, w);
  mul(p + Y, p + Y, t, w);
  mul(t, p + Z, p + Z, w);
  mul(h, t, q, w);
  sub(h, h, p, w);
  mul(t, t, p + Z, w);
  mul(r, t, q + Y, w);
  sub(r, r, p + Y, w);
  mul(p + Z, p + Z, q + Z, w);
  if (montgomery.isZero(h, BYTES)) {
    if (montgomery.isZero(r, BYTES)) double(p, w);
    else memory.fill(p + Z, 0, BYTES);
    return;
  }
  mul(p + Z, p + Z, h, w);
  mul(t, h, h, w);
  mul(v, p, t, w);
  mul(t, t, h, w);
  mul(p, r, r, w);
  sub(p, p, t, w);
  sub(p, p, v, w);
  sub(p, p, v, w);
  mul(t, t, p + Y, w);
  sub(v, v, p, w);
  mul(p + Y, v, r, w);
  sub(p + Y, p + Y, t, w);
}

/** The steps that `combine` takes, and the points that it needs: G, q and their sum. */
export const STEPS: u32 = 8 * BYTES;
export const POINTS_BYTES: u32 = 3 * POINT_BYTES;

/**
 * p = s G + k q (Shamir's trick). q is the second of the points at `points`. Returns the count of steps: STEPS, unless a fault ended them. The count is
 * kept in memory, where a compiler does not work it out beforehand.
 */
export function combine(p: usize, s: usize, k: usize, points: usize, w: usize): u32 {
  const both = points + 2 * POINT_BYTES;
  table.get(points, table.Constant.X);
  table.get(points + Y, table.Constant.Y);
  table.get(points + Z, table.Constant.One);
  memory.copy(both, points, POINT_BYTES);
  sum(both, points + POINT_BYTES, w);
  memory.fill(p, 0, POINT_BYTES);
  store<u32>(w + STEP, 0);
  for (let i = STEPS; i-- != 0;) {
    store<u32>(w + STEP, load<u32>(w + STEP) + 1);
    double(p, w);
    const pair = bit(s, i) | (bit(k, i) << 1);
    if (pair == 0) continue;
    const q = points + (pair - 1) * POINT_BYTES;
    // The key can be -G, whose sum with G is infinity.
    if (!isInfinity(q)) sum(p, q, w);
  }
  return load<u32>(w + STEP);
}


@inline
function bit(s: usize, i: u32): u32 {
  return ((<u32>load<u8>(s + (i >>> 3))) >>> (i & 7)) & 1;
}

/** Read an encoded point, which need not be aligned (SEC 1 §2.3.4, uncompressed): false if it is not on the curve, or not encoded in this way. */
export function decode(p: usize, from: usize, w: usize): boolean {
  const t = w + A;
  const x = w + B;
  if (load<u8>(from) != 4) return false;
  for (let i: usize = 0; i <= Y; i += Y) {
    montgomery.read(t, from + 1 + i, BYTES);
    if (montgomery.reaches(t, w, BYTES)) return false;
    enter(p + i, t, w);
  }
  table.get(p + Z, table.Constant.One);
  // x^3 - 3x + b, as (x^2 - 3) x + b.
  mul(x, p, p, w);
  for (let i = 0; i < 3; i++) sub(x, x, p + Z, w);
  mul(x, x, p, w);
  table.get(t, table.Constant.B);
  add(x, x, t, w);
  mul(t, p + Y, p + Y, w);
  sub(t, t, x, w);
  return montgomery.isZero(t, BYTES) != 0;
}

/** out = a, a number below p, in Montgomery's form. */
function enter(out: usize, a: usize, w: usize): void {
  table.get(w + C, table.Constant.R2P);
  mul(out, a, w + C, w);
}

/** out = x Z^2 in Montgomery's form, for a number x below p and the Z of p: the X of p if x is its x. */
export function project(out: usize, x: usize, p: usize, w: usize): void {
  enter(out, x, w);
  mul(w + A, p + Z, p + Z, w);
  mul(out, out, w + A, w);
}
