/** One X.509 certificate (RFC 5280): what a chain of certificates needs of it, and nothing that is not checked. */
import * as bytes from "../lib/bytes";
import { Reader } from "../lib/reader";
import { Alert } from "./alert";
import * as der from "./der";
import * as name from "./name";
import { Tag } from "./der";
import * as key from "./key";
import { Key } from "./key";
import * as scheme from "./scheme";

/** Fields of a certificate, its key first. Pointers lead into it. */
@unmanaged
export class Certificate extends Key {
  /** The part that is signed; the signature, and its `Scheme`. */
  tbs: usize;
  signature: usize;
  issuer: usize;
  subject: usize;
  notBefore: u32;
  notAfter: u32;
  /** Flags of `Said`. */
  said: u32;
  tbsLen: u16;
  signatureLen: u16;
  issuerLen: u16;
  subjectLen: u16;
  scheme: u16;
  /** Maximum number of intermediates below a CA; UNBOUNDED if it states none. */
  pathLength: u16;
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

export const UNBOUNDED: u16 = 0xffff;

/** The readers, one a depth. */
@lazy
const outer = changetype<Reader>(memory.data(offsetof<Reader>(), 4));


@lazy
const tbs = changetype<Reader>(memory.data(offsetof<Reader>(), 4));


@lazy
const field = changetype<Reader>(memory.data(offsetof<Reader>(), 4));


@lazy
const inner = changetype<Reader>(memory.data(offsetof<Reader>(), 4));

/** The certificate that `read` read last. */
@lazy
export const certificate = changetype<Certificate>(memory.data(offsetof<Certificate>(), 4));

/** Read a SubjectPublicKeyInfo that is all there is: a raw public key (RFC 7250). */
export function rawKey(out: Key, from: usize, len: u32): Alert {
  outer.begin(from, len);
  const known = key.read(out, outer);
  if (!outer.done()) return Alert.BadCertificate;
  return known ? Alert.None : Alert.UnsupportedCertificate;
}

/**
 * Find the key of a certificate and nothing else. For a leaf whose key is pinned: the other fields are claims of the server
 * itself, so they are skipped, with any signature.
 */
export function leafKey(out: Key, from: usize, len: u32): Alert {
  outer.begin(from, len);
  der.enter(field, outer, Tag.Sequence);
  if (!outer.done()) return Alert.BadCertificate;
  der.enter(tbs, field, Tag.Sequence);
  if (der.peek(tbs) == Tag.Context0) der.skip(tbs);
  for (let i = 0; i < 5; i++) der.skip(tbs);
  const known = key.read(out, tbs);
  if (!field.ok() || !tbs.ok()) return Alert.BadCertificate;
  return known ? Alert.None : Alert.UnsupportedCertificate;
}

/** Contents of the leaf's subjectAltName. */
let names: usize = 0;
let namesLen: u32 = 0;

/** Move the contents of the leaf's subjectAltName; returns the first byte behind them. */
export function moveNames(to: usize): usize {
  memory.copy(to, names, namesLen);
  names = to;
  return to + namesLen;
}

/** Tell that the leaf moves by so many bytes. */
export function rebaseNames(by: usize): void {
  names += by;
}

/** Read a whole certificate: the leaf, then in any order those above it. Only version 3, signed by a known scheme, for a key of a known algorithm. */
export function read(from: usize, len: u32, isLeaf: bool): Alert {
  memory.fill(changetype<usize>(certificate), 0, offsetof<Certificate>());
  certificate.pathLength = UNBOUNDED;
  if (isLeaf) namesLen = 0;
  outer.begin(from, len);
  der.enter(field, outer, Tag.Sequence);
  if (!outer.done()) return Alert.BadCertificate;
  certificate.tbs = field.at;
  der.enter(tbs, field, Tag.Sequence);
  certificate.tbsLen = <u16>(field.at - certificate.tbs);
  certificate.scheme = <u16>scheme.named(field);
  if (!field.ok() || !tbs.ok()) return Alert.BadCertificate;
  if (certificate.scheme == 0) return Alert.UnsupportedCertificate;
  der.enter(inner, field, Tag.BitString);
  if (inner.u8() != 0) inner.fail();
  certificate.signature = inner.at;
  certificate.signatureLen = <u16>inner.left();
  if (!inner.ok() || !field.done()) return Alert.BadCertificate;
  const said = readTbs(isLeaf);
  if (said != Alert.None) return said;
  return tbs.done() ? Alert.None : Alert.BadCertificate;
}

/** Read the signed part: `tbs` holds it. */
function readTbs(isLeaf: bool): Alert {
  der.enter(field, tbs, Tag.Context0);
  der.enter(inner, field, Tag.Integer);
  if (inner.u8() != 2 || inner.left() || field.left()) return Alert.UnsupportedCertificate;
  der.enter(field, tbs, Tag.Integer);
  if (scheme.named(tbs) != certificate.scheme) return Alert.BadCertificate;
  certificate.issuer = tbs.at;
  der.enter(field, tbs, Tag.Sequence);
  certificate.issuerLen = <u16>(tbs.at - certificate.issuer);
  der.enter(field, tbs, Tag.Sequence);
  certificate.notBefore = der.time(field, inner);
  certificate.notAfter = der.time(field, inner);
  if (!field.done()) return Alert.BadCertificate;
  certificate.subject = tbs.at;
  der.enter(field, tbs, Tag.Sequence);
  certificate.subjectLen = <u16>(tbs.at - certificate.subject);
  if (!tbs.ok()) return Alert.BadCertificate;
  if (!key.read(certificate, tbs)) return tbs.ok() ? Alert.UnsupportedCertificate : Alert.BadCertificate;
  // issuerUniqueID and subjectUniqueID, which RFC 5280 forbids to make, are refused as bytes left over.
  if (der.peek(tbs) != Tag.Context3) return Alert.None;
  der.enter(field, tbs, Tag.Context3);
  der.enter(inner, field, Tag.Sequence);
  if (field.left() || !tbs.ok()) return Alert.BadCertificate;
  return readExtensions(isLeaf);
}


@lazy
const entry = changetype<Reader>(memory.data(offsetof<Reader>(), 4));


@lazy
const oid = changetype<Reader>(memory.data(offsetof<Reader>(), 4));


@lazy
const value = changetype<Reader>(memory.data(offsetof<Reader>(), 4));

/** id-ce (2.5.29), big-endian: the arc of the extensions known here, and the last arcs. */
const ID_CE: u32 = 0x551d;
const KEY_USAGE: u32 = 15;
const ALT_NAME: u32 = 17;
const BASIC_CONSTRAINTS: u32 = 19;
const NAME_CONSTRAINTS: u32 = 30;
const EXT_KEY_USAGE: u32 = 37;

/** Read the extensions: `inner` holds their list. A critical one that is not known here refuses the certificate (§4.2). */
function readExtensions(isLeaf: bool): Alert {
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
    if (!inner.ok() || !entry.done()) return Alert.BadCertificate;
    const id = oid.left() == 3 && oid.u16() == ID_CE ? oid.u8() : 0;
    const known =
      id == KEY_USAGE || id == ALT_NAME || id == BASIC_CONSTRAINTS || id == NAME_CONSTRAINTS || id == EXT_KEY_USAGE;
    if (!known) {
      if (critical) return Alert.UnsupportedCertificate;
      continue;
    }
    if ((seen >> id) & 1) return Alert.BadCertificate;
    seen |= (<u64>1) << id;
    if (!readExtension(id, isLeaf)) return Alert.BadCertificate;
  }
  return inner.ok() ? Alert.None : Alert.BadCertificate;
}

