/**
 * Floats in CBOR (RFC 8949 §3.3), in preferred serialization (§4.1): the shortest of the three forms that keeps the value, and f97e00 for
 * each NaN. A float is never an integer: 1.0 is f93c00. All is done on the bits (IEEE 754 §3.4), so a core without a unit for floats needs no
 * library for it.
 */
import { Reader } from "../lib/reader";
import { Writer } from "../lib/writer";

/** The initial bytes of the three forms. */
const HALF: u32 = 0xf9;
const SINGLE: u32 = 0xfa;
const DOUBLE: u32 = 0xfb;

/** Bias of the exponent, and bits of the fraction, of binary16, binary32 and binary64. */
const HALF_BIAS: i32 = 15;
const HALF_BITS: i32 = 10;
const SINGLE_BIAS: i32 = 127;
const SINGLE_BITS: i32 = 23;
const DOUBLE_BIAS: i32 = 1023;
const DOUBLE_BITS: i32 = 52;

/** The fraction of a double; behind it, the leading one that its bits leave out. */
const FRACTION: u64 = (1 << 52) - 1;
const LEADING: u64 = 1 << 52;
/** The result of `narrow` if only a wider form keeps the value. It is a NaN in each form, and not the one that `narrow` makes. */
const WIDE: u32 = 0xffffffff;

/** Write a float. */
export function write(out: Writer, value: f64): void {
  const bits = reinterpret<u64>(value);
  const half = narrow(bits, HALF_BIAS, HALF_BITS);
  const single = narrow(bits, SINGLE_BIAS, SINGLE_BITS);
  if (half != WIDE) {
    out.u8(HALF);
    out.u16(half);
  } else if (single != WIDE) {
    out.u8(SINGLE);
    out.u32(single);
  } else {
    out.u8(DOUBLE);
    out.u32(<u32>(bits >>> 32));
    out.u32(<u32>bits);
  }
}

/** Read a float of any form; 0 on failure. Refused: a longer form than needed, a NaN other than f97e00, an item that is no float. */
export function read(from: Reader): f64 {
  const form = from.u8();
  let bits: u64 = 0;
  let preferred = false;
  if (form == HALF) {
    const half = from.u16();
    bits = widen(half, HALF_BIAS, HALF_BITS);
    preferred = narrow(bits, HALF_BIAS, HALF_BITS) == half;
  } else if (form == SINGLE) {
    bits = widen(from.u32(), SINGLE_BIAS, SINGLE_BITS);
    preferred = narrow(bits, HALF_BIAS, HALF_BITS) == WIDE;
  } else if (form == DOUBLE) {
    const high = from.u32();
    bits = ((<u64>high) << 32) | from.u32();
    preferred = narrow(bits, SINGLE_BIAS, SINGLE_BITS) == WIDE;
  }
  if (!preferred) from.fail();
  return from.failed ? 0 : reinterpret<f64>(bits);
}

/** Where the sign is. */
function signBit(fractionBits: i32): u32 {
  return fractionBits == HALF_BITS ? 15 : 31;
}

/** Make the narrower form of the double `bits`; WIDE if that would change the value. */
function narrow(bits: u64, bias: i32, fractionBits: i32): u32 {
  const sign = (<u32>(bits >>> 63)) << signBit(fractionBits);
  const infinity = (<u32>(2 * bias + 1)) << fractionBits;
  const exponent = ((<i32>(bits >>> DOUBLE_BITS)) & 0x7ff) - DOUBLE_BIAS;
  let fraction = bits & FRACTION;
  if (exponent > DOUBLE_BIAS) return fraction ? infinity | (1 << (fractionBits - 1)) : sign | infinity;
  if (bits << 1 == 0) return sign;
  if (exponent > bias) return WIDE;
  let biased = exponent + bias;
  let shift = DOUBLE_BITS - fractionBits;
  if (biased < 1) {
    // Subnormal in the narrower form: the leading one is a bit of the fraction.
    shift += 1 - biased;
    biased = 0;
    fraction |= LEADING;
    if (shift > DOUBLE_BITS) return WIDE;
  }
  if (fraction & (((<u64>1) << shift) - 1)) return WIDE;
  return sign | ((<u32>biased) << fractionBits) | (<u32>(fraction >>> shift));
}

/** Make the double that has the value of a narrower form; a NaN stays one. */
function widen(bits: u32, bias: i32, fractionBits: i32): u64 {
  const sign = (<u64>(bits >>> signBit(fractionBits))) << 63;
  let exponent = (<i32>(bits >>> fractionBits)) & (2 * bias + 1);
  let fraction = (<u64>(bits & ((1 << fractionBits) - 1))) << (DOUBLE_BITS - fractionBits);
  if (exponent == 0) {
    if (fraction == 0) return sign;
    const up = <i32>clz(fraction) - (63 - DOUBLE_BITS);
    fraction = (fraction << up) & FRACTION;
    exponent = 1 - up;
  } else if (exponent == 2 * bias + 1) exponent = DOUBLE_BIAS + bias + 1;
  return sign | ((<u64>(exponent - bias + DOUBLE_BIAS)) << DOUBLE_BITS) | fraction;
}
