/** Public keys as COSE_Key (RFC 9052 §7, RFC 9053 §7.2) and their thumbprints (RFC 9679). */
import { Writer } from "../lib/writer";
import * as scratch from "../lib/scratch";
import * as sha256 from "../crypto/sha256";
import { Algorithm } from "../signer/signer";
import * as cbor from "./cbor";

export const THUMBPRINT_BYTES: u32 = 32;
/** Bytes of the longest encoded key: the map, kty, crv, and x. */
export const ENCODED_MOST: u32 = 40;

/** Labels and values of the key's map. */
const enum Label {
  Kty = 1,
  Crv = -1,
  X = -2,
}
const KTY_OKP: i32 = 1;
const CRV_ED25519: i32 = 6;

/** Write the key at `x`, of `len` bytes. An Ed25519 key is `{1: 1, -1: 6, -2: x}`, 40 bytes. */
export function write(out: Writer, algorithm: Algorithm, x: usize, len: u32): void {
  if (algorithm != Algorithm.Ed25519) unreachable();
  cbor.map(out, 3);
  cbor.int(out, Label.Kty);
  cbor.int(out, KTY_OKP);
  cbor.int(out, Label.Crv);
  cbor.int(out, CRV_ED25519);
  cbor.int(out, Label.X);
  cbor.bytes(out, x, len);
}

/** Write the thumbprint of the key at `x`, SHA-256 of its encoding (RFC 9679 §3), to the 32 bytes at `out`. */
export function thumbprint(out: usize, algorithm: Algorithm, x: usize, len: u32): void {
  const writer = changetype<Writer>(scratch.take(offsetof<Writer>()));
  const encoded = scratch.take(ENCODED_MOST);
  writer.begin(encoded, ENCODED_MOST);
  write(writer, algorithm, x, len);
  sha256.hash(out, encoded, writer.length());
  scratch.release(changetype<usize>(writer));
}
