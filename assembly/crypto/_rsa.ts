/**
 * The public operation of RSA (RFC 8017 §5.2.2) with e = 65537, for moduli of 2048 to 4096 bits, a multiple of 64 with the top bit set.
 *
 * CT: everything leaks; all of it is public.
 */
import * as bytes from "../lib/bytes";
import * as scratch from "../lib/scratch";
import * as cpu from "./_cpu";
import * as montgomery from "./_montgomery";

/** The shortest and the longest modulus. */
const MIN_BYTES: u32 = 256;
const MAX_BYTES: u32 = 512;

/** The squarings that lead to the power 65536. */
export const STEPS: u32 = 16;

/** Workspace of `raise`, in moduli. */
export const RAISE_MODULI: u32 = 3;

/** Bytes of scratch memory that a verification takes, but for its hashes: the workspace of `raise`, and its count. */
@inline
export function workBytes(len: u32): u32 {
  return RAISE_MODULI * len + 8;
}

/** True if scratch memory is left for a verification whose hash takes so many bytes of it. */
export function fits(len: u32, hashBytes: u32): boolean {
  return workBytes(len) + hashBytes <= scratch.left();
}

/** True if a modulus can be used. It need not be aligned. */
export function usable(modulus: usize, len: u32): boolean {
  if (len < MIN_BYTES || len > MAX_BYTES || (len & 7) != 0) return false;
  return load<u8>(modulus) >= 0x80 && (load<u8>(modulus + len - 1) & 1) != 0;
}

/** True if a hash of SHA-2 gives digests of this length. */
export function isDigest(digestLen: u32): boolean {
  return digestLen == 32 || digestLen == 48 || digestLen == 64;
}

/** -1 / m modulo 2^32, m odd: Newton's iteration doubles the correct bits, of which m itself has three. */
function minusInverse(m: u32): u32 {
  let x = m;
  for (let i = 0; i < 4; i++) x *= 2 - m * x;
  return 0 - x;
}

/**
 * x = 2^32 x mod m, x below m.
 *
 * Bounds: the estimate of the quotient is below 2^32, and too small by at most 3: the divisor is at least 2^31 and too large
 * by at most 1, d of 2^32. The rest that this leaves is what the division left and quotient d / 2^32 of its unit: if that reaches the divisor, the
 * quotient is larger, and still not too large.
 */
function step(x: usize, m: usize, len: u32): void {
  const last = len - 4;
  const high = load<u32>(x + last);
  const divisor = <u64>load<u32>(m + last) + 1;
  const upper = ((<u64>high) << 32) | load<u32>(x + last - 4);
  let quotient = <u32>(upper / divisor);
  const lacks: u32 = ~load<u32>(m + last - 4);
  let rest = upper - quotient * divisor + ((<u64>quotient * lacks) >>> 32);
  for (; rest >= divisor; rest -= divisor) quotient++;
  const top = high + shift(x, quotient, m, len);
  montgomery.settlePublic(x, top, m, len);
}

/** x = 2^32 x - quotient m, without the word above x: returns what is to be added to that. */
@inline
export function shift(x: usize, quotient: u32, m: usize, len: u32): u32 {
  return cpu.LONG_PUBLIC ? cpu.rsaShift(x, quotient, m, len) : shiftPortable(x, quotient, m, len);
}

export function shiftPortable(x: usize, quotient: u32, m: usize, len: u32): u32 {
  let below: u32 = 0;
  let carry: u64 = 0;
  let borrow: i64 = 0;
  for (let i: u32 = 0; i < len; i += 4) {
    carry += <u64>quotient * load<u32>(m + i);
    borrow += <i64>below - <i64>(<u32>carry);
    below = load<u32>(x + i);
    store<u32>(x + i, <u32>borrow);
    borrow >>= 32;
    carry >>>= 32;
  }
  return <u32>borrow - <u32>carry;
}

/**
 * Write signature^65537 mod modulus as `len` big-endian bytes to w + len, and count the squarings in the word at `steps`, in memory, where a
 * compiler does not work it out beforehand: false if the signature is not below the modulus. `w` is workspace of RAISE_MODULI moduli.
 * The modulus must be `usable`; it and the signature need not be aligned.
 */
export function raise(w: usize, steps: usize, signature: usize, modulus: usize, len: u32): boolean {
  const m = w;
  let x = w + len;
  let y = w + 2 * len;
  montgomery.read(m, modulus, len);
  montgomery.read(x, signature, len);
  store<u32>(steps, 0);
  if (montgomery.reaches(x, m, len)) return false;
  const inverse = minusInverse(load<u32>(m));
  for (let i: u32 = 0; i < len; i += 4) step(x, m, len);
  while (load<u32>(steps) != STEPS) {
    montgomery.mulPublic(y, x, x, m, inverse, len);
    const free = x;
    x = y;
    y = free;
    store<u32>(steps, load<u32>(steps) + 1);
  }
  // x is the power in Montgomery's form; a factor that is not takes it out of that form.
  montgomery.begin(y, len);
  let top: u32 = 0;
  for (let i = len; i != 0; i -= 4) {
    top = montgomery.rowPublic(y, bytes.load32be(signature + i - 4), x, m, inverse, len, top);
  }
  montgomery.settlePublic(y, top, m, len);
  montgomery.write(x, y, len);
  if (x != w + len) bytes.copy(w + len, x, len);
  return true;
}
