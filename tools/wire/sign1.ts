/** Signet's COSE_Sign1 (RFC 9052 §4.2): one shape, one algorithm, and nothing in the unprotected header. */
import { concat, plain } from "./bytes.ts";
import { CborError, decode, encode, type Value } from "./cbor.ts";
import * as ed25519 from "./ed25519.ts";
import { ID_BYTES } from "./key.ts";

export const MAX_BYTES = 1024;
const TAG_SIGN1 = 0xd2;
const ARRAY_OF_4 = 0x84;
const EMPTY_MAP = 0xa0;
const SIGNATURE1 = encode("Signature1");
const NO_EXTERNAL_DATA = encode(new Uint8Array(0));

export const KINDS = ["enrol", "enrolled", "report", "receipt", "refusal", "downlink", "handover", "access"] as const;
export type Kind = (typeof KINDS)[number];

/** A message that has the form of one, nothing about it verified. The parts are views of `bytes`. */
export interface Sign1 {
  readonly bytes: Uint8Array;
  readonly kind: Kind;
  readonly kid: Uint8Array;
  readonly protectedHeader: Uint8Array;
  readonly payload: Uint8Array;
  readonly signature: Uint8Array;
}

/** A message that is not one. */
export class Malformed extends Error {
  constructor(detail: string) {
    super(`malformed: ${detail}`);
    this.name = "Malformed";
  }
}

/** A protected header up to its kid, and what follows the kid for each kind: its encoding is the only one there is. */
const HEADER_HEAD = Uint8Array.of(0xa3, 0x01, 0x32, 0x04, 0x58, ID_BYTES);
const HEADER_TAILS = KINDS.map((kind) => {
  const typ = encode(`application/vnd.signet.${kind}+cose`);
  return { kind, tail: concat(Uint8Array.of(0x10), typ) };
});

function header(kind: Kind, kid: Uint8Array): Uint8Array {
  return concat(HEADER_HEAD, kid, HEADER_TAILS[KINDS.indexOf(kind)]!.tail);
}

/** Tell whether `part` stands in `bytes` at `at`. */
function stands(part: Uint8Array, bytes: Uint8Array, at: number): boolean {
  if (at + part.length > bytes.length) return false;
  for (let i = 0; i < part.length; i++) if (bytes[at + i] !== part[i]) return false;
  return true;
}

function readHeader(bytes: Uint8Array): { kind: Kind; kid: Uint8Array } {
  const kidEnd = HEADER_HEAD.length + ID_BYTES;
  if (!stands(HEADER_HEAD, bytes, 0)) throw new Malformed("protected header");
  for (const { kind, tail } of HEADER_TAILS) {
    if (bytes.length === kidEnd + tail.length && stands(tail, bytes, kidEnd))
      return { kind, kid: bytes.subarray(HEADER_HEAD.length, kidEnd) };
  }
  throw new Malformed("typ");
}

/** Decode one item and nothing after it. */
export function one(bytes: Uint8Array): Value {
  try {
    return decode(bytes);
  } catch (error) {
    if (error instanceof CborError) throw new Malformed(error.message);
    throw error;
  }
}

/** Read the byte string at `at`, in the shortest form of its length and not beyond `end`. Throws Malformed. */
function byteString(bytes: Uint8Array, at: number, end: number, what: string): Uint8Array {
  const initial = bytes[at] ?? 0;
  let length = initial - 0x40;
  let from = at + 1;
  if (initial === 0x58) {
    length = bytes[at + 1]!;
    from = at + 2;
    if (length < 24) throw new Malformed(what);
  } else if (initial === 0x59) {
    length = bytes[at + 1]! * 256 + bytes[at + 2]!;
    from = at + 3;
    if (length < 256) throw new Malformed(what);
  } else if (length < 0 || length > 23) throw new Malformed(what);
  // A length that was cut off is NaN, and fails here as well.
  if (!(from + length <= end)) throw new Malformed(what);
  return bytes.subarray(from, from + length);
}

