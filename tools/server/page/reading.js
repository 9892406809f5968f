// @ts-check
/**
 * The data of a report, as far as it can be decoded: numbers to plot, and words. `fields.js` has the names of the fields.
 */

import { FIELDS } from "./fields.js";

/** @typedef {{ key: string, name: string, unit: string, value: number | undefined, text: string }} Field */

/** @typedef {{ key: string, name: string, unit: string, scale: number }} Quantity */

const DEPTH_MAX = 8;
const FIELDS_MAX = 32;

/**
 * Read data: ASCII text, else CBOR, else text in UTF-8, else bytes.
 *
 * @param {string} hex
 * @returns {Field[]}
 */
export function fields(hex) {
  const found = parts(bytesOf(hex));
  if (found === undefined) return [{ key: "", name: "bytes", unit: "", value: undefined, text: hex || "empty" }];
  return found.map(([key, value]) => field(key, value));
}

/**
 * Read the numbers of data by key, as they were sent: `quantity` names and scales them.
 *
 * @param {Uint8Array} bytes
 * @returns {[key: string, value: number][]}
 */
export function numbers(bytes) {
  return (parts(bytes) ?? []).flatMap(([key, given]) => {
    const value = number(given);
    return value === undefined ? [] : [/** @type {[string, number]} */ ([key, value])];
  });
}

/**
 * Name the quantity of a key. `scale` is the number of sent units in a shown one.
 *
 * @param {string} key
 * @returns {Quantity}
 */
export function quantity(key) {
  const { name = key, unit = "", per = 1 } = FIELDS.get(key) ?? {};
  return { key, name, unit, scale: per };
}

/**
 * Split data into its fields; undefined if it cannot be read.
 *
 * @param {Uint8Array} bytes
 * @returns {[key: string, value: unknown][] | undefined}
 */
function parts(bytes) {
  const plain = ascii(bytes);
  if (plain !== undefined) return [["", plain]];
  try {
    const value = decode(bytes);
    const named =
      value instanceof Map ? [...value] : Array.isArray(value) ? value.map((one, i) => [`[${i}]`, one]) : undefined;
    if (named === undefined) return [["", value]];
    return named.slice(0, FIELDS_MAX).map(([key, one]) => [written(key), one]);
  } catch {
    const words = utf8(bytes);
    return words === undefined ? undefined : [["", words]];
  }
}

/**
 * Write fields in a line.
 *
 * @param {readonly Field[]} all
 */
export function line(all) {
  return all.map(({ name, text, unit }) => `${name ? `${name} ` : ""}${text}${unit && ` ${unit}`}`).join(", ");
}

/**
 * @param {string} key
 * @param {unknown} given
 * @returns {Field}
 */
function field(key, given) {
  const digits = FIELDS.get(key)?.digits;
  const { name, unit, scale } = quantity(key);
  const sent = number(given);
  const value = sent === undefined ? undefined : sent / scale;
  const shown = value === undefined ? written(given) : digits === undefined ? String(value) : value.toFixed(digits);
  return { key, name, unit, value, text: shown };
}

/**
 * Read a number, or a text that is a decimal; undefined if it is none.
 *
 * @param {unknown} given
 */
function number(given) {
  const isDecimal = typeof given === "string" && /^-?\d+(\.\d+)?$/.test(given);
  const value = typeof given === "number" || isDecimal ? Number(given) : NaN;
  return Number.isFinite(value) ? value : undefined;
}

/** @param {Uint8Array} bytes */
function ascii(bytes) {
  if (bytes.length === 0 || !bytes.every((byte) => byte >= 0x20 && byte < 0x7f)) return undefined;
  return String.fromCharCode(...bytes);
}

/**
 * Read bytes from their hexadecimal digits.
 *
 * @param {string} hex
 */
export function bytesOf(hex) {
  return Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

/**
 * Decode text that fills one line; undefined if the bytes are none.
 *
 * @param {Uint8Array} bytes
 */
export function utf8(bytes) {
  try {
    const words = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    return /^[^\p{C}\p{Zl}\p{Zp}]+$/u.test(words) ? words : undefined;
  } catch {
    return undefined;
  }
}

/**
 * @param {unknown} value
 * @returns {string}
 */
function written(value) {
  if (value instanceof Uint8Array) return Array.from(value, (byte) => byte.toString(16).padStart(2, "0")).join("");
  if (value instanceof Map) return `{${[...value].map(([key, one]) => `${written(key)}: ${written(one)}`).join(", ")}}`;
  if (Array.isArray(value)) return `[${value.map(written).join(", ")}]`;
  return String(value);
}

/**
 * Decode one CBOR item that fills the bytes (RFC 8949, definite lengths); throws if they are no such thing.
 *
 * @param {Uint8Array} bytes
 */
function decode(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let at = 0;

  /** @param {number} length */
  const take = (length) => {
    if (length > bytes.length - at) throw new RangeError("cut short");
    at += length;
    return at - length;
  };

  /** @param {number} info */
  const argument = (info) => {
    if (info < 24) return info;
    if (info === 24) return view.getUint8(take(1));
    if (info === 25) return view.getUint16(take(2));
    if (info === 26) return view.getUint32(take(4));
    if (info === 27) return Number(view.getBigUint64(take(8)));
    throw new RangeError("no definite length");
  };

  /** @param {number} info */
  const simple = (info) => {
    if (info === 20 || info === 21) return info === 21;
    if (info === 22) return null;
    if (info === 25) return half(view.getUint16(take(2)));
    if (info === 26) return view.getFloat32(take(4));
    if (info === 27) return view.getFloat64(take(8));
    throw new RangeError("no such value");
  };

  /**
   * @param {number} depth
   * @returns {unknown}
   */
  const item = (depth) => {
    if (depth > DEPTH_MAX) throw new RangeError("too deep");
    const initial = view.getUint8(take(1));
    const [major, info] = [initial >> 5, initial & 31];
    if (major === 7) return simple(info);
    const length = argument(info);
    if (major === 0) return length;
    if (major === 1) return -1 - length;
    if (major === 2) return bytes.slice(take(length), at);
    if (major === 3) return new TextDecoder("utf-8", { fatal: true }).decode(bytes.slice(take(length), at));
    if (major === 6) return item(depth + 1);
    // Each item takes at least a byte: a greater length is malformed.
    if (length > bytes.length - at) throw new RangeError("cut short");
    if (major === 4) return Array.from({ length }, () => item(depth + 1));
    return new Map(Array.from({ length }, () => [item(depth + 1), item(depth + 1)]));
  };

  const value = item(0);
  if (at !== bytes.length) throw new RangeError("more than one item");
  return value;
}

/** @param {number} bits */
function half(bits) {
  const [exponent, fraction] = [(bits >> 10) & 31, bits & 1023];
  const size =
    exponent === 0
      ? fraction * 2 ** -24
      : exponent === 31
        ? fraction
          ? NaN
          : Infinity
        : (1 + fraction / 1024) * 2 ** (exponent - 15);
  return bits >> 15 ? -size : size;
}
