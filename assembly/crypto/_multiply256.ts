/**
 * Products of secret scalars and points of P-256.
 *
 * The formulas for adding points fail where the two are equal or opposite. `base` begins with a point whose multiple of G is not known, and takes it
 * away at the end: a scalar that meets such a pair would reveal that multiple. `multiply` has digits that are odd: before a digit d is added the sum is 16 c Q, with c
 * odd, so the two can only meet modulo n, in the last step, and there only for the scalars 2 and n - 2: that step doubles as well, and selects.
 *
 * `w` is always workspace; `blind` is 0 or points to a secret element, not zero: the coordinates of the first points are scaled with it, so
 * that what a multiplier's timing tells is about that.
 *
 * CT: nothing here branches on, or indexes by, a point or scalar. See the README for what each core's multiplier leaks.
 */
import * as words from "../lib/words";
import * as cpu from "./_cpu";
import * as fe from "./_fe256";
import * as p256 from "./_p256";
import * as sc from "./_sc256";
import * as table from "./_table256";

const POINT_BYTES: usize = p256.POINT_BYTES;

/** Bytes of workspace of `base`. */
export const BASE_BYTES: u32 = p256.WORK_BYTES;

/** The workspace of `multiply`: odd multiples up to 15, one of them as selected, the doubled sum, and workspace of points. */
export const ROWS: u32 = 8;
const ROW: usize = <usize>ROWS * POINT_BYTES;
const TWICE: usize = ROW + POINT_BYTES;
const WORK: usize = TWICE + POINT_BYTES;
export const MULTIPLY_BYTES: u32 = <u32>WORK + p256.WORK_BYTES;

/** Bits of a digit of `multiply`, and how many there are. */
const WIDTH: u32 = 4;
const DIGITS: u32 = 256 / WIDTH;

/** y = -y where `bit` is 1; y is not zero. `w` is an element of workspace. */
function negate(y: usize, bit: u32, w: usize): void {
  fe.clear(w);
  fe.sub(w, w, y);
  words.move(y, w, bit, fe.BYTES);
}

/** Scale the coordinates of p, whose Z is 1. `w` is an element of workspace. */
function scale(p: usize, blind: usize, w: usize): void {
  fe.copy(p + p256.Z, blind);
  fe.square(w, blind);
  fe.mul(p, p, w);
  fe.mul(w, w, blind);
  fe.mul(p + p256.Y, p + p256.Y, w);
}

/**
 * out = the row, x and y, of a table of the comb that begins at word `first`, for a digit: the row of its lower bits if the top bit is 1, else the negative
 * of the row of their complement. `w` is an element of workspace.
 */
@inline
export function select(out: usize, first: u32, digit: u32, w: usize): void {
  if (cpu.NATIVE) cpu.p256Select(out, first, digit);
  else selectPortable(out, first, digit, w);
}

export function selectPortable(out: usize, first: u32, digit: u32, w: usize): void {
  const minus = (digit >>> (cpu.TEETH - 1)) ^ 1;
  row(out, first, (digit ^ words.mask(minus)) & (p256.ROWS - 1));
  negate(out + p256.Y, minus, w);
}

/** out = row `index`, x and y, of the table that begins at word `first`. */
function row(out: usize, first: u32, index: u32): void {
  for (let i: u32 = 0; i < 2 * p256.PART_WORDS; i++) {
    const column = first + (i & ~(p256.PART_WORDS - 1)) * p256.ROWS + (i & (p256.PART_WORDS - 1));
    let word: u32 = 0;
    for (let at: u32 = 0; at < p256.ROWS; at++) {
      word |= table.comb256(column + at * p256.PART_WORDS) & words.mask(words.isZero(at ^ index));
    }
    store<u32>(out + (i << 2), word);
  }
}

/** p = s G, s in 1..n - 1, which becomes its comb form. `order` is n in memory; `w` is BASE_BYTES of workspace. */
export function base(p: usize, s: usize, order: usize, blind: usize, w: usize): void {
  const summand = w + 128;
  sc.comb(s, order, w);
  table.getSecret(p, table.Secret.Start);
  table.getSecret(p + p256.Y, table.Secret.Start + p256.PART_WORDS);
  table.get(p + p256.Z, table.Constant.One);
  if (blind) scale(p, blind, w);
  for (let i = p256.SPACING; i-- != 0;) {
    if (i != p256.SPACING - 1) p256.double(p, w);
    for (let t: u32 = 0; t < p256.TABLES; t++) {
      const digit = p256.digit(s, i + t * p256.SPACING);
      select(summand, table.Secret.Comb + t * p256.TABLE_WORDS, digit, w);
      p256.begin(p, summand, false, false, w);
      p256.finish(p, w);
    }
  }
  table.getSecret(summand, table.Secret.Stop);
  table.getSecret(summand + p256.Y, table.Secret.Stop + p256.PART_WORDS);
  p256.begin(p, summand, false, false, w);
  p256.finish(p, w);
}

/**
 * p = s q or -s q, for an affine q with Z = 1 and s in 1..n - 1; the two have the same x. q is at w, MULTIPLY_BYTES of workspace; s
 * is destroyed.
 */
export function multiply(p: usize, s: usize, order: usize, blind: usize, w: usize): void {
  const work = w + WORK;
  const twice = w + TWICE;
  if (blind) scale(w, blind, work);
  memory.copy(twice, w, POINT_BYTES);
  p256.double(twice, work);
  for (let i: usize = 1; i < ROWS; i++) {
    const at = w + i * POINT_BYTES;
    memory.copy(at, at - POINT_BYTES, POINT_BYTES);
    p256.begin(at, twice, false, true, work);
    p256.finish(at, work);
  }
  // n - s is odd where s is even.
  sc.negate(p, s, order);
  words.move(s, p, (load<u32>(s) & 1) ^ 1, sc.BYTES);
  pick(p, w, load<u32>(s, 28) >>> 29);
  for (let i = DIGITS - 1; i-- != 0;) {
    for (let j: u32 = 0; j < WIDTH; j++) p256.double(p, work);
    // The five bits from here, of which the lowest counts as 1, less 16: an odd digit from -15 to 15.
    const at = i * WIDTH;
    const bits = (<u32>(load<u16>(s + (at >>> 3)) >>> (at & 7))) | 1;
    const minus = ((bits >>> WIDTH) & 1) ^ 1;
    pick(w + ROW, w, ((bits ^ words.mask(minus)) & 15) >>> 1);
    negate(w + ROW + p256.Y, minus, work);
    memory.copy(twice, p, POINT_BYTES);
    p256.begin(p, w + ROW, false, true, work);
    const same = fe.isZero(work) & fe.isZero(work + fe.BYTES);
    p256.finish(p, work);
    if (i != 0) continue;
    p256.double(twice, work);
    words.move(p, twice, same, POINT_BYTES);
  }
}

/** out = the point `index` of ROWS at `rows`. */
@inline
export function pick(out: usize, rows: usize, index: u32): void {
  if (cpu.NATIVE) cpu.p256Pick(out, rows, index);
  else pickPortable(out, rows, index);
}

export function pickPortable(out: usize, rows: usize, index: u32): void {
  for (let i: usize = 0; i < POINT_BYTES; i += 4) {
    let word: u32 = 0;
    for (let at: u32 = 0; at < ROWS; at++) {
      word |= load<u32>(rows + <usize>at * POINT_BYTES + i) & words.mask(words.isZero(at ^ index));
    }
    store<u32>(out + i, word);
  }
}
