/**
 * Deterministic CBOR (RFC 8949 §4.2.1), the subset of it that Signet speaks: integers, floats, byte and text strings, arrays,
 * maps, true, false and null. A second encoding of a value, and types that are not needed, are refused: a message has
 * one encoding, so that its hash names it.
 */

import { compare, plain } from "./bytes.ts";

export type Key = number | bigint | string;
export type Value =
  number | bigint | Float | string | boolean | null | Uint8Array | readonly Value[] | ReadonlyMap<Key, Value>;

/** A float: another item than the integer of the same value, so that no field takes one for the other. */
export class Float {
  constructor(readonly value: number) {}
}

/** Containers inside one another, at most. */
export const MAX_DEPTH = 8;

export type Fault =
  | "truncated"
  | "trailing"
  | "not preferred"
  | "indefinite"
  | "reserved"
  | "simple"
  | "tag"
  | "utf-8"
  | "key type"
  | "key order"
  | "duplicate key"
  | "depth";

/** The reason and place of a decoder's refusal. */
export class CborError extends Error {
  constructor(
    readonly fault: Fault,
    readonly at: number,
  ) {
    super(`cbor: ${fault} at byte ${at}`);
    this.name = "CborError";
  }
}

/** Texts of so few bytes are quicker read and written byte by byte than by a call of the platform. */
const SHORT_TEXT = 64;

