/**
 * The device's credential on P-256, for servers that take no Ed25519: a self-signed X.509 certificate, a chain that an authority issued for the same key, or the raw
 * public key.
 *
 * The self-signed certificate has version 3, serial 1, the key's pin in hexadecimal as the CN of subject and issuer, dates from 1970 to 9999 and no extensions. Its signature is
 * that of RFC 6979 without noise, so the certificate is the same whenever it is made: services that register it know it by its hash.
 */
import { TLS_MESSAGE_BYTES } from "../config";
import * as ecdsa from "../crypto/ecdsa";
import * as sha256 from "../crypto/sha256";
import * as bytes from "../lib/bytes";
import { Reader } from "../lib/reader";
import * as scratch from "../lib/scratch";
import { Status } from "../lib/status";
import { Writer } from "../lib/writer";
import * as p256 from "../signer/p256";
import { P256Key } from "../signer/p256";
import { Alert } from "./alert";
import { Algorithm, Key, P256_HEAD, P256_HEAD_BYTES } from "./key";
import * as scheme from "./scheme";
import { ECDSA256_NAME, ECDSA256_NAME_BYTES, Scheme } from "./scheme";
import * as x509 from "./x509";

/** Version and serial. */
// prettier-ignore
@lazy
const HEAD = memory.data<u8>([0xa0, 0x03, 0x02, 0x01, 0x02, 0x02, 0x01, 0x01]);
const HEAD_BYTES: u32 = bytesOf(HEAD);
/** A name of one CN, but for its 64 characters. */
// prettier-ignore
@lazy
const NAME = memory.data<u8>([0x30, 0x4b, 0x31, 0x49, 0x30, 0x47, 0x06, 0x03, 0x55, 0x04, 0x03, 0x0c, 0x40]);
const NAME_BYTES: u32 = bytesOf(NAME);
// prettier-ignore
@lazy
const DATES = memory.data<u8>([0x30, 0x20, 0x17, 0x0d, "700101000000Z", 0x18, 0x0f, "99991231235959Z"]);
const DATES_BYTES: u32 = bytesOf(DATES);
export const PIN_BYTES: u32 = sha256.DIGEST_BYTES;
const CN_BYTES: u32 = 2 * PIN_BYTES;
const SPKI_BYTES: u32 = P256_HEAD_BYTES + p256.KEY_BYTES;
/** In front of a sequence: its length has two bytes. */
const OUTER_BYTES: u32 = 4;
/** Bytes of the signed part. */
export const TBS_BYTES: u32 =
  OUTER_BYTES + HEAD_BYTES + ECDSA256_NAME_BYTES + 2 * (NAME_BYTES + CN_BYTES) + DATES_BYTES + SPKI_BYTES;
/** In front of the signature: the head of the bit string, and a byte of unused bits. */
const BITS_BYTES: u32 = 3;

/** Bytes of the longest certificate_list: the message has a head, an empty context and the length of the list before it. */
const LIST_MOST: u32 = TLS_MESSAGE_BYTES - 4 - 1 - 3;
/** Bytes of the longest signature in DER. */
const SIGNATURE_MOST: u32 = 72;

/** The key, and the certificate's signature with its length; 0: none was made. */
let key: P256Key = changetype<P256Key>(0);
let signatureLen: u32 = 0;


@lazy
const signature = memory.data(SIGNATURE_MOST, 8);

/** The certificate_list of an authority, which replaces the own certificate; none if its length is 0. */
let list: usize = 0;
let listLen: u32 = 0;


@lazy
const reader = changetype<Reader>(memory.data(offsetof<Reader>(), 4));

/** True if the next connections prefer this credential to that of the device's own key. */
let preferred: bool = false;

/** Take the key, which is kept by pointer. It is not shown until `sign` has made its certificate. */
export function use(own: P256Key): void {
  key = own;
  signatureLen = 0;
  listLen = 0;
}

/**
 * Show a certificate_list (RFC 8446 §4.4.2) instead of the own certificate. It is kept by pointer. TooLong: its message has no room for it; Malformed: it is none,
 * or an entry has extensions; Forged: its first certificate is not of this key. The own certificate is shown then.
 */
export function adopt(from: usize, len: u32): Status {
  listLen = 0;
  if (len > LIST_MOST) return Status.TooLong;
  reader.begin(from, len);
  let status = Status.Absent;
  do {
    const derLen = reader.u24();
    const der = reader.take(derLen);
    if (reader.u16() != 0) reader.fail();
    if (reader.ok() && status == Status.Absent) status = compare(der, derLen);
  } while (reader.left());
  if (!reader.ok()) return Status.Malformed;
  if (status != Status.Ok) return status;
  list = from;
  listLen = len;
  return Status.Ok;
}

