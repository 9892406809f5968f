/** One X.509 certificate (RFC 5280): what a chain of Ed25519 certificates needs of it, and nothing that is not checked. */
import * as bytes from "../lib/bytes";
import { Reader } from "../lib/reader";
import { Alert } from "./alert";
import * as der from "./der";
import * as name from "./name";
import { Tag } from "./der";

/** Fields of a certificate. Pointers lead into it. */
@unmanaged
export class Certificate {
  /** The part that is signed, and the signature. */
  tbs: usize;
  tbsLen: u32;
  signature: usize;
  issuer: usize;
  issuerLen: u32;
  subject: usize;
  subjectLen: u32;
  key: usize;
  notBefore: u32;
  notAfter: u32;
  /** Flags of `Said`. */
  said: u32;
  /** How many intermediates may follow a CA; UNBOUNDED if it does not say. */
  pathLength: u32;
  /** Contents of subjectAltName; 0 if there is none. */
  names: usize;
  namesLen: u32;
}

export const enum Said {
  /** basicConstraints: it is a CA. */
  Ca = 1,
  /** keyUsage is there; it has digitalSignature; it has keyCertSign. */
  Usage = 2,
  DigitalSignature = 4,
  CertSign = 8,
  /** extKeyUsage is there; it has serverAuth. */
  Purpose = 16,
  ServerAuth = 32,
}

export const UNBOUNDED: u32 = 0xffff_ffff;
export const KEY_BYTES: u32 = 32;

/** SubjectPublicKeyInfo of an Ed25519 key (RFC 8410 §4), but for the key. */
// prettier-ignore
@lazy
const SPKI = memory.data<u8>([0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00]);
const SPKI_HEAD_BYTES: u32 = 12;
/** AlgorithmIdentifier of Ed25519, within SPKI. */
@lazy
const ALGORITHM = SPKI + 2;
const ALGORITHM_BYTES: u32 = 7;

/** The readers, one a depth. */
@lazy
const outer = changetype<Reader>(memory.data(offsetof<Reader>(), 8));


@lazy
const tbs = changetype<Reader>(memory.data(offsetof<Reader>(), 8));


@lazy
const field = changetype<Reader>(memory.data(offsetof<Reader>(), 8));


@lazy
const inner = changetype<Reader>(memory.data(offsetof<Reader>(), 8));

/** Read an Ed25519 SubjectPublicKeyInfo that is all there is: a raw public key (RFC 7250). Returns the key's place, 0 if it is none. */
export function rawKey(from: usize, len: u32): usize {
  outer.begin(from, len);
  const key = readSpki(outer);
  return outer.ok() && outer.left() == 0 ? key : 0;
}

/** Read an Ed25519 SubjectPublicKeyInfo; returns where its key is. */
function readSpki(r: Reader): usize {
  der.expect(r, SPKI, SPKI_HEAD_BYTES);
  return r.take(KEY_BYTES);
}

/**
 * Find the Ed25519 key of a certificate and nothing else; returns where it is. For a leaf whose key is pinned: the
 * other fields are claims of the server itself, so they are skipped, with any signature.
 */
export function leafKey(from: usize, len: u32): usize {
  outer.begin(from, len);
  der.enter(field, outer, Tag.Sequence);
  if (!outer.ok() || outer.left()) return 0;
  der.enter(tbs, field, Tag.Sequence);
  if (der.peek(tbs) == Tag.Context0) der.skip(tbs);
  for (let i = 0; i < 5; i++) der.skip(tbs);
  const key = readSpki(tbs);
  return field.ok() && tbs.ok() ? key : 0;
}

/** Read a whole certificate into `out`. Only version 3, signed with Ed25519, for an Ed25519 key. */
export function read(out: Certificate, from: usize, len: u32): Alert {
  memory.fill(changetype<usize>(out), 0, offsetof<Certificate>());
  out.pathLength = UNBOUNDED;
  outer.begin(from, len);
  der.enter(field, outer, Tag.Sequence);
  if (!outer.ok() || outer.left()) return Alert.BadCertificate;
  out.tbs = field.at;
  der.enter(tbs, field, Tag.Sequence);
  out.tbsLen = <u32>(field.at - out.tbs);
  der.expect(field, ALGORITHM, ALGORITHM_BYTES);
  if (!field.ok()) return tbs.ok() ? Alert.UnsupportedCertificate : Alert.BadCertificate;
  der.enter(inner, field, Tag.BitString);
  if (inner.u8() != 0) inner.fail();
  out.signature = inner.take(64);
  if (!inner.ok() || inner.left() || !field.ok() || field.left()) return Alert.BadCertificate;
  const said = readTbs(out);
  if (said != Alert.None) return said;
  return tbs.ok() && tbs.left() == 0 ? Alert.None : Alert.BadCertificate;
}

/** Read the signed part: `tbs` holds it. */
function readTbs(out: Certificate): Alert {
  der.enter(field, tbs, Tag.Context0);
  der.enter(inner, field, Tag.Integer);
  if (inner.u8() != 2 || inner.left() || field.left()) return Alert.UnsupportedCertificate;
  der.enter(field, tbs, Tag.Integer);
  der.expect(tbs, ALGORITHM, ALGORITHM_BYTES);
  out.issuer = tbs.at;
  der.enter(field, tbs, Tag.Sequence);
  out.issuerLen = <u32>(tbs.at - out.issuer);
  der.enter(field, tbs, Tag.Sequence);
  out.notBefore = der.time(field, inner);
  out.notAfter = der.time(field, inner);
  if (!field.ok() || field.left()) return Alert.BadCertificate;
  out.subject = tbs.at;
  der.enter(field, tbs, Tag.Sequence);
  out.subjectLen = <u32>(tbs.at - out.subject);
  if (!tbs.ok()) return Alert.BadCertificate;
  out.key = readSpki(tbs);
  if (!tbs.ok()) return Alert.UnsupportedCertificate;
  // issuerUniqueID and subjectUniqueID, which RFC 5280 forbids to make, are refused as bytes left over.
  if (der.peek(tbs) != Tag.Context3) return Alert.None;
  der.enter(field, tbs, Tag.Context3);
  der.enter(inner, field, Tag.Sequence);
  if (field.left() || !tbs.ok()) return Alert.BadCertificate;
  return readExtensions(out);
}


