/**
 * The signature schemes, one row each (RFC 8446 §4.2.3): number, the algorithm of its keys, sizes, how certificates name it
 * (RFC 5280 §4.1.1.2), and how a signature is verified or made.
 */
import * as bytes from "../lib/bytes";
import * as scratch from "../lib/scratch";
import { Status } from "../lib/status";
import { Reader } from "../lib/reader";
import { Writer } from "../lib/writer";
import * as ecdsa from "../crypto/ecdsa";
import * as ecdsa256 from "../crypto/ecdsa256";
import * as ecdsa384 from "../crypto/ecdsa384";
import * as ed25519 from "../crypto/ed25519";
import * as pkcs1 from "../crypto/pkcs1";
import * as pss from "../crypto/pss";
import * as sha256 from "../crypto/sha256";
import * as sha384 from "../crypto/sha384";
import * as sha512 from "../crypto/sha512";
import * as signers from "../signer/signer";
import { Signer } from "../signer/signer";
import * as der from "./der";
import { Tag } from "./der";
import { Algorithm, ED25519_HEAD, Key } from "./key";
import { OWN256, P256, PUBLIC } from "./profile";

export const enum Scheme {
  RsaPkcs1Sha256 = 0x0401,
  EcdsaSecp256r1Sha256 = 0x0403,
  RsaPkcs1Sha384 = 0x0501,
  EcdsaSecp384r1Sha384 = 0x0503,
  RsaPkcs1Sha512 = 0x0601,
  RsaPssRsaeSha256 = 0x0804,
  Ed25519 = 0x0807,
}

/** The scheme of the device's own key; bytes of the key and of a signature. */
export const OWN: Scheme = Scheme.Ed25519;
export const OWN_KEY_BYTES: u32 = signers.KEY_BYTES;
export const OWN_SIGNATURE_BYTES: u32 = signers.SIGNATURE_BYTES;
/** Bytes of noise that a signature takes. */
export const NOISE_BYTES: u32 = ed25519.NOISE_BYTES;

/** AlgorithmIdentifier of Ed25519 (RFC 8410 §3), which stands in its SubjectPublicKeyInfo, too. */
@lazy
const ED25519_NAME = ED25519_HEAD + 2;
const ED25519_NAME_BYTES: u32 = 7;

/** AlgorithmIdentifier of ecdsa-with-SHA256 (RFC 5758 §3.2). */
// prettier-ignore
@lazy
export const ECDSA256_NAME = memory.data<u8>([0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02]);
export const ECDSA256_NAME_BYTES: u32 = bytesOf(ECDSA256_NAME);

/** AlgorithmIdentifier of ecdsa-with-SHA384 (RFC 5758 §3.2). */
// prettier-ignore
@lazy
const ECDSA384_NAME = memory.data<u8>([0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x03]);

/** AlgorithmIdentifier of sha256WithRSAEncryption, but for the last arc and NULL (RFC 4055 §5): the arc is 11, with SHA-384 12, with SHA-512 13. */
// prettier-ignore
@lazy
const RSA_NAME = memory.data<u8>([0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01]);
const RSA_NAME_BYTES: u32 = bytesOf(RSA_NAME) + 3;

/** True if the schemes of certificates are not those of CertificateVerify (§4.2.3). */
export const APART: bool = PUBLIC;

/** Write the schemes that are offered, best first: the body of signature_algorithms. */
export function offer(w: Writer): void {
  w.u16(PUBLIC ? 8 : P256 ? 4 : 2);
  w.u16(Scheme.Ed25519);
  if (P256) w.u16(Scheme.EcdsaSecp256r1Sha256);
  if (!PUBLIC) return;
  w.u16(Scheme.EcdsaSecp384r1Sha384);
  w.u16(Scheme.RsaPssRsaeSha256);
}

/** Write the schemes that certificates may have, best first: the body of signature_algorithms_cert. */
export function offerInCertificates(w: Writer): void {
  w.u16(12);
  w.u16(Scheme.Ed25519);
  w.u16(Scheme.EcdsaSecp256r1Sha256);
  w.u16(Scheme.EcdsaSecp384r1Sha384);
  w.u16(Scheme.RsaPkcs1Sha256);
  w.u16(Scheme.RsaPkcs1Sha384);
  w.u16(Scheme.RsaPkcs1Sha512);
}

