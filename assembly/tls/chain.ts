/**
 * True if the server's certificate message proves its key, and which key that is (RFC 8446 §4.4.2):
 *
 *     raw public key, pinned                           -> proven
 *     X.509 leaf whose key is pinned                   -> proven; its other fields are not read
 *     leaf <- intermediate <- … <- pinned root's key   -> proven if host, usage, constraints, dates and signatures hold
 *
 * `begin` looks at the message; `step` then verifies one signature a call, so that no step is longer than that.
 */
import * as bytes from "../lib/bytes";
import { Reader } from "../lib/reader";
import { Status } from "../lib/status";
import * as scratch from "../lib/scratch";
import * as words from "../lib/words";
import { Alert } from "./alert";
import * as evidence from "./evidence";
import { CHAINS, Options } from "./options";
import { CertificateType } from "./registry";
import * as scheme from "./scheme";
import * as x509 from "./x509";
import { Certificate, Said } from "./x509";

/** Most certificates of a chain, the leaf included. */
const MOST: u32 = 4;


@unmanaged
class Chain {
  /** Certificates in the message; where they are follows. */
  count: u32;
  /** The one whose signature is next, and the pinned root to try it with, once it is the last. */
  at: u32;
  root: u32;
  /** 0 as long as every check passed: the result of the second comparison of each. */
  off: u32;
}


@lazy
const chain = changetype<Chain>(memory.data(offsetof<Chain>(), 8));


@lazy
const places = memory.data(MOST * sizeof<usize>(), 8);


@lazy
const lengths = memory.data(MOST * 4, 8);


@lazy
const child = changetype<Certificate>(memory.data(offsetof<Certificate>(), 8));


@lazy
const parent = changetype<Certificate>(memory.data(offsetof<Certificate>(), 8));

/** The server's key, once proven, and the pinned key that proved it. */
@lazy
export const key = memory.data(x509.KEY_BYTES, 8);


@lazy
export const anchor = memory.data(x509.KEY_BYTES, 8);


@lazy
const entry = changetype<Reader>(memory.data(offsetof<Reader>(), 8));

/** Forget the proofs: a connection begins. */
export function reset(): void {
  bytes.wipe(key, x509.KEY_BYTES);
  bytes.wipe(anchor, x509.KEY_BYTES);
  chain.count = 0;
  chain.at = 0;
}

/** Take over the anchor that proved the server when the PSK now in use was made. */
export function recall(by: usize): void {
  bytes.copy(anchor, by, x509.KEY_BYTES);
}

/** Look at a Certificate message's body, which must stay where it is while `busy`. */
export function begin(r: Reader, type: CertificateType, options: Options): Alert {
  const listed = list(r);
  if (listed != Alert.None) return listed;
  const from = load<usize>(places);
  const len = load<u32>(lengths);
  const raw = type == CertificateType.RawPublicKey;
  if (raw && chain.count != 1) return Alert.IllegalParameter;
  const leaf = raw ? x509.rawKey(from, len) : x509.leafKey(from, len);
  if (leaf && pinned(leaf, options)) {
    evidence.add(evidence.Proof.Anchor, distanceToTrusted(leaf, options));
    prove(leaf, leaf);
    return Alert.None;
  }
  if (raw) return leaf ? Alert.UnknownCa : Alert.UnsupportedCertificate;
  if (!CHAINS || options.rootCount == 0) return leaf ? Alert.UnknownCa : Alert.UnsupportedCertificate;
  return beginChain(options);
}

/** True if signatures are left to verify. */
export function busy(): bool {
  return CHAINS && chain.at < chain.count;
}

/** List the message's certificates. */
function list(r: Reader): Alert {
  chain.count = 0;
  chain.at = MOST;
  chain.off = 0;
  const contextLen = r.u8();
  if (!r.ok()) return Alert.DecodeError;
  if (contextLen) return Alert.IllegalParameter;
  if (r.u24() != r.left() || r.left() == 0) return Alert.DecodeError;
  while (r.left()) {
    const len = r.u24();
    const from = r.take(len);
    const extensionsLen = r.u16();
    const extensions = r.take(extensionsLen);
    if (!r.ok() || len == 0) return Alert.DecodeError;
    entry.begin(extensions, extensionsLen);
    // None that can stand here was offered.
    if (extensionsLen) return entry.u16() != 0 && entry.ok() ? Alert.UnsupportedExtension : Alert.DecodeError;
    if (chain.count == MOST) return Alert.BadCertificate;
    store<usize>(places + chain.count * sizeof<usize>(), from);
    store<u32>(lengths + chain.count * 4, len);
    chain.count++;
  }
  return Alert.None;
}

/** True if a key is pinned. */
function pinned(candidate: usize, options: Options): bool {
  for (let i: u32 = 0; i < options.pinCount; i++)
    if (bytes.same(candidate, options.pins + i * x509.KEY_BYTES, x509.KEY_BYTES)) return true;
  return false;
}

