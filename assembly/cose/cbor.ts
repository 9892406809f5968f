/**
 * CBOR in deterministic encoding (RFC 8949 §4.2.1): what the messages of a device need, and the readings of an application. Lengths are
 * definite. An item is refused unless it has the form in which it would be written here; a refusal is the reader's sticky failure.
 *
 * Messages use integers of 32 bits. Integers of 64 bits have functions of their own, and floats a file (`float.ts`): an image without them
 * holds no code for them.
 *
 * CT: nothing here is for secrets; every length and value leaks.
 */
import { same } from "../lib/bytes";
import { Reader } from "../lib/reader";
import { Writer } from "../lib/writer";

/** The major types (RFC 8949 §3.1). */
export const enum Major {
  Uint = 0,
  Nint = 1,
  Bytes = 2,
  Text = 3,
  Array = 4,
  Map = 5,
  Tag = 6,
}

const FALSE: u32 = 0xf4;
const TRUE: u32 = 0xf5;
const NULL: u32 = 0xf6;
/** The additional information of an argument of 64 bits (§3). */
const INFO_64: u32 = 27;

/** Bytes of the longest head: one byte and a 32-bit argument. */
export const HEAD_BYTES: u32 = 5;

/** A string inside a message: where it starts and how long it is. */
@unmanaged
export class Slice {
  at: usize;
  len: u32;
}

/** Return the size of the head of an item with this argument, in bytes. */
export function headBytes(argument: u32): u32 {
  return argument < 24 ? 1 : argument < 0x100 ? 2 : argument < 0x10000 ? 3 : 5;
}

/** Write an item's head: the major type and its argument in the fewest bytes. */
export function head(out: Writer, major: u32, argument: u32): void {
  const type = major << 5;
  if (argument < 24) {
    out.u8(type | argument);
  } else if (argument < 0x100) {
    out.u8(type | 24);
    out.u8(argument);
  } else if (argument < 0x10000) {
    out.u8(type | 25);
    out.u16(argument);
  } else {
    out.u8(type | 26);
    out.u32(argument);
  }
}

/** Write an unsigned integer. */
export function uint(out: Writer, value: u32): void {
  head(out, Major.Uint, value);
}

/** Write an integer of either sign: every map key of ours, and readings. */
export function int(out: Writer, value: i32): void {
  if (value < 0) head(out, Major.Nint, ~value);
  else head(out, Major.Uint, value);
}

/** Write an item's head with an argument of up to 64 bits. */
export function head64(out: Writer, major: u32, argument: u64): void {
  if (argument >>> 32 == 0) return head(out, major, <u32>argument);
  out.u8((major << 5) | INFO_64);
  out.u32(<u32>(argument >>> 32));
  out.u32(<u32>argument);
}

/** Write an unsigned integer of 64 bits. */
export function uint64(out: Writer, value: u64): void {
  head64(out, Major.Uint, value);
}

/** Write an integer of either sign and 64 bits. Below -2^63 CBOR has `head64` with Major.Nint and -1 - value. */
export function int64(out: Writer, value: i64): void {
  if (value < 0) head64(out, Major.Nint, ~value);
  else head64(out, Major.Uint, value);
}

/** Write true or false. */
export function flag(out: Writer, value: bool): void {
  out.u8(value ? TRUE : FALSE);
}

/** Write null. */
export function nil(out: Writer): void {
  out.u8(NULL);
}

/** Write a byte string. */
export function bytes(out: Writer, from: usize, len: u32): void {
  head(out, Major.Bytes, len);
  out.bytes(from, len);
}

/** Write a text string; `from` holds UTF-8. */
export function text(out: Writer, from: usize, len: u32): void {
  head(out, Major.Text, len);
  out.bytes(from, len);
}

/** Write the head of an array of `count` items. */
export function array(out: Writer, count: u32): void {
  head(out, Major.Array, count);
}

/** Write the head of a map of `count` pairs; the caller writes the keys in bytewise order of their encodings. */
export function map(out: Writer, count: u32): void {
  head(out, Major.Map, count);
}

/**
 * Read the head of an item of type `major` and return its argument; 0 on failure. Refused: another type, a longer form
 * than needed, an indefinite length, an argument of 64 bits.
 */
