/** The signature schemes, one row each (RFC 8446 §4.2.3). */
import { Status } from "../lib/status";
import { Reader } from "../lib/reader";
import { Writer } from "../lib/writer";
import * as ed25519 from "../crypto/ed25519";
import * as signers from "../signer/signer";
import { Signer } from "../signer/signer";

export const enum Scheme {
  Ed25519 = 0x0807,
}

export const KEY_BYTES: u32 = 32;
export const SIGNATURE_BYTES: u32 = 64;

/** Write the schemes that are offered, best first: the body of signature_algorithms. */
export function offer(w: Writer): void {
  w.u16(2);
  w.u16(Scheme.Ed25519);
}

/** True if `scheme` was offered. */
export function offered(scheme: u32): bool {
  return scheme == Scheme.Ed25519;
}

/** True if a list of schemes that the peer takes (the body of its signature_algorithms) has one that the device's key can make. */
export function taken(r: Reader): bool {
  let found = false;
  while (r.left() >= 2) if (offered(r.u16())) found = true;
  return found;
}

/** Verify a signature over head ‖ body. */
export function verify(
  signature: usize,
  signatureLen: u32,
  key: usize,
  head: usize,
  headLen: u32,
  body: usize,
  bodyLen: u32,
): Status {
  if (signatureLen != SIGNATURE_BYTES) return Status.Forged;
  return ed25519.verify(signature, key, head, headLen, body, bodyLen);
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
