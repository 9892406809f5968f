/**
 * Points of edwards25519, -x^2 + y^2 = 1 + d x^2 y^2.
 *
 * A point is four field elements X, Y, Z, T with x = X/Z, y = Y/Z, xy = T/Z (Hisil, Wong, Carter, Dawson 2008). The
 * other addend comes as y + x, y - x and 2dxy of an affine point (a row of the table, 96 bytes), or as
 * Y + X, Y - X, 2dT and Z (an addend, 128 bytes). The formulas are complete: no pair of points is an exception.
 *
 * `w` is always workspace of WORK_BYTES; points, addends and w are distinct.
 *
 * CT: nothing here branches on, or indexes by, a point or scalar, but for `combine`, `decodeNegative` and `smallOrder`, which are
 * for public ones.
 */
import * as cpu from "./_cpu";
import * as fe from "./_fe25519";
import * as sc from "./_sc25519";
import * as table from "./_table25519";
import * as words from "../lib/words";

/** Bytes of a point. */
export const POINT_BYTES: u32 = 128;

/** Bytes of workspace. */
export const WORK_BYTES: u32 = 224;

/** Places of a point's elements. */
const Y: usize = 32;
const Z: usize = 64;
const T: usize = 96;

/** Places of an addend's elements; X and Y stand for the sums with them. */
const MINUS: usize = 32;
const XY2D: usize = 64;
const SCALE: usize = 96;

/** The comb: cpu.TEETH bits, DISTANCE apart, make a digit; tables share the doublings, SPACING each (`tools/generate`). */
const DISTANCE: u32 = cpu.SMALL ? 64 : 51;
const TABLES: u32 = cpu.SMALL ? 1 : 3;
const SPACING: u32 = DISTANCE / TABLES;
const ROWS: u32 = 1 << (cpu.TEETH - 1);
const PARTS: u32 = 3;
const PART_WORDS: u32 = 8;
const TABLE_WORDS: u32 = PARTS * ROWS * PART_WORDS;

/** p = the neutral element. */
function setNeutral(p: usize): void {
  fe.set(p, 0);
  fe.set(p + Y, 1);
  fe.set(p + Z, 1);
  fe.set(p + T, 0);
}

/** p = the point of a row, as 4x, 4y, 4 and 4xy, each times the element at `blind` unless that is 0. */
function begin(p: usize, row: usize, blind: usize): void {
  fe.sub(p, row, row + MINUS);
  fe.add(p + Y, row, row + MINUS);
  fe.mul(p + T, p, p + Y);
  fe.add(p, p, p);
  fe.add(p + Y, p + Y, p + Y);
  fe.set(p + Z, 4);
  if (!blind) return;
  for (let at: usize = 0; at < POINT_BYTES; at += 32) fe.mul(p + at, p + at, blind);
}

/** p = 2p; T is left undefined unless `wanted`, which is public. 4 squarings, 3 or 4 multiplications. */
@inline
export function double(p: usize, wanted: boolean, w: usize): void {
  if (cpu.POINTS25519) cpu.geDouble(p, <u32>wanted);
  else doublePortable(p, wanted, w);
}

export function doublePortable(p: usize, wanted: boolean, w: usize): void {
  const e = w;
  const h = w + 32;
  const g = w + 64;
  fe.add(e, p, p + Y);
  fe.square(e, e);
  fe.square(p, p);
  fe.square(p + Y, p + Y);
  fe.square(p + Z, p + Z);
  fe.add(h, p, p + Y);
  fe.sub(g, p, p + Y);
  fe.sub(e, h, e);
  // F = 2Z + G. Where words are multiplied in halves, two sums take less time.
  if (cpu.SHORT_MULTIPLY) {
    fe.add(p + Z, p + Z, p + Z);
    fe.add(p + Z, p + Z, g);
  } else {
    fe.scale(p + Z, p + Z, 2, g);
  }
  fe.mul(p, e, p + Z);
  if (wanted) fe.mul(p + T, e, h);
  fe.mul(p + Y, g, h);
  fe.mul(p + Z, g, p + Z);
}

/** How points are added, which is public: the sum of some of these. */
export const enum How {
  Plain = 0,
  /** q is an addend, not a row. */
  Scaled = 1,
  /** T is wanted; else it is left undefined. */
  Wanted = 2,
  /** p - q. */
  Minus = 32,
}

/** p = p + q, or p - q; q is a row or an addend. 6 to 8 multiplications. */
@inline
export function add(p: usize, q: usize, how: u32, w: usize): void {
  if (cpu.POINTS25519) cpu.geAdd(p, q, how);
  else addPortable(p, q, how, w);
}