/** Read a text of nothing but ASCII; undefined if there is more in it. */
function ascii(part: Uint8Array): string | undefined {
  let out = "";
  for (let i = 0; i < part.length; i++) {
    const code = part[i]!;
    if (code > 0x7f) return undefined;
    out += String.fromCharCode(code);
  }
  return out;
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Compare two parts of `bytes`, from `a` and from `b`, in bytewise lexicographic order. */
function compareParts(bytes: Uint8Array, a: number, aEnd: number, b: number, bEnd: number): number {
  const shared = Math.min(aEnd - a, bEnd - b);
  for (let i = 0; i < shared; i++) {
    const difference = bytes[a + i]! - bytes[b + i]!;
    if (difference !== 0) return difference;
  }
  return aEnd - a - (bEnd - b);
}

/** A walk over one encoding. It only ever moves forward, and never past the end. */
class Decoder {
  at: number;
  private readonly bytes: Uint8Array;

  constructor(bytes: Uint8Array, from: number) {
    this.bytes = plain(bytes);
    this.at = from;
  }

  refuse(fault: Fault): never {
    throw new CborError(fault, this.at);
  }

  /** Read an initial byte. */
  initial(): number {
    if (this.at >= this.bytes.length) this.refuse("truncated");
    return this.bytes[this.at++]!;
  }

  take(length: number): Uint8Array {
    const end = this.at + length;
    if (end > this.bytes.length) this.refuse("truncated");
    const part = this.bytes.subarray(this.at, end);
    this.at = end;
    return part;
  }

  /** Read the argument of an initial byte in its shortest form (§3, §4.2.1). */
  argument(info: number): number | bigint {
    if (info < 24) return info;
    if (info === 31) this.refuse("indefinite");
    if (info > 27) this.refuse("reserved");
    const width = 1 << (info - 24);
    const from = this.at;
    if (this.at + width > this.bytes.length) this.refuse("truncated");
    this.at += width;
    let value = 0;
    if (width === 8) {
      let wide = 0n;
      for (let i = from; i < this.at; i++) wide = (wide << 8n) | BigInt(this.bytes[i]!);
      if (wide < 0x1_0000_0000n) throw new CborError("not preferred", from);
      return wide <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(wide) : wide;
    }
    for (let i = from; i < this.at; i++) value = value * 256 + this.bytes[i]!;
    const least = width === 1 ? 24 : width === 2 ? 0x100 : 0x1_0000;
    if (value < least) throw new CborError("not preferred", from);
    return value;
  }

  /** Read a length or a count. Refuse one that the remaining bytes cannot hold, before memory is taken for it. */
  length(info: number, bytesEach: number): number {
    const value = this.argument(info);
    if (typeof value === "bigint" || value * bytesEach > this.bytes.length - this.at) this.refuse("truncated");
    return value;
  }

  value(depth: number): Value {
    const initial = this.initial();
    const info = initial & 31;
    switch (initial >> 5) {
      case 0:
        return this.argument(info);
      case 1: {
        const value = this.argument(info);
        if (typeof value === "bigint") return -1n - value;
        // -1 - MAX_SAFE_INTEGER is one below the safe range.
        return value === Number.MAX_SAFE_INTEGER ? -1n - BigInt(value) : -1 - value;
      }
      case 2:
        return this.take(this.length(info, 1));
      case 3:
        return this.text(info);
      case 4:
        return this.array(info, depth + 1);
      case 5:
        return this.map(info, depth + 1);
      case 6:
        return this.refuse("tag");
      default:
        if (info === 20) return false;
        if (info === 21) return true;
        if (info === 22) return null;
        if (info >= 25 && info <= 27) return this.float(1 << (info - 24));
        return this.refuse(info === 31 ? "indefinite" : "simple");
    }
  }

  /** Read a float of `width` bytes: of the forms that keep its value it must have the shortest, and a NaN must be the one (§4.1). */
  float(width: number): Float {
    const from = this.at;
    const part = this.take(width);
    const view = new DataView(part.buffer, part.byteOffset, width);
    const value = width === 2 ? half(view.getUint16(0)) : width === 4 ? view.getFloat32(0) : view.getFloat64(0);
    if (compare(part, shortest(value)) !== 0) throw new CborError("not preferred", from);
    return new Float(value);
  }

  text(info: number): string {
    const part = this.take(this.length(info, 1));
    const plain = part.length <= SHORT_TEXT ? ascii(part) : undefined;
    if (plain !== undefined) return plain;
    try {
      return utf8.decode(part);
    } catch {
      return this.refuse("utf-8");
    }
  }

  array(info: number, depth: number): Value[] {
    if (depth > MAX_DEPTH) this.refuse("depth");
    const count = this.length(info, 1);
    const out: Value[] = [];
    for (let i = 0; i < count; i++) out.push(this.value(depth));
    return out;
  }

  map(info: number, depth: number): Map<Key, Value> {
    if (depth > MAX_DEPTH) this.refuse("depth");
    const count = this.length(info, 2);
    const out = new Map<Key, Value>();
    let [beforeFrom, beforeEnd] = [0, 0];
    for (let i = 0; i < count; i++) {
      const from = this.at;
      const key = this.value(depth);
      if (typeof key !== "number" && typeof key !== "string" && typeof key !== "bigint") this.refuse("key type");
      if (i > 0) {
        const order = compareParts(this.bytes, beforeFrom, beforeEnd, from, this.at);
        if (order >= 0) throw new CborError(order === 0 ? "duplicate key" : "key order", from);
      }
      [beforeFrom, beforeEnd] = [from, this.at];
      out.set(key, this.value(depth));
    }
    return out;
  }
}

/** The value of a float of 16 bits (RFC 8949 appendix D). */
function half(bits: number): number {
  const [exponent, fraction] = [(bits >> 10) & 0x1f, bits & 0x3ff];
  const size =
    exponent === 0
      ? fraction * 2 ** -24
      : exponent < 31
        ? (1024 + fraction) * 2 ** (exponent - 25)
        : fraction === 0
          ? Infinity
          : NaN;
  return bits & 0x8000 ? -size : size;
}

/** The float of 16 bits that has this value; undefined if there is none. */
function asHalf(value: number): number | undefined {
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
  const size = Math.abs(value);
  if (Number.isNaN(size)) return 0x7e00;
  if (size === Infinity) return sign | 0x7c00;
  // The largest exponent whose unit is not beyond the value; 0 shares its unit with 1.
  let exponent = 0;
  while (exponent < 30 && size >= 2 ** (exponent - 14)) exponent++;
  const units = size / 2 ** (Math.max(exponent, 1) - 25);
  const fraction = exponent === 0 ? units : units - 1024;
  return Number.isInteger(units) && fraction < 1024 ? sign | (exponent << 10) | fraction : undefined;
}

/** The shortest form that keeps the value, without its initial byte. */
function shortest(value: number): Uint8Array {
  const narrow = asHalf(value);
  const view = new DataView(new ArrayBuffer(narrow !== undefined ? 2 : Math.fround(value) === value ? 4 : 8));
  if (narrow !== undefined) view.setUint16(0, narrow);
  else if (view.byteLength === 4) view.setFloat32(0, value);
  else view.setFloat64(0, value);
  return new Uint8Array(view.buffer);
}

/** Decode exactly one item. Byte strings are views of `bytes`. Throws CborError on anything but the one encoding of a value. */
export function decode(bytes: Uint8Array): Value {
  const { value, end } = decodeFirst(bytes, 0);
  if (end !== bytes.length) throw new CborError("trailing", end);
  return value;
}

/** Decode the item that starts at `from`, and tell where it ends. */
export function decodeFirst(bytes: Uint8Array, from: number): { value: Value; end: number } {
  const decoder = new Decoder(bytes, from);
  const value = decoder.value(0);
  return { value, end: decoder.at };
}

/** Encodings of map keys: labels are few, and always the same. */
const keys = new Map<Key, Uint8Array>();
const KEYS_MAX = 256;

function encodedKey(key: Key): Uint8Array {
  let found = keys.get(key);
  if (found === undefined) {
    found = encode(key);
    if (keys.size < KEYS_MAX) keys.set(key, found);
  }
  return found;
}

/** The entries in the order of their encoded keys. Most maps are made in it. */
function ordered(map: ReadonlyMap<Key, Value>): Iterable<readonly [Key, Value]> {
  let before: Uint8Array | undefined;
  for (const key of map.keys()) {
    const encoded = encodedKey(key);
    if (before !== undefined && compare(before, encoded) > 0)
      return [...map].sort(([a], [b]) => compare(encodedKey(a), encodedKey(b)));
    before = encoded;
  }
  return map;
}

/** The buffer of the last encoding, for the next. */
let spare: Uint8Array | undefined;

/** A buffer that grows: messages are short, and rows that are sealed not much longer. */
class Encoder {
  private bytes: Uint8Array;
  private at = 0;

  constructor() {
    this.bytes = spare ?? new Uint8Array(2048);
    spare = undefined;
  }

  private room(length: number): void {
    if (this.at + length <= this.bytes.length) return;
    const larger = new Uint8Array(2 * (this.at + length));
    larger.set(this.bytes);
    this.bytes = larger;
  }

  /** Append the initial byte of `major` with the shortest form of `argument`. */
  head(major: number, argument: number | bigint): void {
    const top = major << 5;
    if (argument < 24) return this.word(top | Number(argument), 0, 0);
    const info = argument < 0x100 ? 0 : argument < 0x1_0000 ? 1 : argument < 0x1_0000_0000 ? 2 : 3;
    if (info < 3) return this.word(top | (24 + info), Number(argument), 1 << info);
    if (typeof argument === "number") {
      this.word(top | 27, Math.floor(argument / 0x1_0000_0000), 4);
      return this.number(argument % 0x1_0000_0000, 4);
    }
    const wide = argument;
    if (wide >= 1n << 64n) throw new RangeError("cbor: integer beyond 64 bits");
    this.word(top | 27, Number(wide >> 32n), 4);
    this.number(Number(wide & 0xffff_ffffn), 4);
  }

  /** Append a byte, and a big-endian number of `width` bytes, at most four. */
  private word(initial: number, value: number, width: number): void {
    this.room(1);
    this.bytes[this.at++] = initial;
    this.number(value, width);
  }

  private number(value: number, width: number): void {
    this.room(width);
    for (let i = width - 1; i >= 0; i--) this.bytes[this.at++] = (value >>> (8 * i)) & 0xff;
  }

  raw(part: Uint8Array): void {
    this.room(part.length);
    this.bytes.set(part, this.at);
    this.at += part.length;
  }

  /** Append a text of nothing but ASCII; false, and nothing appended, if there is more in it. */
  private ascii(text: string): boolean {
    const from = this.at;
    this.head(3, text.length);
    this.room(text.length);
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i);
      if (code > 0x7f) {
        this.at = from;
        return false;
      }
      this.bytes[this.at++] = code;
    }
    return true;
  }

  value(value: Value): void {
    if (typeof value === "number" || typeof value === "bigint") {
      if (typeof value === "number" && !Number.isSafeInteger(value)) throw new RangeError("cbor: not an integer");
      if (value >= 0) this.head(0, value);
      else this.head(1, typeof value === "number" ? -1 - value : -1n - value);
    } else if (typeof value === "string") {
      if (value.length <= SHORT_TEXT && this.ascii(value)) return;
      const bytes = Buffer.from(value, "utf-8");
      this.head(3, bytes.length);
      this.raw(bytes);
    } else if (typeof value === "boolean") this.word(value ? 0xf5 : 0xf4, 0, 0);
    else if (value === null) this.word(0xf6, 0, 0);
    else if (value instanceof Float) {
      const bytes = shortest(value.value);
      this.word(0xf8 + Math.log2(bytes.length), 0, 0);
      this.raw(bytes);
    } else if (value instanceof Uint8Array) {
      this.head(2, value.length);
      this.raw(value);
    } else if (value instanceof Map) {
      this.head(5, value.size);
      for (const [key, item] of ordered(value as ReadonlyMap<Key, Value>)) {
        this.raw(encodedKey(key));
        this.value(item);
      }
    } else {
      const items = value as readonly Value[];
      this.head(4, items.length);
      for (const item of items) this.value(item);
    }
  }

  taken(): Uint8Array {
    const taken = this.bytes.slice(0, this.at);
    spare = this.bytes;
    return taken;
  }
}

/** Encode a value in its one deterministic form; maps are sorted. */
export function encode(value: Value): Uint8Array {
  const encoder = new Encoder();
  encoder.value(value);
  return encoder.taken();
}