@lazy
const entry = changetype<Reader>(memory.data(offsetof<Reader>(), 8));


@lazy
const oid = changetype<Reader>(memory.data(offsetof<Reader>(), 8));


@lazy
const value = changetype<Reader>(memory.data(offsetof<Reader>(), 8));

/** id-ce (2.5.29), big-endian: the arc of the extensions known here, and the last arcs. */
const ID_CE: u32 = 0x551d;
const KEY_USAGE: u32 = 15;
const ALT_NAME: u32 = 17;
const BASIC_CONSTRAINTS: u32 = 19;
const EXT_KEY_USAGE: u32 = 37;

/** Read the extensions: `inner` holds their list. A critical one that is not known here refuses the certificate (§4.2). */
function readExtensions(out: Certificate): Alert {
  let seen: u64 = 0;
  while (inner.left()) {
    der.enter(entry, inner, Tag.Sequence);
    der.enter(oid, entry, Tag.Oid);
    const critical = der.peek(entry) == Tag.Boolean;
    if (critical) {
      der.enter(value, entry, Tag.Boolean);
      if (value.u8() != 0xff || value.left()) return Alert.BadCertificate;
    }
    der.enter(value, entry, Tag.OctetString);
    if (!inner.ok() || !entry.ok() || entry.left()) return Alert.BadCertificate;
    const id = oid.left() == 3 && oid.u16() == ID_CE ? oid.u8() : 0;
    const known = id == KEY_USAGE || id == ALT_NAME || id == BASIC_CONSTRAINTS || id == EXT_KEY_USAGE;
    if (!known) {
      if (critical) return Alert.UnsupportedCertificate;
      continue;
    }
    if ((seen >> id) & 1) return Alert.BadCertificate;
    seen |= (<u64>1) << id;
    if (!readExtension(out, id)) return Alert.BadCertificate;
  }
  return inner.ok() ? Alert.None : Alert.BadCertificate;
}

/** Read one extension: `value` holds it. */
function readExtension(out: Certificate, id: u32): bool {
  if (id == KEY_USAGE) return readUsage(out);
  der.enter(entry, value, Tag.Sequence);
  if (!value.ok() || value.left()) return false;
  if (id == ALT_NAME) {
    out.names = entry.at;
    out.namesLen = entry.left();
    return true;
  }
  return id == BASIC_CONSTRAINTS ? readConstraints(out) : readPurposes(out);
}

/** Read keyUsage (§4.2.1.3): digitalSignature is its first bit, keyCertSign its sixth. */
function readUsage(out: Certificate): bool {
  der.enter(entry, value, Tag.BitString);
  const unused = entry.u8();
  const bits = entry.u8();
  if (!value.ok() || value.left() || !entry.ok() || unused > 7) return false;
  out.said |= Said.Usage;
  if (bits & 0x80) out.said |= Said.DigitalSignature;
  if (bits & 0x04) out.said |= Said.CertSign;
  return true;
}

/** Read basicConstraints (§4.2.1.9). */
function readConstraints(out: Certificate): bool {
  if (entry.left() == 0) return true;
  der.enter(value, entry, Tag.Boolean);
  if (value.u8() != 0xff || value.left()) return false;
  out.said |= Said.Ca;
  if (entry.left() == 0) return entry.ok();
  der.enter(value, entry, Tag.Integer);
  out.pathLength = value.u8();
  return value.ok() && value.left() == 0 && out.pathLength < 0x80 && entry.ok() && entry.left() == 0;
}

/** id-kp-serverAuth, 1.3.6.1.5.5.7.3.1. */
@lazy
const SERVER_AUTH = memory.data<u8>([0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x01]);

/** Read extKeyUsage (§4.2.1.12). */
function readPurposes(out: Certificate): bool {
  out.said |= Said.Purpose;
  while (entry.left()) {
    der.enter(value, entry, Tag.Oid);
    if (value.left() == 8 && bytes.same(value.at, SERVER_AUTH, 8)) out.said |= Said.ServerAuth;
  }
  return entry.ok();
}

/** GeneralName's dNSName and iPAddress (§4.2.1.6). */
const DNS_NAME: u32 = 0x82;
const IP_ADDRESS: u32 = 0x87;

/** True if the certificate names `host` in its subjectAltName (RFC 9525 §6.2); a common name counts for nothing. */
export function names(certificate: Certificate, host: usize, hostLen: u32): bool {
  const address = name.ipv4(host, hostLen);
  outer.begin(certificate.names, certificate.namesLen);
  while (outer.left()) {
    const tag = der.peek(outer);
    der.enter(inner, outer, tag);
    if (!outer.ok()) return false;
    const len = inner.left();
    if (address >= 0) {
      if (tag == IP_ADDRESS && len == 4 && bytes.load32be(inner.at) == <u32>address) return true;
    } else if (tag == DNS_NAME && name.matches(inner.at, len, host, hostLen)) return true;
  }
  return false;
}

/** True if `child` says it was issued by `parent`. */
export function issued(parent: Certificate, child: Certificate): bool {
  return parent.subjectLen == child.issuerLen && bytes.same(parent.subject, child.issuer, child.issuerLen);
}