/**
 * Take the message that starts at `from` apart, and tell where it ends. Deterministic encoding leaves the envelope one form, so it is read by
 * position; nothing of the payload is looked at. Throws Malformed.
 */
export function openFirst(foreign: Uint8Array, from: number): { message: Sign1; end: number } {
  const bytes = plain(foreign);
  if (bytes[from] !== TAG_SIGN1 || bytes[from + 1] !== ARRAY_OF_4) throw new Malformed("not a COSE_Sign1");
  const limit = Math.min(bytes.length, from + MAX_BYTES);
  const protectedHeader = byteString(bytes, from + 2, limit, "protected header");
  const unprotected = protectedHeader.byteOffset - bytes.byteOffset + protectedHeader.length;
  if (unprotected >= limit || bytes[unprotected] !== EMPTY_MAP) throw new Malformed("unprotected header");
  const payload = byteString(bytes, unprotected + 1, limit, "payload");
  const signature = byteString(bytes, payload.byteOffset - bytes.byteOffset + payload.length, limit, "signature");
  if (signature.length !== ed25519.SIGNATURE_BYTES) throw new Malformed("signature");
  const end = signature.byteOffset - bytes.byteOffset + signature.length;
  const { kind, kid } = readHeader(protectedHeader);
  return { message: { bytes: bytes.subarray(from, end), kind, kid, protectedHeader, payload, signature }, end };
}

/** Take one message apart. Throws Malformed. */
export function open(bytes: Uint8Array): Sign1 {
  const { message, end } = openFirst(bytes, 0);
  if (end !== bytes.length) throw new Malformed("trailing bytes");
  return message;
}

/** Take a CBOR sequence (RFC 8742) of 1 to `most` messages apart. Throws Malformed. */
export function openSequence(bytes: Uint8Array, most: number): Sign1[] {
  const out: Sign1[] = [];
  let at = 0;
  do {
    if (out.length === most) throw new Malformed("too many messages");
    const { message, end } = openFirst(bytes, at);
    out.push(message);
    at = end;
  } while (at < bytes.length);
  return out;
}

const SIGNED_HEAD = concat(Uint8Array.of(ARRAY_OF_4), SIGNATURE1);

/** The bytes that are signed: `["Signature1", protected, h'', payload]`. */
export function toBeSigned(protectedHeader: Uint8Array, payload: Uint8Array): Uint8Array {
  return concat(SIGNED_HEAD, bstrHead(protectedHeader), protectedHeader, NO_EXTERNAL_DATA, bstrHead(payload), payload);
}

function bstrHead({ length }: Uint8Array): Uint8Array {
  if (length < 24) return Uint8Array.of(0x40 | length);
  return length < 256 ? Uint8Array.of(0x58, length) : Uint8Array.of(0x59, length >> 8, length & 0xff);
}

/** Verify the signature of a message with an imported key. */
export function verify(message: Sign1, key: ed25519.VerifyKey): boolean {
  return ed25519.verifyWith(message.signature, key, toBeSigned(message.protectedHeader, message.payload));
}

/** Sign `claims` as a message of `kind` in the name of `kid`. */
export function seal(kind: Kind, kid: Uint8Array, key: ed25519.SigningKey, claims: Uint8Array): Uint8Array {
  const protectedHeader = header(kind, kid);
  const signature = ed25519.sign(key, toBeSigned(protectedHeader, claims));
  const bytes = concat(
    Uint8Array.of(TAG_SIGN1, ARRAY_OF_4),
    bstrHead(protectedHeader),
    protectedHeader,
    Uint8Array.of(EMPTY_MAP),
    bstrHead(claims),
    claims,
    bstrHead(signature),
    signature,
  );
  if (bytes.length > MAX_BYTES) throw new RangeError(`a message has at most ${MAX_BYTES} bytes`);
  return bytes;
}