export function argument(from: Reader, major: u32): u32 {
  const first = from.u8();
  const info = first & 31;
  let value: u32 = info;
  let least: u32 = 0;
  switch (info) {
    case 24:
      value = from.u8();
      least = 24;
      break;
    case 25:
      value = from.u16();
      least = 0x100;
      break;
    case 26:
      value = from.u32();
      least = 0x10000;
      break;
  }
  if (first >>> 5 != major || info > 26 || value < least) from.fail();
  return from.failed ? 0 : value;
}

/** Read an unsigned integer. */
export function readUint(from: Reader): u32 {
  return argument(from, Major.Uint);
}

/** Read an integer of either sign; refused below -2^31 and above 2^31 - 1. */
export function readInt(from: Reader): i32 {
  const negative = from.left() > 0 && load<u8>(from.at) >>> 5 == Major.Nint;
  const value = argument(from, negative ? Major.Nint : Major.Uint);
  if (<i32>value < 0) from.fail();
  return from.failed ? 0 : negative ? ~(<i32>value) : <i32>value;
}

/** Read the head of an item of type `major` with an argument of up to 64 bits; 0 on failure. Refused as by `argument`. */
export function argument64(from: Reader, major: u32): u64 {
  if (from.left() == 0 || load<u8>(from.at) != ((major << 5) | INFO_64)) return argument(from, major);
  from.u8();
  const high = from.u32();
  const low = from.u32();
  if (high == 0) from.fail();
  return from.failed ? 0 : ((<u64>high) << 32) | low;
}

/** Read an unsigned integer of 64 bits. */
export function readUint64(from: Reader): u64 {
  return argument64(from, Major.Uint);
}

/** Read an integer of either sign; refused below -2^63 and above 2^63 - 1. */
export function readInt64(from: Reader): i64 {
  const negative = from.left() > 0 && load<u8>(from.at) >>> 5 == Major.Nint;
  const value = <i64>argument64(from, negative ? Major.Nint : Major.Uint);
  if (value < 0) from.fail();
  return from.failed ? 0 : negative ? ~value : value;
}

/** Read true or false; false on failure. */
export function readFlag(from: Reader): bool {
  const byte = from.u8();
  if (byte != TRUE && byte != FALSE) from.fail();
  return from.ok() && byte == TRUE;
}

/** Read a null. */
export function readNil(from: Reader): void {
  if (from.u8() != NULL) from.fail();
}

/** Read a string of type `major` and `least` to `most` bytes; `out` is empty on failure. */
export function readString(out: Slice, from: Reader, major: u32, least: u32, most: u32): void {
  const len = argument(from, major);
  if (len < least || len > most) from.fail();
  out.at = from.take(len);
  out.len = from.failed ? 0 : len;
}

/** Read a byte string of exactly `len` bytes and return where it starts; on failure nothing may be read there. */
export function readFixed(from: Reader, len: u32): usize {
  if (argument(from, Major.Bytes) != len) from.fail();
  return from.take(len);
}

/** Read the head of an array or map that must have `count` items or pairs. */
export function readCount(from: Reader, major: u32, count: u32): void {
  if (argument(from, major) != count) from.fail();
}

/** Read a map key or other integer that must be `value`. */
export function readKey(from: Reader, value: i32): void {
  if (readInt(from) != value) from.fail();
}

/** Read a map key if it is `value`; otherwise leave the reader where it is and return false. */
export function readOptionalKey(from: Reader, value: i32): boolean {
  const at = from.at;
  if (from.failed || from.left() == 0) return false;
  if (load<u8>(at) >>> 5 > Major.Nint) return false;
  if (readInt(from) == value && from.ok()) return true;
  if (from.ok()) from.rewind(at);
  return false;
}

/** Read a text that must be the `len` bytes at `key`: a map key that is a name. */
export function readTextKey(from: Reader, key: usize, len: u32): void {
  if (!readOptionalTextKey(from, key, len)) from.fail();
}

/** Read such a key if it is next; otherwise leave the reader where it is and return false. */
export function readOptionalTextKey(from: Reader, key: usize, len: u32): boolean {
  const at = from.at;
  if (from.failed || from.left() == 0) return false;
  if (load<u8>(at) >>> 5 != Major.Text) return false;
  const there = argument(from, Major.Text);
  const text = from.take(there);
  if (from.failed) return false;
  if (there == len && same(text, key, len)) return true;
  from.rewind(at);
  return false;
}
