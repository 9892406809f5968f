/** Ed25519 public keys as COSE_Key (RFC 9052 §7, RFC 9053 §7.2) and their thumbprints (RFC 9679). */
import { Reader } from "../lib/reader";
import { Writer } from "../lib/writer";
import * as scratch from "../lib/scratch";
import * as sha256 from "../crypto/sha256";
import * as cbor from "./cbor";
import { Major } from "./cbor";

export const KEY_BYTES: u32 = 32;
export const THUMBPRINT_BYTES: u32 = 32;
/** Bytes of an encoded key: the map, kty, crv, and x. */
export const ENCODED_BYTES: u32 = 40;

/** Labels and values of the key's map. */
const enum Label {
  Kty = 1,
  Crv = -1,
  X = -2,
}
const KTY_OKP: i32 = 1;
const CRV_ED25519: i32 = 6;

/** Write the key `x` as `{1: 1, -1: 6, -2: x}`: 40 bytes. */
export function write(out: Writer, x: usize): void {
  cbor.map(out, 3);
  cbor.int(out, Label.Kty);
  cbor.int(out, KTY_OKP);
  cbor.int(out, Label.Crv);
  cbor.int(out, CRV_ED25519);
  cbor.int(out, Label.X);
  cbor.bytes(out, x, KEY_BYTES);
}

/** Read a key and return where its 32 bytes start; anything but an Ed25519 public key in this form fails the reader. */
export function read(from: Reader): usize {
  cbor.readCount(from, Major.Map, 3);
  cbor.readKey(from, Label.Kty);
  cbor.readKey(from, KTY_OKP);
  cbor.readKey(from, Label.Crv);
  cbor.readKey(from, CRV_ED25519);
  cbor.readKey(from, Label.X);
  return cbor.readFixed(from, KEY_BYTES);
}

/** Write the thumbprint of the key `x`, SHA-256 of its encoding (RFC 9679 §3), to the 32 bytes at `out`. */
export function thumbprint(out: usize, x: usize): void {
  const mark = scratch.mark();
  const writer = changetype<Writer>(scratch.take(offsetof<Writer>()));
  const encoded = scratch.take(ENCODED_BYTES);
  writer.begin(encoded, ENCODED_BYTES);
  write(writer, x);
  sha256.hash(out, encoded, writer.length());
  scratch.release(mark);
}
