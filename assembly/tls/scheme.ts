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
import * as ed25519 from "../crypto/ed25519";
import * as sha256 from "../crypto/sha256";
import * as signers from "../signer/signer";
import { Signer } from "../signer/signer";
import * as der from "./der";
import { Tag } from "./der";
import { Algorithm, ED25519_HEAD, Key } from "./key";
import { P256 } from "./profile";

export const enum Scheme {
  EcdsaSecp256r1Sha256 = 0x0403,
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
const ECDSA256_NAME = memory.data<u8>([0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02]);
const ECDSA256_NAME_BYTES: u32 = bytesOf(ECDSA256_NAME);

/** Write the schemes that are offered, best first: the body of signature_algorithms. */
export function offer(w: Writer): void {
  w.u16(P256 ? 4 : 2);
  w.u16(Scheme.Ed25519);
  if (P256) w.u16(Scheme.EcdsaSecp256r1Sha256);
}

/** True if `scheme` was offered. */
export function offered(scheme: u32): bool {
  return scheme == Scheme.Ed25519 || (P256 && scheme == Scheme.EcdsaSecp256r1Sha256);
}

/** True if a key makes signatures of a scheme that was offered. */
@inline
export function suits(scheme: u32, key: Key): bool {
  return !P256 || key.algorithm == (scheme == Scheme.Ed25519 ? Algorithm.Ed25519 : Algorithm.P256);
}

/** True if a list of schemes that the peer takes (the body of its signature_algorithms) has that of the device's own key. */
export function taken(r: Reader): bool {
  let found = false;
  while (r.left() >= 2) if (r.u16() == OWN) found = true;
  return found;
}

/** Read the AlgorithmIdentifier of a certificate's signature; 0 if it is of no row. `r` fails if it is not DER. */
export function named(r: Reader): u32 {
  const at = der.step(r, Tag.Sequence);
  const len = <u32>(r.at - at);
  if (len == ED25519_NAME_BYTES && bytes.same(at, ED25519_NAME, len)) return Scheme.Ed25519;
  return P256 && len == ECDSA256_NAME_BYTES && bytes.same(at, ECDSA256_NAME, len) ? Scheme.EcdsaSecp256r1Sha256 : 0;
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
  if (P256 && scheme == Scheme.EcdsaSecp256r1Sha256)
    return verifyEcdsa(signature, signatureLen, key, head, headLen, body, bodyLen);
  if (signatureLen != ed25519.SIGNATURE_BYTES) return Status.Forged;
  return ed25519.verify(signature, key.at, head, headLen, body, bodyLen);
}

/** Verify an ECDSA-Sig-Value over head ‖ body. */
function verifyEcdsa(
  signature: usize,
  signatureLen: u32,
  key: Key,
  head: usize,
  headLen: u32,
  body: usize,
  bodyLen: u32,
): Status {
  const mark = scratch.mark();
  const digest = scratch.take(sha256.DIGEST_BYTES);
  const raw = scratch.take(ecdsa256.SIGNATURE_BYTES);
  const ctx = changetype<sha256.Sha256>(scratch.take(offsetof<sha256.Sha256>()));
  sha256.init(ctx);
  sha256.update(ctx, head, headLen);
  sha256.update(ctx, body, bodyLen);
  sha256.final(digest, ctx);
  let status = ecdsa.fromDer(raw, ecdsa256.SIGNATURE_BYTES / 2, signature, signatureLen);
  if (status == Status.Ok) status = ecdsa256.verify(raw, key.at, digest);
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
