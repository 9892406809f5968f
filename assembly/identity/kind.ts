/** The kinds of message and how their protected header tells them apart (README, "Encoding"). */
import { Reader } from "../lib/reader";
import { Writer } from "../lib/writer";
import * as bytes from "../lib/bytes";
import * as cbor from "../cose/cbor";
import { Major, Slice } from "../cose/cbor";
import * as sign1 from "../cose/sign1";
import { Sign1 } from "../cose/sign1";
import * as signers from "../signer/signer";
import * as keypair from "./keypair";
import { KeyPair } from "./keypair";
import * as server from "./server";

export const enum Kind {
  Enrol = 0,
  Enrolled = 1,
  Report = 2,
  Receipt = 3,
  Refusal = 4,
  Downlink = 5,
  Handover = 6,
  /** A foreign message. */
  None = 7,
}

/** Labels of the protected header (RFC 9052 §3.1, RFC 9596). */
const enum Header {
  Alg = 1,
  Kid = 4,
  Typ = 16,
}
export const ID_BYTES: u32 = 32;

const PREFIX: usize = memory.data<u8>(["application/vnd.signet."]);
const PREFIX_BYTES: u32 = bytesOf(PREFIX);
const SUFFIX: usize = memory.data<u8>(["+cose"]);
const SUFFIX_BYTES: u32 = bytesOf(SUFFIX);
/** The names in the order of Kind, each filled up to 8 bytes. */
// prettier-ignore
const NAMES: usize = memory.data<u8>([
  "enrol", 0, 0, 0,
  "enrolled",
  "report", 0, 0,
  "receipt", 0,
  "refusal", 0,
  "downlink",
  "handover",
]);
const NAME_BYTES: u32 = 8;
/** Around the name: `a3 01 32 04 58 20`, the kid, `10 78 nn`, prefix and suffix. */
const FIXED_BYTES: u32 = 6 + ID_BYTES + 3 + PREFIX_BYTES + SUFFIX_BYTES;

const typ = changetype<Slice>(memory.data(offsetof<Slice>(), 4));
const header = changetype<Reader>(memory.data(offsetof<Reader>(), 4));

/** Begin a message of `kind` that the key of `own` signs: all up to the payload, which the caller then writes. */
export function begin(message: Sign1, out: Writer, kind: Kind, own: KeyPair): void {
  const name = nameOf(kind);
  beginNamed(message, out, name, lengthOf(name), own);
}

/** The same for a kind that is not in the table, since no image reads it: `name` has at most 8 bytes. */
export function beginNamed(message: Sign1, out: Writer, name: usize, nameLen: u32, own: KeyPair): void {
  sign1.begin(message, out, FIXED_BYTES + nameLen);
  cbor.map(out, 3);
  cbor.int(out, Header.Alg);
  cbor.int(out, signers.algorithm(keypair.signer(own)));
  cbor.int(out, Header.Kid);
  cbor.bytes(out, keypair.id(own), ID_BYTES);
  cbor.int(out, Header.Typ);
  cbor.head(out, Major.Text, PREFIX_BYTES + nameLen + SUFFIX_BYTES);
  out.bytes(PREFIX, PREFIX_BYTES);
  out.bytes(name, nameLen);
  out.bytes(SUFFIX, SUFFIX_BYTES);
  sign1.beginPayload(message, out);
}

/** Return the claimed kind of a message before its signature is checked; `None` for a foreign one. */
export function tell(message: Sign1): Kind {
  header.begin(message.header, message.headerLen);
  cbor.readCount(header, Major.Map, 3);
  cbor.readKey(header, Header.Alg);
  cbor.readKey(header, server.ALGORITHM);
  cbor.readKey(header, Header.Kid);
  cbor.readFixed(header, ID_BYTES);
  cbor.readKey(header, Header.Typ);
  cbor.readString(typ, header, Major.Text, PREFIX_BYTES + SUFFIX_BYTES, PREFIX_BYTES + NAME_BYTES + SUFFIX_BYTES);
  if (!header.done()) return Kind.None;
  if (!bytes.same(typ.at, PREFIX, PREFIX_BYTES)) return Kind.None;
  const name = typ.at + PREFIX_BYTES;
  const nameLen = typ.len - PREFIX_BYTES - SUFFIX_BYTES;
  if (!bytes.same(name + nameLen, SUFFIX, SUFFIX_BYTES)) return Kind.None;
  for (let kind = Kind.Enrol; kind < Kind.None; kind++) {
    const own = nameOf(kind);
    if (lengthOf(own) == nameLen && bytes.same(own, name, nameLen)) return kind;
  }
  return Kind.None;
}

/** Return the place of a message's kid; only after `tell` has found a kind. */
export function kid(message: Sign1): usize {
  return message.header + 6;
}

function nameOf(kind: Kind): usize {
  return NAMES + <u32>kind * NAME_BYTES;
}

function lengthOf(name: usize): u32 {
  let len: u32 = 0;
  while (len < NAME_BYTES && load<u8>(name + len) != 0) len++;
  return len;
}