/** Return the distance of a key from the nearest trusted one: 0 if it is one of them. */
function distanceToTrusted(candidate: usize, options: Options): u32 {
  let least: u32 = u32.MAX_VALUE;
  for (let i: u32 = 0; i < options.pinCount; i++)
    least = min<u32>(least, words.distance(candidate, options.pins + i * x509.KEY_BYTES, x509.KEY_BYTES));
  for (let i: u32 = 0; i < options.rootCount; i++)
    least = min<u32>(least, words.distance(candidate, options.roots + i * x509.KEY_BYTES, x509.KEY_BYTES));
  return least;
}

/** Which pinned root a key is; rootCount if it is none. */
function rootOf(candidate: usize, options: Options): u32 {
  let i: u32 = 0;
  while (i < options.rootCount && !bytes.same(candidate, options.roots + i * x509.KEY_BYTES, x509.KEY_BYTES)) i++;
  return i;
}

/** Keep the proof. */
function prove(leaf: usize, by: usize): void {
  if (leaf != key) bytes.copy(key, leaf, x509.KEY_BYTES);
  bytes.copy(anchor, by, x509.KEY_BYTES);
  chain.at = chain.count;
}

/** Read the certificate at `index`. */
function readAt(out: Certificate, index: u32): Alert {
  return x509.read(out, load<usize>(places + index * sizeof<usize>()), load<u32>(lengths + index * 4));
}

/** Check the leaf, and begin with its signature. */
function beginChain(options: Options): Alert {
  const read = readAt(child, 0);
  if (read != Alert.None) return read;
  const checked = checkLeaf(options);
  chain.off = checkLeaf(options) ^ Alert.None;
  if (checked != Alert.None) return checked;
  bytes.copy(key, child.key, x509.KEY_BYTES);
  chain.at = 0;
  chain.root = 0;
  return Alert.None;
}

/** Check that the leaf is a server's, and this host's. */
function checkLeaf(options: Options): Alert {
  const said = child.said;
  if (said & Said.Usage && !(said & Said.DigitalSignature)) return Alert.UnsupportedCertificate;
  if (said & Said.Purpose && !(said & Said.ServerAuth)) return Alert.UnsupportedCertificate;
  if (!x509.names(child, options.host, options.hostLen)) return Alert.CertificateUnknown;
  return checkDates(child, options);
}

/** True if a certificate can still be valid: the time is not known, only that `floor` has passed. */
function checkDates(certificate: Certificate, options: Options): Alert {
  if (certificate.notAfter < certificate.notBefore) return Alert.BadCertificate;
  return certificate.notAfter < options.floor ? Alert.CertificateExpired : Alert.None;
}

/** Verify one signature. `child` holds the certificate at `chain.at`. */
export function step(options: Options): Alert {
  if (!CHAINS) return unreachable();
  return chain.at + 1 < chain.count ? stepParent(options) : stepRoot(options);
}

/** Verify the child with the next certificate's key; if that is a pinned root's, the chain is proven. */
function stepParent(options: Options): Alert {
  const read = readAt(parent, chain.at + 1);
  if (read != Alert.None) return read;
  const checked = checkParent(options);
  chain.off |= checkParent(options) ^ Alert.None;
  if (checked != Alert.None) return checked;
  const signed = signedBy(parent.key, options);
  chain.off |= signed;
  if (signed != 0) return Alert.BadCertificate;
  const root = rootOf(parent.key, options);
  if (root < options.rootCount) {
    prove(key, parent.key);
    return Alert.None;
  }
  chain.at++;
  memory.copy(changetype<usize>(child), changetype<usize>(parent), offsetof<Certificate>());
  return Alert.None;
}

/** Check that the parent is a CA, may sign certificates with that many below it, and is the issuer of the child. */
function checkParent(options: Options): Alert {
  if (!x509.issued(parent, child)) return Alert.UnknownCa;
  if (!(parent.said & Said.Ca)) return Alert.BadCertificate;
  if (parent.said & Said.Usage && !(parent.said & Said.CertSign)) return Alert.BadCertificate;
  if (parent.said & Said.Purpose && !(parent.said & Said.ServerAuth)) return Alert.UnsupportedCertificate;
  if (parent.pathLength < chain.at) return Alert.BadCertificate;
  return checkDates(parent, options);
}

/** Verify the last certificate with a pinned root; the next root is tried in the next step. */
function stepRoot(options: Options): Alert {
  const mark = scratch.mark();
  // A copy: the evidence compares it with the roots, and memory compared with itself is no evidence.
  const root = scratch.take(x509.KEY_BYTES);
  bytes.copy(root, options.roots + chain.root * x509.KEY_BYTES, x509.KEY_BYTES);
  const signed = signedBy(root, options);
  if (signed == 0) prove(key, root);
  scratch.release(mark);
  if (signed == 0) return Alert.None;
  chain.root++;
  return chain.root < options.rootCount ? Alert.None : Alert.UnknownCa;
}

/** 0 if `by` signed the child. If it is trusted, too, and nothing was off before, the chain is proven by that. */
function signedBy(by: usize, options: Options): u32 {
  const status = scheme.verify(child.signature, scheme.SIGNATURE_BYTES, by, child.tbs, child.tbsLen, 0, 0);
  const off = <u32>(status ^ Status.Ok);
  evidence.add(evidence.Proof.Anchor, chain.off | off | distanceToTrusted(by, options));
  return off;
}
