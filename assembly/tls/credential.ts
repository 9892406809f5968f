/**
 * The device's credential for its own key: the raw public key (RFC 7250), or a self-signed X.509 certificate around it.
 *
 * The certificate is the smallest that servers accept: version 3, serial 1, CN "Signet device", valid from 1970 to 9999, no
 * extensions. Its name and dates have no meaning; the server compares the key. It is the same whenever it is made, so its
 * signature is kept.
 */
import * as bytes from "../lib/bytes";
import { Status } from "../lib/status";
import { Writer } from "../lib/writer";
import * as signers from "../signer/signer";
import { Signer } from "../signer/signer";
import { ED25519_HEAD_BYTES } from "./key";
import * as scheme from "./scheme";

/** The certificate up to the key; the part that is signed begins 3 bytes in. */
// prettier-ignore
@lazy
const HEAD = memory.data<u8>([
  0x30, 0x81, 0xde, 0x30, 0x81, 0x91, 0xa0, 0x03, 0x02, 0x01, 0x02, 0x02, 0x01, 0x01, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70,
  0x30, 0x18, 0x31, 0x16, 0x30, 0x14, 0x06, 0x03, 0x55, 0x04, 0x03, 0x0c, 0x0d, "Signet device",
  0x30, 0x20, 0x17, 0x0d, "700101000000Z", 0x18, 0x0f, "99991231235959Z",
  0x30, 0x18, 0x31, 0x16, 0x30, 0x14, 0x06, 0x03, 0x55, 0x04, 0x03, 0x0c, 0x0d, "Signet device",
  0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00,
]);
const HEAD_BYTES: u32 = bytesOf(HEAD);
const TBS_AT: u32 = 3;
/** Between the key and the signature: the algorithm, and the bit string's header. */
@lazy
const MIDDLE = memory.data<u8>([0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x41, 0x00]);
const MIDDLE_BYTES: u32 = bytesOf(MIDDLE);
/** The raw public key's SubjectPublicKeyInfo ends the head. */
const SPKI_BYTES: u32 = ED25519_HEAD_BYTES;

const KEY_BYTES = scheme.OWN_KEY_BYTES;

/** Bytes of the two credentials. */
export const RAW_BYTES: u32 = SPKI_BYTES + KEY_BYTES;
export const X509_BYTES: u32 = HEAD_BYTES + KEY_BYTES + MIDDLE_BYTES + scheme.OWN_SIGNATURE_BYTES;

/** The certificate's signature, and the key that it was made for. */
@lazy
const signature = memory.data(scheme.OWN_SIGNATURE_BYTES, 8);


@lazy
const signedFor = memory.data(KEY_BYTES, 8);

/** True if the certificate for `key` still has to be signed. */
export function unsigned(key: usize): bool {
  return !bytes.same(signedFor, key, KEY_BYTES);
}

/** Sign the signer's certificate, once: Ok; Again, and then call again later; or Forged if a fault was noticed. CT: nothing of the key leaks. */
export function sign(signer: Signer, noise: usize): Status {
  const key = signers.publicKey(signer);
  const status = scheme.sign(signature, signer, noise, HEAD + TBS_AT, HEAD_BYTES - TBS_AT, key, KEY_BYTES);
  if (status == Status.Ok) bytes.copy(signedFor, key, KEY_BYTES);
  return status;
}

/** Write the raw public key. */
export function writeRaw(w: Writer, key: usize): void {
  w.bytes(HEAD + HEAD_BYTES - SPKI_BYTES, SPKI_BYTES);
  w.bytes(key, KEY_BYTES);
}

/** Write the certificate, which was signed before. */
export function writeX509(w: Writer, key: usize): void {
  w.bytes(HEAD, HEAD_BYTES);
  w.bytes(key, KEY_BYTES);
  w.bytes(MIDDLE, MIDDLE_BYTES);
  w.bytes(signature, scheme.OWN_SIGNATURE_BYTES);
}
