/**
 * True if the server's certificate message proves its key, and which key that is (RFC 8446 §4.4.2):
 *
 *     raw public key, pinned                           -> proven
 *     X.509 leaf whose key is pinned                   -> proven; its other fields are not read
 *     leaf <- intermediate <- … <- pinned root's key   -> proven if host, usage, constraints, dates and signatures hold
 *
 * `begin` looks at a message that is in memory as a whole. Where certificates come one at a time (`APART`), `open` begins and `add` takes each. `step` then verifies one signature a call,
 * so that no step is longer than that.
 */
import * as bytes from "../lib/bytes";
import { Reader } from "../lib/reader";
import { Status } from "../lib/status";
import * as scratch from "../lib/scratch";
import * as words from "../lib/words";
import { Alert } from "./alert";
import * as evidence from "./evidence";
import * as authority from "./authority";
import * as entries from "./entries";
import * as hello from "./hello";
import * as kept from "./kept";
import * as key from "./key";
import { Algorithm, Key, PIN_BYTES } from "./key";
import { CHAINS, Options } from "./options";
import { PUBLIC } from "./profile";
import { CertificateType } from "./registry";
import * as scheme from "./scheme";
import * as x509 from "./x509";
import { Certificate, certificate as parent, Said } from "./x509";

/** Most certificates of a chain, the leaf included. */
const MOST: u32 = 4;

/** True if certificates come one at a time: the chains of public authorities are longer than the buffer. */
export const APART: bool = PUBLIC;


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
const chain = changetype<Chain>(memory.data(offsetof<Chain>(), 4));

/** State of a chain whose certificates come one at a time. */
@unmanaged
class Course {
  /** The type of its certificates. */
  type: CertificateType;
  /** The authority to try next. */
  known: u32;
  /** Where the next certificate is collected. */
  front: usize;
}


@lazy
const course = changetype<Course>(memory.data(offsetof<Course>(), 8));


@lazy
const places = memory.data(MOST * sizeof<usize>(), 8);


@lazy
const lengths = memory.data(MOST * 2, 8);


@lazy
const child = changetype<Certificate>(memory.data(offsetof<Certificate>(), 4));

/** The server's key, once proven: a copy, as its message goes. */
@lazy
export const server = changetype<Key>(memory.data(offsetof<Key>(), 8));


@lazy
const place = memory.data(key.MOST_BYTES, 8);

/** The pinned key that proved it. */
@lazy
export const anchor = memory.data(PIN_BYTES, 8);

/** Forget the proofs: a connection begins. */
export function reset(): void {
  bytes.wipe(anchor, PIN_BYTES);
  chain.count = 0;
  chain.at = 0;
}

/** Wipe what was read of certificates: it may be a forger's. */
export function wipe(): void {
  reset();
  bytes.wipe(changetype<usize>(child), offsetof<Certificate>());
  bytes.wipe(changetype<usize>(parent), offsetof<Certificate>());
  bytes.wipe(changetype<usize>(server), offsetof<Key>());
  bytes.wipe(place, key.MOST_BYTES);
  kept.wipe();
}

/** Take over the anchor that proved the server when the PSK now in use was made. */
export function recall(by: usize): void {
  bytes.copy(anchor, by, PIN_BYTES);
}

/** Look at a Certificate message's body, which must stay where it is while `busy`. */
export function begin(r: Reader, type: CertificateType, offer: hello.Offer, options: Options): Alert {
  const listed = list(r, offer);
  if (listed != Alert.None) return listed;
  if (type == CertificateType.RawPublicKey && chain.count != 1) return Alert.IllegalParameter;
  return leaf(type, options);
}

/** Look at the leaf. */
@inline
function leaf(type: CertificateType, options: Options): Alert {
  const from = load<usize>(places);
  const len: u32 = load<u16>(lengths);
  const raw = type == CertificateType.RawPublicKey;
  const found = raw ? x509.rawKey(child, from, len) : x509.leafKey(child, from, len);
  if (found == Alert.None && isAnchor(child, options.pins, options.pinCount)) {
    evidence.add(evidence.Proof.Anchor, distanceToTrusted(child, options));
    hold(child);
    return Alert.None;
  }
  if (raw || !CHAINS || options.rootCount == 0) return found == Alert.None ? Alert.UnknownCa : found;
  return beginChain(options);
}