/** Read one extension: `value` holds it. */
function readExtension(id: u32, isLeaf: bool): bool {
  if (id == KEY_USAGE) return readUsage();
  der.enter(entry, value, Tag.Sequence);
  if (!value.done()) return false;
  if (id == ALT_NAME) {
    if (isLeaf) {
      names = entry.at;
      namesLen = entry.left();
    }
    return true;
  }
  if (id == NAME_CONSTRAINTS) return readNameConstraints();
  return id == BASIC_CONSTRAINTS ? readConstraints() : readPurposes();
}

/** Read keyUsage (§4.2.1.3): digitalSignature is its first bit, keyCertSign its sixth. */
function readUsage(): bool {
  der.enter(entry, value, Tag.BitString);
  const unused = entry.u8();
  const bits = entry.u8();
  if (!value.done() || !entry.ok() || unused > 7) return false;
  certificate.said |= Said.Usage;
  if (bits & 0x80) certificate.said |= Said.DigitalSignature;
  if (bits & 0x04) certificate.said |= Said.CertSign;
  return true;
}

/** Read basicConstraints (§4.2.1.9). */
function readConstraints(): bool {
  if (entry.left() == 0) return true;
  der.enter(value, entry, Tag.Boolean);
  if (value.u8() != 0xff || value.left()) return false;
  certificate.said |= Said.Ca;
  if (entry.left() == 0) return entry.ok();
  der.enter(value, entry, Tag.Integer);
  certificate.pathLength = <u16>value.u8();
  return value.done() && certificate.pathLength < 0x80 && entry.done();
}

