/** The part of CoAP (RFC 7252) that a tunnel over UDP needs: confirmable POSTs, and answers in their acknowledgements. */

/** Types of a message (§3). */
export const Type = { confirmable: 0, nonConfirmable: 1, acknowledgement: 2, reset: 3 } as const;

/** Codes (§12.1). */
export const Code = {
  empty: 0x00,
  post: 0x02,
  changed: 0x44,
  badRequest: 0x80,
  badOption: 0x82,
  notFound: 0x84,
  notAllowed: 0x85,
} as const;

const VERSION = 1;
const HEAD_BYTES = 4;
const TOKEN_MAX = 8;
const MARKER = 0xff;

const URI_PATH = 11;
/** Critical options that change nothing here: Uri-Host and Uri-Port. */
const HARMLESS: readonly number[] = [3, 7];

export interface Message {
  readonly type: number;
  readonly code: number;
  /** Message ID: the same in a repetition, and in the acknowledgement. */
  readonly id: number;
  readonly token: Uint8Array;
  /** The segments of Uri-Path. */
  readonly path: readonly string[];
  /** There is a critical option that is not understood (§5.4.1). */
  readonly strange: boolean;
  readonly payload: Uint8Array;
}

/** Read a datagram; undefined if it is malformed (§3). */
export function read(bytes: Uint8Array): Message | undefined {
  if (bytes.length < HEAD_BYTES || bytes[0]! >> 6 !== VERSION) return undefined;
  const tokenEnd = HEAD_BYTES + (bytes[0]! & 15);
  if (tokenEnd > HEAD_BYTES + TOKEN_MAX || tokenEnd > bytes.length) return undefined;
  const [type, code, id] = [(bytes[0]! >> 4) & 3, bytes[1]!, (bytes[2]! << 8) | bytes[3]!];
  const path: string[] = [];
  let [at, option, strange] = [tokenEnd, 0, false];
  while (at < bytes.length && bytes[at] !== MARKER) {
    const [delta, length] = [bytes[at]! >> 4, bytes[at]! & 15];
    at++;
    const wide = [delta, length].map((nibble) => {
      if (nibble < 13) return nibble;
      if (nibble === 13) return 13 + (bytes[at++] ?? NaN);
      return nibble === 14 ? 269 + (bytes[at++] ?? NaN) * 256 + (bytes[at++] ?? NaN) : NaN;
    });
    option += wide[0]!;
    const end = at + wide[1]!;
    // Not a number is not at most the length.
    if (!(end <= bytes.length) || Number.isNaN(option)) return undefined;
    if (option === URI_PATH) path.push(Buffer.from(bytes.subarray(at, end)).toString());
    else if (option % 2 === 1 && !HARMLESS.includes(option)) strange = true;
    at = end;
  }
  // A marker without a payload is malformed; a code of no class with more than the head is malformed, too (§4.1).
  if (at === bytes.length - 1 || (code === Code.empty && bytes.length > HEAD_BYTES)) return undefined;
  return { type, code, id, token: bytes.slice(HEAD_BYTES, tokenEnd), path, strange, payload: bytes.slice(at + 1) };
}

/** Write a message; a path has segments of at most 12 bytes. */
export function write(message: Omit<Message, "strange">): Uint8Array {
  const { type, code, id, token, path, payload } = message;
  const options = path.map((segment, i) => {
    const text = Buffer.from(segment);
    return Buffer.concat([Buffer.of(((i === 0 ? URI_PATH : 0) << 4) | text.length), text]);
  });
  const head = Buffer.of((VERSION << 6) | (type << 4) | token.length, code, id >> 8, id & 0xff);
  const body = payload.length === 0 ? [] : [Buffer.of(MARKER), payload];
  return Buffer.concat([head, token, ...options, ...body]);
}