/** True if signatures are left to verify, with what has come. */
export function busy(): bool {
  if (!CHAINS || chain.at >= chain.count) return false;
  return !APART || entries.left() == 0 || chain.at + 1 < chain.count || course.known != authority.END;
}

/** Begin with a message whose certificates `add` takes. */
export function open(type: CertificateType, front: usize): void {
  chain.count = 0;
  chain.at = 0;
  chain.off = 0;
  course.type = type;
  course.front = front;
  kept.begin(front);
}

/** Take the certificate that `entries` has. Certificates after a proven one, or too far from the leaf, do not count. */
export function add(options: Options): Alert {
  if (chain.count && course.type == CertificateType.RawPublicKey) return Alert.IllegalParameter;
  if (chain.count == MOST) return goOn();
  store<usize>(places + chain.count * sizeof<usize>(), entries.at());
  store<u16>(lengths + chain.count * 2, <u16>entries.len());
  if (chain.count++) return Alert.None;
  const found = leaf(course.type, options);
  if (found != Alert.None) return found;
  if (!proven()) hoist(true);
  return goOn();
}

/** True if an anchor was reached. */
function proven(): bool {
  return chain.at >= chain.count;
}

/** Keep what is needed of the child, and begin with the authorities that the image knows. */
function hoist(isLeaf: bool): void {
  course.front = kept.keep(child, isLeaf);
  course.known = 0;
}

/** Read the next entry, unless an anchor was reached. A raw key is the only one: a second entry must be found. */
function goOn(): Alert {
  if (proven() && course.type != CertificateType.RawPublicKey) entries.passOver();
  else entries.next(course.front);
  return Alert.None;
}

/** List the message's certificates. */
function list(r: Reader, offer: hello.Offer): Alert {
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
    if (extensionsLen) return entries.unexpected(extensions, extensionsLen, offer);
    // Certificates too far behind the leaf do not count.
    if (chain.count == MOST) continue;
    store<usize>(places + chain.count * sizeof<usize>(), from);
    store<u16>(lengths + chain.count * 2, <u16>len);
    chain.count++;
  }
  return Alert.None;
}

/** True if the pin of a key is one of `count` at `pins`. Then it is kept as what proves the server, and no signature is left to verify. */
function isAnchor(candidate: Key, pins: usize, count: u32): bool {
  const mark = scratch.top();
  const pin = key.pin(scratch.take(key.PIN_ROOM_BYTES), candidate);
  const found = key.among(pin, pins, count);
  if (found) {
    bytes.copy(anchor, pin, PIN_BYTES);
    chain.at = chain.count;
  }
  scratch.release(mark);
  return found;
}

/** Return the distance of the pin of a key from the nearest trusted one: 0 if it is one of them. */
function distanceToTrusted(candidate: Key, options: Options): u32 {
  const mark = scratch.top();
  const pin = key.pin(scratch.take(key.PIN_ROOM_BYTES), candidate);
  let least: u32 = u32.MAX_VALUE;
  for (let i: u32 = 0; i < options.pinCount; i++)
    least = min<u32>(least, words.distance(pin, options.pins + i * PIN_BYTES, PIN_BYTES));
  for (let i: u32 = 0; i < options.rootCount; i++)
    least = min<u32>(least, words.distance(pin, options.roots + i * PIN_BYTES, PIN_BYTES));
  scratch.release(mark);
  return least;
}

/** Keep the server's key. */
function hold(from: Key): void {
  bytes.copy(place, from.at, from.len);
  memory.copy(changetype<usize>(server), changetype<usize>(from), offsetof<Key>());
  server.at = place;
}

/** Read the certificate at `index`: it is `parent` then. */
function readAt(index: u32): Alert {
  return x509.read(load<usize>(places + index * sizeof<usize>()), load<u16>(lengths + index * 2), index == 0);
}

/** Check the leaf, and begin with its signature. */
function beginChain(options: Options): Alert {
  const read = readAt(0);
  if (read != Alert.None) return read;
  memory.copy(changetype<usize>(child), changetype<usize>(parent), offsetof<Certificate>());
  const checked = checkLeaf(options);
  chain.off = checkLeaf(options) ^ Alert.None;
  if (checked != Alert.None) return checked;
  hold(child);
  chain.at = 0;
  chain.root = 0;
  return Alert.None;
}

