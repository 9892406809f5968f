/**
 * Deterministic CBOR (RFC 8949 §4.2.1), the subset of it that Signet speaks: integers, byte and text strings, arrays,
 * maps, true, false and null. Whatever could be written in a second way, or is not needed, is refused: a message has
 * one encoding, so that its hash names it.
 */

import { plain } from "./bytes.ts";

export type Key = number | bigint | string;
export type Value = number | bigint | string | boolean | null | Uint8Array | readonly Value[] | ReadonlyMap<Key, Value>;

/** Containers inside one another, at most. */
export const MAX_DEPTH = 8;

export type Fault =
  | "truncated"
  | "trailing"
  | "not preferred"
  | "indefinite"
  | "reserved"
  | "float"
  | "simple"
  | "tag"
  | "utf-8"
  | "key type"
  | "key order"
  | "duplicate key"
  | "depth";

/** What a decoder refused, and where. */
export class CborError extends Error {
  constructor(
    readonly fault: Fault,
    readonly at: number,
  ) {
    super(`cbor: ${fault} at byte ${at}`);
    this.name = "CborError";
  }
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

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
    const part = this.take(width);
    let value = 0;
    if (width === 8) {
      let wide = 0n;
      for (const byte of part) wide = (wide << 8n) | BigInt(byte);
      if (wide < 0x1_0000_0000n) throw new CborError("not preferred", from);
      return wide <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(wide) : wide;
    }
    for (const byte of part) value = value * 256 + byte;
    const least = width === 1 ? 24 : width === 2 ? 0x100 : 0x1_0000;
    if (value < least) throw new CborError("not preferred", from);
    return value;
  }

  /** Read a length or a count. What cannot fit into the bytes that are left is refused before anything is made for it. */
  length(info: number, bytesEach: number): number {
    const value = this.argument(info);
    if (typeof value === "bigint" || value * bytesEach > this.bytes.length - this.at) this.refuse("truncated");
    return value;
  }

  value(depth: number): Value {
    const initial = this.take(1)[0]!;
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
        return this.refuse(info >= 25 && info <= 27 ? "float" : info === 31 ? "indefinite" : "simple");
    }
  }

  text(info: number): string {
    const part = this.take(this.length(info, 1));
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
    let before: Uint8Array | undefined;
    for (let i = 0; i < count; i++) {
      const from = this.at;
      const key = this.value(depth);
      if (typeof key !== "number" && typeof key !== "string" && typeof key !== "bigint") this.refuse("key type");
      const encoded = this.bytes.subarray(from, this.at);
      if (before !== undefined) {
        const order = Buffer.compare(before, encoded);
        if (order >= 0) throw new CborError(order === 0 ? "duplicate key" : "key order", from);
      }
      before = encoded;
      out.set(key, this.value(depth));
    }
    return out;
  }
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

/** Append the initial byte of `major` with the shortest form of `argument`. */
function head(out: number[], major: number, argument: number | bigint): void {
  const top = major << 5;
  const value = BigInt(argument);
  if (value < 24n) {
    out.push(top | Number(value));
    return;
  }
  const info = value < 0x100n ? 0 : value < 0x1_0000n ? 1 : value < 0x1_0000_0000n ? 2 : 3;
  if (value >= 1n << 64n) throw new RangeError("cbor: integer beyond 64 bits");
  out.push(top | (24 + info));
  for (let shift = (8 << info) - 8; shift >= 0; shift -= 8) out.push(Number((value >> BigInt(shift)) & 0xffn));
}

function append(out: number[], value: Value): void {
  if (typeof value === "number" || typeof value === "bigint") {
    if (typeof value === "number" && !Number.isSafeInteger(value)) throw new RangeError("cbor: not an integer");
    if (value >= 0) head(out, 0, value);
    else head(out, 1, -1n - BigInt(value));
  } else if (typeof value === "string") {
    const bytes = Buffer.from(value, "utf-8");
    head(out, 3, bytes.length);
    for (const byte of bytes) out.push(byte);
  } else if (typeof value === "boolean") out.push(value ? 0xf5 : 0xf4);
  else if (value === null) out.push(0xf6);
  else if (value instanceof Uint8Array) {
    head(out, 2, value.length);
    for (const byte of value) out.push(byte);
  } else if (value instanceof Map) {
    const entries = [...(value as ReadonlyMap<Key, Value>)].map(([key, item]) => ({
      key: encode(key),
      item: encode(item),
    }));
    entries.sort((a, b) => Buffer.compare(a.key, b.key));
    head(out, 5, entries.length);
    for (const entry of entries) out.push(...entry.key, ...entry.item);
  } else {
    const items = value as readonly Value[];
    head(out, 4, items.length);
    for (const item of items) append(out, item);
  }
}

/** Encode a value in its one deterministic form; maps are sorted. */
export function encode(value: Value): Uint8Array {
  const out: number[] = [];
  append(out, value);
  return Uint8Array.from(out);
}