export function addPortable(p: usize, q: usize, how: u32, w: usize): void {
  const a = w;
  const b = w + 32;
  const c = w + 64;
  const minus: usize = how & How.Minus;
  fe.sub(a, p + Y, p);
  fe.mul(a, a, q + (MINUS ^ minus));
  fe.add(b, p + Y, p);
  fe.mul(b, b, q + minus);
  fe.mul(c, p + T, q + XY2D);
  if (how & How.Scaled) fe.mul(p + Z, p + Z, q + SCALE);
  fe.add(p + Z, p + Z, p + Z);
  fe.sub(p, b, a); // E
  fe.add(p + Y, b, a); // H
  // F = 2Z - C in a and G = 2Z + C in b, where minus q means minus C.
  fe.sub(a + minus, p + Z, c);
  fe.add(b - minus, p + Z, c);
  if (how & How.Wanted) fe.mul(p + T, p, p + Y);
  fe.mul(p, p, a);
  fe.mul(p + Y, p + Y, b);
  fe.mul(p + Z, a, b);
}

/** q = p as an addend. */
function toAddend(q: usize, p: usize): void {
  fe.add(q, p + Y, p);
  fe.sub(q + MINUS, p + Y, p);
  table.get(q + SCALE, table.Constant.D2);
  fe.mul(q + XY2D, p + T, q + SCALE);
  fe.copy(q + SCALE, p + Z);
}

/** The digit of the comb's scalar s at `column`: one bit a tooth. Bounds: the last bit is 254, or 255 of a small image. */
@inline
function digit(s: usize, column: u32): u32 {
  let bits: u32 = 0;
  for (let at = column + (cpu.TEETH - 1) * DISTANCE; <i32>at >= 0; at -= DISTANCE) {
    bits = (bits << 1) | (((<u32>load<u8>(s + (at >>> 3))) >>> (at & 7)) & 1);
  }
  return bits;
}

/**
 * out = the row of a table that begins at word `first` for a digit: the row of its lower bits if the top bit is 1, else the
 * negative of the row of their complement.
 *
 * Bounds: 2dxy in the table is in 1..p - 1, so its negative is 2^255 - 1 - it, which is at least 18, less 18.
 *
 * CT: all rows are read; the digit is only ever a mask.
 */
@inline
export function select(out: usize, first: u32, digit: u32): void {
  if (cpu.NATIVE) cpu.combSelect(out, first, digit);
  else selectPortable(out, first, digit);
}

export function selectPortable(out: usize, first: u32, digit: u32): void {
  const negate = words.mask(((digit >>> (cpu.TEETH - 1)) & 1) ^ 1);
  const index = (digit ^ negate) & (ROWS - 1);
  for (let i: u32 = 0; i < PARTS * PART_WORDS; i++) {
    const column = first + (i & ~(PART_WORDS - 1)) * ROWS + (i & (PART_WORDS - 1));
    let word: u32 = 0;
    for (let row: u32 = 0; row < ROWS; row++) {
      word |= table.ed25519(column + row * PART_WORDS) & words.mask(words.isZero(row ^ index));
    }
    store<u32>(out + (i << 2), word);
  }
  for (let i: usize = 0; i < 32; i += 4) {
    const t = (load<u32>(out + i) ^ load<u32>(out + MINUS + i)) & negate;
    store<u32>(out + i, load<u32>(out + i) ^ t);
    store<u32>(out + MINUS + i, load<u32>(out + MINUS + i) ^ t);
  }
  let carry: i64 = -(<i64>(18 & negate));
  for (let i: usize = 0; i < 32; i += 4) {
    const flip = i == 28 ? negate >>> 1 : negate;
    carry += <i64>(load<u32>(out + XY2D + i) ^ flip);
    store<u32>(out + XY2D + i, <u32>carry);
    carry >>= 32;
  }
}

/** out = the row whose first word is `first`. CT: everything leaks. */
@inline
export function copyRow(out: usize, first: u32): void {
  if (cpu.POINTS25519) cpu.combRow(out, first);
  else copyRowPortable(out, first);
}

/** The same by words. CT: everything leaks. */
export function copyRowPortable(out: usize, first: u32): void {
  for (let part: u32 = 0; part < PARTS; part++) table.get(out + part * 32, first + part * ROWS * PART_WORDS);
}

/**
 * p = s B, s below L, which becomes its comb form. `blind` is 0 or points to a secret field element, not zero, that all of p is
 * multiplied with, so that what a multiplier's timing tells is about that.
 *
 * CT: s and blind do not leak but for what the README says of `fe.mul`.
 */
export function base(p: usize, s: usize, blind: usize, w: usize): void {
  const row = w + 96;
  sc.comb(s);
  for (let i = SPACING; i-- != 0;) {
    if (i != SPACING - 1) double(p, true, w);
    for (let t: u32 = 0; t < TABLES; t++) {
      select(row, table.Constant.Comb + t * TABLE_WORDS, digit(s, i + t * SPACING));
      if (i == SPACING - 1 && t == 0) begin(p, row, blind);
      else add(p, row, t != TABLES - 1 ? How.Wanted : How.Plain, w);
    }
  }
}

/** Bytes of the addends that `combine` needs: 1, 3, 5 and 7 times its point. */
export const ADDENDS_BYTES: u32 = 4 * POINT_BYTES;

/** The steps that `combine` takes. */
export const STEPS: u32 = 254;

