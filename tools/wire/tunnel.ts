/**
 * The segments of a tunnel: a stream of bytes that travels in the bodies of requests and answers. `assembly/link/README.md`,
 * "Tunnel", has the format.
 */
import { TUNNEL_FLAGS } from "../facts/device.ts";
import { numbers } from "../facts/table.ts";

/** The path of a tunnel over HTTP, and its media type. */
export const TUNNEL_PATH = "/v1/tunnel";
export const TUNNEL_TYPE = "application/octet-stream";

/** The path of a tunnel over CoAP. */
export const TUNNEL_SEGMENT = "t";

const VERSION = 1;
const ID_BYTES = 8;
const ANSWER_HEAD = 18;
const REQUEST_HEAD = 20;

/** The largest segment. */
export const SEGMENT_MAX = REQUEST_HEAD + 8192;

const FLAG = numbers(TUNNEL_FLAGS);

export interface Segment {
  /** The name of the connection: 8 bytes in hexadecimal. */
  readonly id: string;
  /** Offset of the first byte of data in its direction. */
  readonly from: number;
  /** Offset of the next byte that is expected of the other side. */
  readonly next: number;
  readonly data: Uint8Array;
}

/** A segment of a device. */
export interface Request extends Segment {
  /** The connection may be made. */
  readonly open: boolean;
  /** More bytes follow: the answer is not to wait. */
  readonly more: boolean;
  /** Most bytes of data that the answer may have. */
  readonly room: number;
}

/** A segment of a server. */
export interface Answer extends Segment {
  /** The data is the last. */
  readonly end: boolean;
  /** The server does not know the connection. */
  readonly unknown: boolean;
}

function write(head: number, flags: number, { id, from, next, data }: Segment): Buffer {
  const bytes = Buffer.alloc(head + data.length);
  bytes[0] = VERSION;
  bytes[1] = flags;
  bytes.write(id, 2, ID_BYTES, "hex");
  bytes.writeUInt32BE(from, 10);
  bytes.writeUInt32BE(next, 14);
  bytes.set(data, head);
  return bytes;
}

function read(head: number, bytes: Uint8Array): (Segment & { flags: number; head: Buffer }) | undefined {
  if (bytes.length < head || bytes.length > SEGMENT_MAX || bytes[0] !== VERSION) return undefined;
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  return {
    flags: bytes[1]!,
    head: buffer.subarray(0, head),
    id: buffer.toString("hex", 2, 2 + ID_BYTES),
    from: buffer.readUInt32BE(10),
    next: buffer.readUInt32BE(14),
    data: buffer.subarray(head),
  };
}

export function writeRequest(request: Request): Uint8Array {
  const bytes = write(REQUEST_HEAD, (request.open ? FLAG.open : 0) | (request.more ? FLAG.more : 0), request);
  bytes.writeUInt16BE(request.room, ANSWER_HEAD);
  return bytes;
}

/** Read a device's segment; undefined if it is malformed. */
export function readRequest(bytes: Uint8Array): Request | undefined {
  const found = read(REQUEST_HEAD, bytes);
  if (found === undefined || (found.flags & ~(FLAG.open | FLAG.more)) !== 0) return undefined;
  const { flags, head, ...segment } = found;
  const [open, more] = [(flags & FLAG.open) !== 0, (flags & FLAG.more) !== 0];
  return { ...segment, open, more, room: head.readUInt16BE(ANSWER_HEAD) };
}

export function writeAnswer(answer: Answer): Uint8Array {
  return write(ANSWER_HEAD, (answer.end ? FLAG.end : 0) | (answer.unknown ? FLAG.unknown : 0), answer);
}

/** Read a server's segment; undefined if it is malformed. */
export function readAnswer(bytes: Uint8Array): Answer | undefined {
  const found = read(ANSWER_HEAD, bytes);
  if (found === undefined || (found.flags & ~(FLAG.end | FLAG.unknown)) !== 0) return undefined;
  const { flags, head: _, ...segment } = found;
  return { ...segment, end: (flags & FLAG.end) !== 0, unknown: (flags & FLAG.unknown) !== 0 };
}