/** Check that the leaf is a server's, and this host's. */
function checkLeaf(options: Options): Alert {
  const said = child.said;
  if (said & Said.Usage && !(said & Said.DigitalSignature)) return Alert.UnsupportedCertificate;
  if (said & Said.Purpose && !(said & Said.ServerAuth)) return Alert.UnsupportedCertificate;
  if (!x509.isFor(options.host, options.hostLen)) return Alert.CertificateUnknown;
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
  if (APART && course.known != authority.END) return stepAuthority(options);
  return chain.at + 1 < chain.count ? stepParent(options) : stepRoot(options);
}

/** Verify the child with the next certificate's key; if that is a pinned root's, the chain is proven. */
function stepParent(options: Options): Alert {
  const read = readAt(chain.at + 1);
  chain.off |= read ^ Alert.None;
  if (read != Alert.None) return read;
  const checked = checkParent(options);
  chain.off |= checkParent(options) ^ Alert.None;
  if (checked != Alert.None) return checked;
  const signed = signedBy(parent, options);
  chain.off |= signed;
  if (signed != 0) return Alert.BadCertificate;
  if (isAnchor(parent, options.roots, options.rootCount)) return APART ? goOn() : Alert.None;
  chain.at++;
  memory.copy(changetype<usize>(child), changetype<usize>(parent), offsetof<Certificate>());
  if (!APART) return Alert.None;
  hoist(false);
  return goOn();
}

/** Check that the parent is a CA, may sign certificates with that many below it, and is the issuer of the child. */
function checkParent(options: Options): Alert {
  if (APART ? !kept.isBy(parent) : !x509.issued(parent, child)) return Alert.UnknownCa;
  if (!(parent.said & Said.Ca)) return Alert.BadCertificate;
  if (parent.said & Said.Usage && !(parent.said & Said.CertSign)) return Alert.BadCertificate;
  if (parent.said & Said.Purpose && !(parent.said & Said.ServerAuth)) return Alert.UnsupportedCertificate;
  if (parent.pathLength < chain.at) return Alert.BadCertificate;
  return checkDates(parent, options);
}

/** Verify the child with the next authority that has the name of its issuer and is trusted. */
function stepAuthority(options: Options): Alert {
  const at = authority.find(course.known, kept.issuer);
  course.known = at;
  if (at == authority.END) return Alert.None;
  if (!entries.fits(course.front, authority.ROOM_BYTES)) {
    course.known = authority.END;
    return Alert.None;
  }
  course.known = authority.read(parent, course.front, at);
  if (distanceToTrusted(parent, options) != 0 || signedBy(parent, options) != 0) return Alert.None;
  isAnchor(parent, options.roots, options.rootCount);
  return goOn();
}

/** Verify the last certificate with a pinned root; the next root is tried in the next step. */
function stepRoot(options: Options): Alert {
  const mark = scratch.top();
  // A copy: the evidence compares it with the roots, and memory compared with itself is no evidence.
  const root = scratch.take(PIN_BYTES);
  bytes.copy(root, options.roots + chain.root * PIN_BYTES, PIN_BYTES);
  key.set(parent, Algorithm.Ed25519, root, PIN_BYTES);
  const signed = signedBy(parent, options);
  if (signed == 0) isAnchor(parent, options.roots, options.rootCount);
  scratch.release(mark);
  if (signed == 0) return Alert.None;
  chain.root++;
  return chain.root < options.rootCount ? Alert.None : Alert.UnknownCa;
}

/** 0 if `by` signed the child. If it is trusted, too, and nothing was off before, the chain is proven by that. */
function signedBy(by: Key, options: Options): u32 {
  const status = APART
    ? kept.verify(child, by)
    : scheme.verify(child.scheme, child.signature, child.signatureLen, by, child.tbs, child.tbsLen, 0, 0);
  const off = <u32>(status ^ Status.Ok);
  evidence.add(evidence.Proof.Anchor, chain.off | off | distanceToTrusted(by, options));
  return off;
}