/** Compare the key of a certificate with the own one: Ok, Malformed or Forged. */
function compare(der: usize, len: u32): Status {
  const found = changetype<Key>(scratch.take(offsetof<Key>()));
  const verdict = x509.leafKey(found, der, len);
  const isOwn =
    verdict == Alert.None &&
    found.algorithm == <u16>Algorithm.P256 &&
    bytes.same(found.at, p256.publicKey(key), p256.KEY_BYTES);
  scratch.release(changetype<usize>(found));
  return isOwn ? Status.Ok : verdict == Alert.BadCertificate ? Status.Malformed : Status.Forged;
}

/** Prefer it, or not, from the next connection on. */
export function prefer(yes: bool): void {
  preferred = yes;
}

/** True if there is a key with its certificate, and it is preferred. */
export function isPreferred(): bool {
  return preferred && signatureLen != 0;
}

/** True if the certificate still has to be signed. */
export function unsigned(): bool {
  return signatureLen == 0;
}

/** Write SubjectPublicKeyInfo: the raw public key. */
function writeRaw(w: Writer): void {
  w.bytes(P256_HEAD, P256_HEAD_BYTES);
  w.bytes(p256.publicKey(key), p256.KEY_BYTES);
}

/** Write the pin of the key, 32 bytes: the SHA-256 of its SubjectPublicKeyInfo. */
export function pin(out: usize): void {
  const spki = scratch.take(SPKI_BYTES);
  bytes.copy(spki, P256_HEAD, P256_HEAD_BYTES);
  bytes.copy(spki + P256_HEAD_BYTES, p256.publicKey(key), p256.KEY_BYTES);
  sha256.hash(out, spki, SPKI_BYTES);
  scratch.release(spki);
}

/** Write the head of a sequence of `len` bytes, which are 256 to 65,535 behind it. */
function writeHead(w: Writer, len: u32): void {
  w.u16(0x3082);
  w.u16(len - OUTER_BYTES);
}

/** Write the part of the certificate that is signed. */
function writeSigned(w: Writer): void {
  const name = scratch.take(PIN_BYTES);
  pin(name);
  writeHead(w, TBS_BYTES);
  w.bytes(HEAD, HEAD_BYTES);
  w.bytes(ECDSA256_NAME, ECDSA256_NAME_BYTES);
  writeName(w, name);
  w.bytes(DATES, DATES_BYTES);
  writeName(w, name);
  writeRaw(w);
  scratch.release(name);
}

function writeName(w: Writer, pin: usize): void {
  w.bytes(NAME, NAME_BYTES);
  const text = w.take(CN_BYTES);
  if (w.ok()) bytes.hex(text, pin, PIN_BYTES);
}

/** Sign the certificate, once: Ok, or Forged if a fault was noticed. The secret is lent. `w` is an empty writer with room for TBS_BYTES. CT: nothing of the key leaks. */
export function sign(w: Writer): Status {
  writeSigned(w);
  const len = issue(signature, w.start, w.length(), 0, 0, 0);
  if (len == 0) return Status.Forged;
  signatureLen = len;
  return Status.Ok;
}

/** Bytes of the certificate, which was signed before. */
function length(): u32 {
  return OUTER_BYTES + TBS_BYTES + ECDSA256_NAME_BYTES + BITS_BYTES + signatureLen;
}

/** Write the certificate_list: that of an authority, the own certificate, or the raw public key. */
export function writeList(w: Writer, raw: bool): void {
  if (!raw && listLen) {
    w.u24(listLen);
    w.bytes(list, listLen);
    return;
  }
  const len = raw ? SPKI_BYTES : length();
  w.u24(3 + len + 2);
  w.u24(len);
  if (raw) writeRaw(w);
  else writeX509(w);
  w.u16(0);
}

/** Write the own certificate; nothing while it is not signed, or if this image has none. */
export function writeX509(w: Writer): void {
  if (unsigned()) return;
  writeHead(w, length());
  writeSigned(w);
  w.bytes(ECDSA256_NAME, ECDSA256_NAME_BYTES);
  w.u8(0x03);
  w.u8(1 + signatureLen);
  w.u8(0);
  w.bytes(signature, signatureLen);
}

/**
 * Sign head ‖ body as ecdsa_secp256r1_sha256, in DER, at most SIGNATURE_MOST bytes, with a low s; returns its length, or 0 if a fault was noticed. `noise` is 32 fresh
 * random bytes, or 0. CT: lengths leak, the verdict, and whether there is noise.
 */
export function issue(out: usize, head: usize, headLen: u32, body: usize, bodyLen: u32, noise: usize): u32 {
  const digest = scratch.take(sha256.DIGEST_BYTES);
  const raw = scratch.take(p256.SIGNATURE_BYTES);
  scheme.hash(digest, Scheme.EcdsaSecp256r1Sha256, head, headLen, body, bodyLen);
  const status = p256.sign(raw, key, digest, noise);
  const len = status == Status.Ok ? ecdsa.toDer(out, raw, p256.SIGNATURE_BYTES / 2) : 0;
  scratch.release(digest);
  return len;
}