/**
 * p = s B + k a, where k comes as digits (`sc.recode`) and s is below L and becomes its comb form. a becomes 2a. `addends` is
 * workspace of ADDENDS_BYTES. Returns how many steps were taken: STEPS, unless a fault ended them. The count is kept in
 * memory, where a compiler does not work it out beforehand.
 *
 * CT: everything leaks; all of it is public.
 */
export function combine(p: usize, s: usize, digits: usize, a: usize, addends: usize, w: usize): u32 {
  const row = w + 96;
  const steps = w + 192;
  sc.comb(s);
  toAddend(addends, a);
  fe.copy(p, a);
  fe.copy(p + Y, a + Y);
  fe.copy(p + Z, a + Z);
  fe.copy(p + T, a + T);
  double(a, true, w);
  toAddend(addends + ADDENDS_BYTES - POINT_BYTES, a);
  for (let i: usize = 1; i < 4; i++) {
    add(p, addends + ADDENDS_BYTES - POINT_BYTES, How.Scaled | How.Wanted, w);
    toAddend(addends + i * POINT_BYTES, p);
  }
  setNeutral(p);
  store<u32>(steps, 0);
  for (let i: i32 = STEPS - 1; i >= 0; i--) {
    store<u32>(steps, load<u32>(steps) + 1);
    const code = <i32>load<i8>(digits + (i >> 2));
    const due = code != 0 && (code & 3) == (i & 3);
    const combed = <u32>i < SPACING;
    double(p, due || combed, w);
    if (due) {
      const value = code >> 2;
      const minus: u32 = value < 0 ? How.Minus : How.Plain;
      const index = (<usize>(minus ? -value : value)) >> 1;
      add(p, addends + index * POINT_BYTES, How.Scaled | minus | (combed ? How.Wanted : How.Plain), w);
    }
    if (!combed) continue;
    for (let t: u32 = 0; t < TABLES; t++) {
      const bits = digit(s, i + t * SPACING);
      const minus: u32 = bits < ROWS ? How.Minus : How.Plain;
      const index = (minus ? ~bits : bits) & (ROWS - 1);
      copyRow(row, table.Constant.Comb + t * TABLE_WORDS + index * PART_WORDS);
      add(p, row, minus | (t != TABLES - 1 ? How.Wanted : How.Plain), w);
    }
  }
  return load<u32>(steps);
}

/** Write p as 32 bytes, which need not be aligned (RFC 8032 §5.1.2). p is destroyed. */
export function encode(out: usize, p: usize, w: usize): void {
  fe.invert(w, p + Z, w);
  fe.mul(p, p, w);
  fe.mul(p + Y, p + Y, w);
  fe.freeze(p);
  fe.freeze(p + Y);
  store<u8>(p + Y, load<u8>(p + Y, 31) | (load<u8>(p) << 7), 31);
  fe.copy(out, p + Y);
}

/**
 * p = the negative of the point that the 32 bytes at `from` say, which need not be aligned (RFC 8032 §5.1.3): false if y is not
 * below p, if there is no such point, or if x is zero and its sign is not.
 *
 * CT: everything leaks; the point is public.
 */
export function decodeNegative(p: usize, from: usize, w: usize): boolean {
  const u = w;
  const v = w + 32;
  const v3 = w + 64;
  const sign = (<u32>load<u8>(from, 31)) >>> 7;
  fe.copy(p + Y, from);
  store<u8>(p + Y, load<u8>(p + Y, 31) & 0x7f, 31);
  if (fe.reaches(p + Y)) return false;
  // x^2 = u / v with u = y^2 - 1, v = d y^2 + 1; the candidate is u v^3 (u v^7)^((p - 5) / 8).
  fe.set(p + Z, 1);
  fe.square(u, p + Y);
  table.get(v, table.Constant.D);
  fe.mul(v, v, u);
  fe.add(v, v, p + Z);
  fe.sub(u, u, p + Z);
  fe.square(v3, v);
  fe.mul(v3, v3, v);
  fe.square(p + T, v3);
  fe.mul(p + T, p + T, v);
  fe.mul(p + T, p + T, u);
  fe.root(p, p + T, w + 96);
  fe.mul(p, p, v3);
  fe.mul(p, p, u);
  fe.square(v3, p);
  fe.mul(v3, v3, v);
  fe.sub(p + T, v3, u);
  if (!fe.isZero(p + T)) {
    fe.add(p + T, v3, u);
    if (!fe.isZero(p + T)) return false;
    table.get(v3, table.Constant.RootM1);
    fe.mul(p, p, v3);
  }
  if (fe.isZero(p) & sign) return false;
  if ((load<u32>(p) & 1) == sign) {
    fe.set(p + T, 0);
    fe.sub(p, p + T, p);
  }
  fe.mul(p + T, p, p + Y);
  return true;
}

/**
 * True if 8p is the neutral element: where x, y or, so that 2p has y = 0, x^2 + y^2 is zero.
 *
 * CT: everything leaks; the point is public.
 */
export function smallOrder(p: usize, w: usize): boolean {
  fe.square(w, p);
  fe.square(w + 32, p + Y);
  fe.add(w, w, w + 32);
  fe.mul(w, w, p);
  fe.mul(w, w, p + Y);
  return fe.isZero(w) != 0;
}