/** id-kp-serverAuth, 1.3.6.1.5.5.7.3.1. */
@lazy
const SERVER_AUTH = memory.data<u8>([0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x01]);

/** Read extKeyUsage (§4.2.1.12). */
function readPurposes(): bool {
  certificate.said |= Said.Purpose;
  while (entry.left()) {
    der.enter(value, entry, Tag.Oid);
    if (value.left() == 8 && bytes.same(value.at, SERVER_AUTH, 8)) certificate.said |= Said.ServerAuth;
  }
  return entry.ok();
}

/** GeneralName's dNSName and iPAddress (§4.2.1.6). */
const DNS_NAME: u32 = 0x82;
const IP_ADDRESS: u32 = 0x87;

/** Read nameConstraints (§4.2.1.10): the leaf's names must be allowed. Subtrees of another kind than dNSName are refused. */
function readNameConstraints(): bool {
  const from = entry.at;
  const len = entry.left();
  outer.begin(names, namesLen);
  do {
    const tag = der.peek(outer);
    der.enter(field, outer, tag);
    const allowed = permits(from, len, field.at, field.left());
    if (!value.done() || len == 0 || (tag == DNS_NAME && !allowed)) return false;
  } while (outer.left());
  return true;
}

/** True if the subtrees of nameConstraints allow a name. `value` has failed, or something left, if they are not well formed. */
function permits(from: usize, len: u32, dns: usize, dnsLen: u32): bool {
  value.begin(from, len);
  const allowed = der.peek(value) != Tag.Context0 || covers(Tag.Context0, dns, dnsLen);
  return !(der.peek(value) == Tag.Context1 && covers(Tag.Context1, dns, dnsLen)) && allowed;
}

/** True if one of the next list of subtrees covers a name, or a name that a wildcard stands for. */
function covers(tag: Tag, dns: usize, dnsLen: u32): bool {
  let found = false;
  der.enter(oid, value, tag);
  while (oid.left()) {
    der.enter(entry, oid, Tag.Sequence);
    const end = entry.at + entry.left();
    der.enter(entry, entry, DNS_NAME);
    // A minimum or a maximum behind the name is not allowed.
    if (!entry.ok() || entry.at + entry.left() != end) value.fail();
    if (name.isWithin(dns, dnsLen, entry.at, entry.left())) found = true;
    if (tag == Tag.Context1 && name.mayReach(dns, dnsLen, entry.at, entry.left())) found = true;
  }
  if (!oid.ok()) value.fail();
  return found;
}

/** True if the leaf names `host` in its subjectAltName (RFC 9525 §6.2); a common name counts for nothing. */
export function isFor(host: usize, hostLen: u32): bool {
  const address = name.ipv4(host, hostLen);
  outer.begin(names, namesLen);
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
