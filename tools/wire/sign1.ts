/** Signet's COSE_Sign1 (RFC 9052 §4.2): one shape, one algorithm, and nothing in the unprotected header. */
import { concat, plain } from "./bytes.ts";
import { CborError, decodeFirst, encode, type Value } from "./cbor.ts";
import * as ed25519 from "./ed25519.ts";
import { ID_BYTES } from "./key.ts";

export const MAX_BYTES = 1024;
export const ALG_ED25519 = -19;

const TAG_SIGN1 = 0xd2;
const SIGNATURE1 = encode("Signature1");
const NO_EXTERNAL_DATA = encode(new Uint8Array(0));

export const KINDS = ["enrol", "enrolled", "report", "receipt", "refusal", "downlink"] as const;
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

const TYPES = new Map<string, Kind>(KINDS.map((kind) => [`application/vnd.signet.${kind}+cose`, kind]));

function header(kind: Kind, kid: Uint8Array): Uint8Array {
  return encode(
    new Map<number, Value>([
      [1, ALG_ED25519],
      [4, kid],
      [16, `application/vnd.signet.${kind}+cose`],
    ]),
  );
}

function readHeader(bytes: Uint8Array): { kind: Kind; kid: Uint8Array } {
  const map = one(bytes);
  if (!(map instanceof Map) || map.size !== 3) throw new Malformed("protected header");
  if (map.get(1) !== ALG_ED25519) throw new Malformed("alg");
  const kid: unknown = map.get(4);
  if (!(kid instanceof Uint8Array) || kid.length !== ID_BYTES) throw new Malformed("kid");
  const typ: unknown = map.get(16);
  const kind = typeof typ === "string" ? TYPES.get(typ) : undefined;
  if (kind === undefined) throw new Malformed("typ");
  return { kind, kid };
}

/** Decode one item and nothing after it. */
export function one(bytes: Uint8Array): Value {
  const { value, end } = first(bytes, 0);
  if (end !== bytes.length) throw new Malformed("trailing bytes");
  return value;
}

function first(bytes: Uint8Array, from: number): { value: Value; end: number } {
  try {
    return decodeFirst(bytes, from);
  } catch (error) {
    if (error instanceof CborError) throw new Malformed(error.message);
    throw error;
  }
}

/** Take the message that starts at `from` apart, and tell where it ends. Throws Malformed. */
export function openFirst(foreign: Uint8Array, from: number): { message: Sign1; end: number } {
  const bytes = plain(foreign);
  if (bytes[from] !== TAG_SIGN1) throw new Malformed("not a COSE_Sign1");
  // The bound is set before the walk: a sequence of messages costs no more than its messages may.
  const { value, end } = first(bytes.subarray(0, Math.min(bytes.length, from + MAX_BYTES)), from + 1);
  if (!Array.isArray(value) || value.length !== 4) throw new Malformed("not a COSE_Sign1");
  const [protectedHeader, unprotected, payload, signature] = value as readonly Value[];
  if (!(protectedHeader instanceof Uint8Array)) throw new Malformed("protected header");
  if (!(unprotected instanceof Map) || unprotected.size !== 0) throw new Malformed("unprotected header");
  if (!(payload instanceof Uint8Array)) throw new Malformed("payload");
  if (!(signature instanceof Uint8Array) || signature.length !== ed25519.SIGNATURE_BYTES)
    throw new Malformed("signature");
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

/** The bytes that are signed: `["Signature1", protected, h'', payload]`. */
export function toBeSigned(protectedHeader: Uint8Array, payload: Uint8Array): Uint8Array {
  return concat(Uint8Array.of(0x84), SIGNATURE1, bstr(protectedHeader), NO_EXTERNAL_DATA, bstr(payload));
}

function bstr(bytes: Uint8Array): Uint8Array {
  const length = bytes.length;
  const head = length < 24 ? [0x40 | length] : length < 256 ? [0x58, length] : [0x59, length >> 8, length & 0xff];
  return concat(Uint8Array.from(head), bytes);
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
    Uint8Array.of(TAG_SIGN1, 0x84),
    bstr(protectedHeader),
    Uint8Array.of(0xa0),
    bstr(claims),
    bstr(signature),
  );
  if (bytes.length > MAX_BYTES) throw new RangeError(`a message has at most ${MAX_BYTES} bytes`);
  return bytes;
}
