/**
 * The rest of a certificate that stays until its issuer's comes, where one certificate at a time is in the buffer: the names of the leaf, the signature, the hash of the issuer's name, and the
 * digest of the signed part. Ed25519 signs no digest, so there the signed part itself stays. Names, signed part and signature move to the front of the buffer.
 */
import * as bytes from "../lib/bytes";
import * as scratch from "../lib/scratch";
import { Status } from "../lib/status";
import * as sha256 from "../crypto/sha256";
import * as sha512 from "../crypto/sha512";
import { Key } from "./key";
import * as scheme from "./scheme";
import { Scheme } from "./scheme";
import * as x509 from "./x509";
import { Certificate } from "./x509";

/** The digest of the signed part. */
@lazy
const digest = memory.data(sha512.DIGEST_BYTES, 8);
let digestLen: u32 = 0;
/** The SHA-256 of the issuer's name. */
@lazy
export const issuer = memory.data(sha256.DIGEST_BYTES, 8);

/** The front of the buffer. */
let front: usize = 0;

/** Begin with a buffer. */
export function begin(buffer: usize): void {
  front = buffer;
}

/** Wipe what is kept outside of the buffer. */
export function wipe(): void {
  bytes.wipe(digest, sha512.DIGEST_BYTES);
  bytes.wipe(issuer, sha256.DIGEST_BYTES);
}

/** Keep a certificate; returns the first byte behind what is kept. A digest of before never stays. */
export function keep(child: Certificate, isLeaf: bool): usize {
  wipe();
  sha256.hash(issuer, child.issuer, child.issuerLen);
  const whole = child.scheme == Scheme.Ed25519;
  if (!whole) digestLen = scheme.hash(digest, child.scheme, child.tbs, child.tbsLen, 0, 0);
  let at = front;
  // The names of a leaf that stays whole stay in it.
  if (whole && isLeaf) x509.rebaseNames(front - child.tbs);
  else at = x509.moveNames(front);
  if (whole) {
    memory.copy(at, child.tbs, child.tbsLen);
    child.tbs = at;
    at += child.tbsLen;
  }
  memory.copy(at, child.signature, child.signatureLen);
  child.signature = at;
  return at + child.signatureLen;
}

/** True if a certificate has the name of the issuer. */
export function isBy(parent: Certificate): bool {
  const name = scratch.take(sha256.DIGEST_BYTES);
  sha256.hash(name, parent.subject, parent.subjectLen);
  const found = bytes.same(name, issuer, sha256.DIGEST_BYTES);
  scratch.release(name);
  return found;
}

/** Verify the signature that is kept. Forged, too, if the key is not of the scheme's algorithm. */
export function verify(child: Certificate, by: Key): Status {
  if (child.scheme == Scheme.Ed25519)
    return scheme.verify(child.scheme, child.signature, child.signatureLen, by, child.tbs, child.tbsLen, 0, 0);
  return scheme.verifyDigest(child.scheme, child.signature, child.signatureLen, by, digest, digestLen);
}
