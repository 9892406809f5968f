/** The little of DER (X.690) that certificates need, over the bounded reader: a value that is not as asked makes it fail. */
import { Reader } from "../lib/reader";

export const enum Tag {
  Boolean = 0x01,
  Integer = 0x02,
  BitString = 0x03,
  OctetString = 0x04,
  Oid = 0x06,
  UtcTime = 0x17,
  GeneralizedTime = 0x18,
  Sequence = 0x30,
  Context0 = 0xa0,
  Context1 = 0xa1,
  Context3 = 0xa3,
}

/** Read a length in its shortest form, at most two bytes long, and fail if so many are not there. */
function length(r: Reader): u32 {
  const first = r.u8();
  let len = first;
  if (first == 0x81) {
    len = r.u8();
    if (len < 0x80) r.fail();
  } else if (first == 0x82) {
    len = r.u16();
    if (len < 0x100) r.fail();
  } else if (first >= 0x80) r.fail();
  if (len > r.left()) r.fail();
  return r.ok() ? len : 0;
}

/** The tag of the next value; 0 at the end. */
export function peek(r: Reader): u32 {
  return r.left() ? load<u8>(r.at) : 0;
}

/** Begin `inner` over the contents of the next value, which must have this tag; `r` steps over it. `inner` may be `r`. */
export function enter(inner: Reader, r: Reader, tag: u32): void {
  if (r.u8() != tag) r.fail();
  const len = length(r);
  const at = r.take(len);
  const found = r.ok();
  inner.begin(at, len);
  if (!found) inner.fail();
}

/** Skip the next value, of any type. */
export function skip(r: Reader): void {
  r.u8();
  r.take(length(r));
}

/** Step over the next value, which must have this tag; returns where it is, tag and length included. */
export function step(r: Reader, tag: u32): usize {
  if (peek(r) != tag) r.fail();
  const at = r.at;
  skip(r);
  return at;
}

/** Read `count` decimal digits. */
function digits(r: Reader, count: u32): u32 {
  let value: u32 = 0;
  for (let i: u32 = 0; i < count; i++) {
    const digit = r.u8() - 0x30;
    if (digit > 9) r.fail();
    value = value * 10 + digit;
  }
  return value;
}

/**
 * Read a UTCTime or GeneralizedTime, to the second and in Zulu time (RFC 5280 §4.1.2.5), as seconds since 1970; what is earlier gives 0, and what is later than 2105 the
 * latest that 32 bits hold.
 */
export function time(r: Reader, inner: Reader): u32 {
  const tag = peek(r);
  enter(inner, r, tag == Tag.UtcTime ? Tag.UtcTime : Tag.GeneralizedTime);
  let year: u32;
  if (tag == Tag.UtcTime) {
    year = digits(inner, 2);
    year += year < 50 ? 2000 : 1900;
  } else year = digits(inner, 4);
  const month = digits(inner, 2);
  const day = digits(inner, 2);
  const hour = digits(inner, 2);
  const minute = digits(inner, 2);
  const second = digits(inner, 2);
  if (inner.u8() != 0x5a || inner.left()) inner.fail();
  if (month - 1 > 11 || day - 1 > 30 || hour > 23 || minute > 59 || second > 59) inner.fail();
  if (!inner.ok()) r.fail();
  if (year < 1970) return 0;
  if (year > 2105) return u32.MAX_VALUE;
  return daysFrom1970(year, month, day) * 86400 + hour * 3600 + minute * 60 + second;
}

/** Days from 1970-01-01 to a day of the Gregorian calendar from then on; the year begins in March, so that the leap day ends it. */
function daysFrom1970(year: u32, month: u32, day: u32): u32 {
  const y = month > 2 ? year : year - 1;
  const m = month > 2 ? month - 3 : month + 9;
  const dayOfYear = (153 * m + 2) / 5 + day - 1;
  return 365 * y + y / 4 - y / 100 + y / 400 + dayOfYear - 719468;
}