/** True if `scheme` was offered for CertificateVerify. */
export function offered(scheme: u32): bool {
  if (PUBLIC && (scheme == Scheme.EcdsaSecp384r1Sha384 || scheme == Scheme.RsaPssRsaeSha256)) return true;
  return scheme == Scheme.Ed25519 || (P256 && scheme == Scheme.EcdsaSecp256r1Sha256);
}

/** The algorithm of the keys of a scheme. */
@inline
function algorithmOf(scheme: u32): Algorithm {
  if (scheme == Scheme.Ed25519) return Algorithm.Ed25519;
  if (!PUBLIC || scheme == Scheme.EcdsaSecp256r1Sha256) return Algorithm.P256;
  return scheme == Scheme.EcdsaSecp384r1Sha384 ? Algorithm.P384 : Algorithm.Rsa;
}

/** True if a key makes signatures of a scheme. */
@inline
export function suits(scheme: u32, key: Key): bool {
  return !P256 || key.algorithm == algorithmOf(scheme);
}

/**
 * Choose the scheme of the device's signature among those that the peer takes (the body of its signature_algorithms): of its key on P-256 if `ordinary` and that is
 * taken, else of its own key; 0: of none.
 */
export function taken(r: Reader, ordinary: bool): u32 {
  let found: u32 = 0;
  while (r.left() >= 2) {
    const scheme = r.u16();
    if (OWN256 && ordinary && scheme == Scheme.EcdsaSecp256r1Sha256) found = scheme;
    else if (scheme == OWN && !found) found = scheme;
  }
  return found;
}

/** Read the AlgorithmIdentifier of a certificate's signature; 0 if it is of no row. `r` fails if it is not DER. */
export function named(r: Reader): u32 {
  const at = der.step(r, Tag.Sequence);
  const len = <u32>(r.at - at);
  if (len == ED25519_NAME_BYTES && bytes.same(at, ED25519_NAME, len)) return Scheme.Ed25519;
  if (P256 && len == ECDSA256_NAME_BYTES && bytes.same(at, ECDSA256_NAME, len)) return Scheme.EcdsaSecp256r1Sha256;
  if (!PUBLIC) return 0;
  if (len == ECDSA256_NAME_BYTES && bytes.same(at, ECDSA384_NAME, len)) return Scheme.EcdsaSecp384r1Sha384;
  return len == RSA_NAME_BYTES ? namedRsa(at) : 0;
}

/** Read the AlgorithmIdentifier of an RSA signature: its last arc and NULL tell the hash. */
function namedRsa(at: usize): u32 {
  if (!bytes.same(at, RSA_NAME, RSA_NAME_BYTES - 3) || load<u16>(at + RSA_NAME_BYTES - 2) != 0x0005) return 0;
  switch (load<u8>(at + RSA_NAME_BYTES - 3)) {
    case 11:
      return Scheme.RsaPkcs1Sha256;
    case 12:
      return Scheme.RsaPkcs1Sha384;
    case 13:
      return Scheme.RsaPkcs1Sha512;
    default:
      return 0;
  }
}

/** Verify a signature over head ‖ body. Forged, too, if the key is not of the scheme's algorithm. */
export function verify(
  scheme: u32,
  signature: usize,
  signatureLen: u32,
  key: Key,
  head: usize,
  headLen: u32,
  body: usize,
  bodyLen: u32,
): Status {
  if (!suits(scheme, key)) return Status.Forged;
  if (P256 && scheme != Scheme.Ed25519)
    return verifyHashed(scheme, signature, signatureLen, key, head, headLen, body, bodyLen);
  if (signatureLen != ed25519.SIGNATURE_BYTES) return Status.Forged;
  return ed25519.verify(signature, key.at, head, headLen, body, bodyLen);
}

