/** Frames of the framed link (assembly/link/README.md): checksum, stuffing, delimiters. */
import { checksum } from "../wire/crc32c.ts";

export const Kind = {
  hello: 1,
  welcome: 2,
  ack: 3,
  reset: 4,
  open: 16,
  opened: 17,
  data: 18,
  close: 19,
} as const;

export interface Frame {
  readonly kind: number;
  readonly session: number;
  readonly number: number;
  readonly payload: Buffer;
}

/** The longest frame, stuffing not counted. */
const MAX_BYTES = 135;
const MIN_BYTES = 7;

/** A frame in its form on the wire. */
export function encode(frame: Frame): Buffer {
  const plain = Buffer.concat([Buffer.of(frame.kind, frame.session, frame.number), frame.payload, Buffer.alloc(4)]);
  plain.writeUInt32LE(checksum(plain.subarray(0, -4)), plain.length - 4);
  return Buffer.concat([Buffer.of(0), stuff(plain), Buffer.of(0)]);
}

/** The frame between two zeros, or undefined if it is none. */
export function decode(bytes: Buffer): Frame | undefined {
  const plain = unstuff(bytes);
  if (!plain || plain.length < MIN_BYTES || plain.length > MAX_BYTES) return undefined;
  const body = plain.subarray(0, -4);
  if (checksum(body) !== plain.readUInt32LE(plain.length - 4)) return undefined;
  return { kind: body[0] ?? 0, session: body[1] ?? 0, number: body[2] ?? 0, payload: body.subarray(3) };
}

/** Split a stream at its zeros, into pieces of at most a frame's length. */
export class Splitter {
  #part: number[] = [];

  /** Take bytes and return the complete pieces. */
  take(bytes: Buffer): Buffer[] {
    const whole: Buffer[] = [];
    for (const byte of bytes) {
      if (byte !== 0) {
        // One byte too many is enough to see that it is no frame.
        if (this.#part.length <= MAX_BYTES + 1) this.#part.push(byte);
        continue;
      }
      if (this.#part.length) whole.push(Buffer.from(this.#part));
      this.#part = [];
    }
    return whole;
  }
}

/** Consistent overhead byte stuffing of at most 254 bytes. */
function stuff(plain: Buffer): Buffer {
  const blocks: Buffer[] = [];
  for (let from = 0; from <= plain.length;) {
    const zero = plain.indexOf(0, from);
    const end = zero < 0 ? plain.length : zero;
    blocks.push(Buffer.of(end - from + 1), plain.subarray(from, end));
    from = end + 1;
  }
  return Buffer.concat(blocks);
}

function unstuff(bytes: Buffer): Buffer | undefined {
  const blocks: Buffer[] = [];
  for (let at = 0; at < bytes.length;) {
    const code = bytes[at] ?? 0;
    if (code === 0 || at + code > bytes.length) return undefined;
    if (at > 0) blocks.push(Buffer.of(0));
    blocks.push(bytes.subarray(at + 1, at + code));
    at += code;
  }
  return Buffer.concat(blocks);
}