/** Verify a signature over the digest of head ‖ body. */
function verifyHashed(
  scheme: u32,
  signature: usize,
  signatureLen: u32,
  key: Key,
  head: usize,
  headLen: u32,
  body: usize,
  bodyLen: u32,
): Status {
  const digest = scratch.take(PUBLIC ? sha512.DIGEST_BYTES : sha256.DIGEST_BYTES);
  const digestLen = hash(digest, scheme, head, headLen, body, bodyLen);
  const status = verifyDigest(scheme, signature, signatureLen, key, digest, digestLen);
  scratch.release(digest);
  return status;
}

/** Verify a signature of a digest by the hash of the scheme, which has one. Forged, too, if the key is not of the scheme's algorithm. */
export function verifyDigest(
  scheme: u32,
  signature: usize,
  signatureLen: u32,
  key: Key,
  digest: usize,
  digestLen: u32,
): Status {
  if (!suits(scheme, key)) return Status.Forged;
  if (!PUBLIC || key.algorithm != Algorithm.Rsa) return verifyEcdsa(signature, signatureLen, key, digest);
  if (signatureLen != key.len) return Status.Forged;
  return scheme == Scheme.RsaPssRsaeSha256
    ? pss.verify(signature, key.at, key.len, digest, digestLen)
    : pkcs1.verify(signature, key.at, key.len, digest, digestLen);
}

/** Hash head ‖ body as a scheme does; returns the bytes of the digest. */
export function hash(out: usize, scheme: u32, head: usize, headLen: u32, body: usize, bodyLen: u32): u32 {
  // The high byte of these numbers is that of the hash; of the others it is 4, or 8.
  if (PUBLIC && (scheme >> 8 == 5 || scheme >> 8 == 6)) return hashWide(out, scheme, head, headLen, body, bodyLen);
  const ctx = changetype<sha256.Sha256>(scratch.take(offsetof<sha256.Sha256>()));
  sha256.init(ctx);
  sha256.update(ctx, head, headLen);
  sha256.update(ctx, body, bodyLen);
  sha256.final(out, ctx);
  scratch.release(changetype<usize>(ctx));
  return sha256.DIGEST_BYTES;
}

/** Hash head ‖ body by SHA-512 or SHA-384; returns the bytes of the digest. */
function hashWide(out: usize, scheme: u32, head: usize, headLen: u32, body: usize, bodyLen: u32): u32 {
  const ctx = changetype<sha512.Sha512>(scratch.take(offsetof<sha512.Sha512>()));
  const whole = scheme == Scheme.RsaPkcs1Sha512;
  if (whole) sha512.init(ctx);
  else sha384.init(ctx);
  sha512.update(ctx, head, headLen);
  sha512.update(ctx, body, bodyLen);
  if (whole) sha512.final(out, ctx);
  else sha384.final(out, ctx);
  scratch.release(changetype<usize>(ctx));
  return whole ? sha512.DIGEST_BYTES : sha384.DIGEST_BYTES;
}

/** Verify an ECDSA-Sig-Value of a digest that is at least as long as the order of the key's curve. */
function verifyEcdsa(signature: usize, signatureLen: u32, key: Key, digest: usize): Status {
  const mark = scratch.top();
  const wide = PUBLIC && key.algorithm == Algorithm.P384;
  const raw = scratch.take(PUBLIC ? ecdsa384.SIGNATURE_BYTES : ecdsa256.SIGNATURE_BYTES);
  const size = wide ? ecdsa384.SIGNATURE_BYTES : ecdsa256.SIGNATURE_BYTES;
  let status = ecdsa.fromDer(raw, size / 2, signature, signatureLen);
  if (status == Status.Ok) status = wide ? ecdsa384.verify(raw, key.at, digest) : ecdsa256.verify(raw, key.at, digest);
  scratch.release(mark);
  return status;
}

/** Sign head ‖ body with the device's key, as `signer.sign`: Ok, Again or Forged. CT: lengths and the verdict leak. */
export function sign(
  out: usize,
  signer: Signer,
  noise: usize,
  head: usize,
  headLen: u32,
  body: usize,
  bodyLen: u32,
): Status {
  return signers.sign(out, signer, noise, head, headLen, body, bodyLen);
}
