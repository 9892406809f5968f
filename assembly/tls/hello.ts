/** ClientHello written, ServerHello and HelloRetryRequest read (RFC 8446 §4.1). */
import { TLS_RECORD_BYTES } from "../config";
import * as bytes from "../lib/bytes";
import { Reader } from "../lib/reader";
import { Status } from "../lib/status";
import { Writer } from "../lib/writer";
import { Alert } from "./alert";
import { CertificateType, Extension, Kind, LEGACY_VERSION, VERSION } from "./registry";
import * as extension from "./extension";
import { body } from "./extension";
import * as group from "./group";
import * as name from "./name";
import { ID_BYTES, Options, authenticates } from "./options";
import * as schedule from "./schedule";
import * as scheme from "./scheme";
import * as suite from "./suite";
import * as ticket from "./ticket";

/** Which PSK a hello offers. */
export const enum Psk {
  None = 0,
  External = 1,
  Ticket = 2,
}

/** Parts of this client's first hello that must be the same in its second, and the cookie that the second returns. */
@unmanaged
export class Offer {
  random: usize;
  session: usize;
  share: usize;
  psk: u32;
  cookie: usize;
  cookieLen: u16;
  /** A HelloRetryRequest has come, and chose the suite at hand. */
  retried: u16;
}

/** Choices of a ServerHello. */
@unmanaged
export class Choice {
  suite: u32;
  share: usize;
  shareLen: u32;
  psk: u32;
  retry: u32;
  cookie: usize;
  cookieLen: u32;
  /** The group that a retry asks for; 0: none. */
  group: u32;
}

if (TLS_RECORD_BYTES != 512 && TLS_RECORD_BYTES != 1024)
  ERROR("TLS_RECORD must be 512 or 1024: max_fragment_length has a code for these");

/** max_fragment_length's code for records of this size (RFC 6066 §4), and record_size_limit, which counts the inner type too. */
export const FRAGMENT_CODE: u32 = TLS_RECORD_BYTES == 512 ? 1 : 2;
const SIZE_LIMIT: u32 = TLS_RECORD_BYTES + 1;

/**
 * The extensions that are the same in each hello: supported_versions, psk_key_exchange_modes with psk_dhe_ke alone, since a PSK
 * never goes without fresh key exchange, and the two limits.
 */
// prettier-ignore
@lazy
const CONSTANT = memory.data<u8>([
  0, <u8>Extension.SupportedVersions, 0, 3, 2, <u8>(VERSION >> 8), <u8>VERSION,
  0, <u8>Extension.PskKeyExchangeModes, 0, 2, 1, 1,
  0, <u8>Extension.MaxFragmentLength, 0, 1, <u8>FRAGMENT_CODE,
  0, <u8>Extension.RecordSizeLimit, 0, 2, <u8>(SIZE_LIMIT >> 8), <u8>SIZE_LIMIT,
]);

/** SHA-256 of "HelloRetryRequest": the random that tells one (§4.1.3). */
// prettier-ignore
@lazy
const RETRY_RANDOM = memory.data<u8>([
  0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91,
  0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c,
]);

/** "DOWNGRD" and its last byte 0 or 1, little-endian: what a server's random must not end with below TLS 1.3 (§4.1.3). */
const DOWNGRADE: u64 = 0x00_44_52_47_4e_57_4f_44;

/** Begin a vector with a 16-bit length, or an extension's body; `end16` ends it. */
function begin16(w: Writer): usize {
  return w.take(2);
}

/** Fill in the length of the vector that began at `at`. */
function end16(w: Writer, at: usize): void {
  if (w.ok()) bytes.store16be(at, <u32>(w.at - at) - 2);
}

/** Begin an extension; `end16` ends it. */
function begin(w: Writer, type: Extension): usize {
  w.u16(type);
  return begin16(w);
}

/**
 * Write a ClientHello (§4.1.2) and absorb it. Returns its length; 0 if it does not fit.
 *
 * CT: nothing of a PSK leaks but its kind and its identity's length.
 */
export function write(w: Writer, offer: Offer, options: Options): u32 {
  const start = w.at;
  w.u8(Kind.ClientHello);
  const len = w.take(3);
  w.u16(LEGACY_VERSION);
  w.bytes(offer.random, ID_BYTES);
  w.u8(ID_BYTES);
  w.bytes(offer.session, ID_BYTES);
  suite.offer(w);
  w.u16(0x0100);
  const all = begin16(w);
  names(w, options);
  abilities(w, options);
  keyShare(w, offer);
  if (offer.psk) preShared(w, offer, options);
  end16(w, all);
  if (!w.ok()) return 0;
  store<u8>(len, 0);
  bytes.store16be(len + 1, <u32>(w.at - len) - 3);
  const total = <u32>(w.at - start);
  if (offer.psk) bind(start, total, offer);
  else schedule.absorb(start, total);
  return total;
}

/** Write server_name (RFC 6066 §3) and ALPN (RFC 7301 §3.1). */
function names(w: Writer, options: Options): void {
  if (name.isDns(options.host, options.hostLen)) {
    const at = begin(w, Extension.ServerName);
    w.u16(options.hostLen + 3);
    w.u8(0);
    w.u16(options.hostLen);
    w.bytes(options.host, options.hostLen);
    end16(w, at);
  }
  if (options.alpnLen) {
    const at = begin(w, Extension.Alpn);
    w.u16(options.alpnLen + 1);
    w.u8(options.alpnLen);
    w.bytes(options.alpn, options.alpnLen);
    end16(w, at);
  }
}

/** Write what this client can do: versions, groups, schemes, sizes, certificate types. */
function abilities(w: Writer, options: Options): void {
  w.bytes(CONSTANT, bytesOf(CONSTANT));
  let at = begin(w, Extension.SupportedGroups);
  group.offer(w);
  end16(w, at);
  at = begin(w, Extension.SignatureAlgorithms);
  scheme.offer(w);
  end16(w, at);
  if (scheme.APART) {
    at = begin(w, Extension.SignatureAlgorithmsCert);
    scheme.offerInCertificates(w);
    end16(w, at);
  }
  // A raw key can be pinned, but no chain leads from it to a root.
  if (options.pinCount) certificateTypes(w, Extension.ServerCertificateType, options.rootCount == 0);
  if (authenticates(options)) certificateTypes(w, Extension.ClientCertificateType, true);
}

/** Write a list of certificate types (RFC 7250 §3), raw public keys first where they are preferred. */
function certificateTypes(w: Writer, type: Extension, rawFirst: bool): void {
  const at = begin(w, type);
  w.u8(2);
  w.u8(rawFirst ? CertificateType.RawPublicKey : CertificateType.X509);
  w.u8(rawFirst ? CertificateType.X509 : CertificateType.RawPublicKey);
  end16(w, at);
}

/** Write key_share and, in a second hello, the cookie. */
function keyShare(w: Writer, offer: Offer): void {
  let at = begin(w, Extension.KeyShare);
  group.offerShare(w, offer.share);
  end16(w, at);
  if (offer.cookieLen == 0) return;
  at = begin(w, Extension.Cookie);
  w.u16(offer.cookieLen);
  w.bytes(offer.cookie, offer.cookieLen);
  end16(w, at);
}

/** Bytes of the binders at a hello's end: both lengths and one binder. */
@inline
function bindersBytes(): u32 {
  return 2 + 1 + schedule.hashBytes();
}

/** Write pre_shared_key, last of all, with its binder still empty (§4.2.11). */
function preShared(w: Writer, offer: Offer, options: Options): void {
  const at = begin(w, Extension.PreSharedKey);
  const external = offer.psk == Psk.External;
  const len = external ? options.identityLen : ticket.identityLen();
  w.u16(2 + len + 4);
  w.u16(len);
  w.bytes(external ? options.identity : ticket.identity(), len);
  w.u32(external ? 0 : ticket.obfuscatedAge(options.nowMs));
  w.u16(1 + schedule.hashBytes());
  w.u8(schedule.hashBytes());
  w.take(schedule.hashBytes());
  end16(w, at);
}

/** Absorb a hello and fill in its binder: HMAC over all that comes before the binders (§4.2.11.2). */
function bind(start: usize, len: u32, offer: Offer): void {
  const before = len - bindersBytes();
  schedule.absorb(start, before);
  schedule.binder(start + before + 3, offer.psk == Psk.External);
  schedule.absorb(start + before, bindersBytes());
}

/** Read a ServerHello or HelloRetryRequest's body into `choice` (§4.1.3, §4.1.4). */
export function read(choice: Choice, r: Reader, offer: Offer): Alert {
  memory.fill(changetype<usize>(choice), 0, offsetof<Choice>());
  const version = r.u16();
  const random = r.take(ID_BYTES);
  const sessionLen = r.u8();
  const session = r.take(sessionLen);
  choice.suite = r.u16();
  const compression = r.u8();
  if (!r.ok()) return Alert.DecodeError;
  choice.retry = bytes.same(random, RETRY_RANDOM, ID_BYTES) ? 1 : 0;
  const found = readExtensions(choice, r, offer);
  if (found == NO_VERSION) return older(random);
  if (found != Alert.None) return found;
  if (version != LEGACY_VERSION || compression != 0) return Alert.IllegalParameter;
  if (sessionLen != ID_BYTES || !bytes.same(session, offer.session, ID_BYTES)) return Alert.IllegalParameter;
  if (!suite.offered(choice.suite)) return Alert.IllegalParameter;
  if (suite.SEVERAL && !fits(choice, offer)) return Alert.IllegalParameter;
  if (!choice.retry) {
    if (choice.share) return Alert.None;
    // A PSK without the key exchange that was asked for is a contradiction (§4.2.11); a hello with neither lacks something (§9.2).
    return choice.psk ? Alert.IllegalParameter : Alert.MissingExtension;
  }
  // A retry must change the hello (§4.1.4).
  return choice.cookieLen || (group.SEVERAL && choice.group) ? Alert.None : Alert.IllegalParameter;
}

/** True if the suite is the one of the retry before it (§4.1.4), and its hash that of the pre-shared key (§4.2.11). */
function fits(choice: Choice, offer: Offer): bool {
  if (offer.retried && choice.suite != suite.chosen()) return false;
  return !choice.psk || suite.hashOf(choice.suite) == suite.hashOf(suite.chosen());
}

/** Not an alert: the hello is one of an older version. */
const NO_VERSION: u32 = 257;

/** Return the alert for a server of an older version: a downgrade if the end of the random says so (§4.1.3). */
function older(random: usize): Alert {
  const end = load<u64>(random + ID_BYTES - 8);
  return end << 8 == DOWNGRADE << 8 && end >> 56 <= 1 ? Alert.IllegalParameter : Alert.ProtocolVersion;
}

/** Read the extensions of a ServerHello or HelloRetryRequest. */
function readExtensions(choice: Choice, r: Reader, offer: Offer): u32 {
  let version: u32 = 0;
  let verdict: u32 = Alert.None;
  // Below TLS 1.3 there may be none at all.
  if (r.left() == 0) return NO_VERSION;
  if (!extension.begin(r)) return Alert.DecodeError;
  while (r.left()) {
    const type = extension.next(r);
    if (!r.ok()) return Alert.DecodeError;
    if (type == Extension.SupportedVersions) {
      if (version) return Alert.IllegalParameter;
      version = body.u16();
      if (!body.done()) return Alert.DecodeError;
    } else if (verdict == Alert.None) verdict = readExtension(choice, type, offer);
  }
  if (version == 0) return NO_VERSION;
  return version == VERSION ? verdict : Alert.IllegalParameter;
}

/** Read one extension but supported_versions: `body` holds it. */
function readExtension(choice: Choice, type: u32, offer: Offer): Alert {
  if (type == Extension.KeyShare) {
    if (group.SEVERAL && choice.retry) return readGroup(choice);
    // With one group a retry can ask for no other (§4.1.4).
    if (choice.retry || choice.share) return Alert.IllegalParameter;
    if (body.u16() != group.chosen() && body.ok()) return Alert.IllegalParameter;
    choice.shareLen = body.u16();
    choice.share = body.take(choice.shareLen);
    return body.done() ? Alert.None : Alert.DecodeError;
  }
  if (type == Extension.PreSharedKey && !choice.retry) {
    if (!offer.psk) return Alert.UnsupportedExtension;
    if (choice.psk) return Alert.IllegalParameter;
    choice.psk = 1;
    const selected = body.u16();
    if (!body.done()) return Alert.DecodeError;
    return selected == 0 ? Alert.None : Alert.IllegalParameter;
  }
  if (type == Extension.Cookie && choice.retry) {
    if (choice.cookieLen) return Alert.IllegalParameter;
    choice.cookieLen = body.u16();
    choice.cookie = body.take(choice.cookieLen);
    return body.done() && choice.cookieLen ? Alert.None : Alert.DecodeError;
  }
  return misplaced(type, offer);
}

/** Read the group that a retry asks for: one that was offered without a share (§4.1.4). */
function readGroup(choice: Choice): Alert {
  const row = body.u16();
  if (!body.done()) return Alert.DecodeError;
  if (choice.group || !group.spare(row)) return Alert.IllegalParameter;
  choice.group = row;
  return Alert.None;
}

/** Return the alert for an extension in a wrong place: it depends on whether it was offered at all (§4.2). */
export function misplaced(type: u32, offer: Offer): Alert {
  switch (type) {
    case Extension.ServerName:
    case Extension.MaxFragmentLength:
    case Extension.SupportedGroups:
    case Extension.SignatureAlgorithms:
    case Extension.Alpn:
    case Extension.ClientCertificateType:
    case Extension.ServerCertificateType:
    case Extension.RecordSizeLimit:
    case Extension.SupportedVersions:
    case Extension.PskKeyExchangeModes:
    case Extension.KeyShare:
      return Alert.IllegalParameter;
    case Extension.SignatureAlgorithmsCert:
      return scheme.APART ? Alert.IllegalParameter : Alert.UnsupportedExtension;
    case Extension.PreSharedKey:
      return offer.psk ? Alert.IllegalParameter : Alert.UnsupportedExtension;
    case Extension.Cookie:
      return offer.cookieLen ? Alert.IllegalParameter : Alert.UnsupportedExtension;
    default:
      return Alert.UnsupportedExtension;
  }
}

/** Derive the shared secret from what the server chose. CT: the verdict leaks. */
export function agree(shared: usize, scalar: usize, choice: Choice): Alert {
  return group.derive(shared, scalar, choice.share, choice.shareLen) == Status.Ok ? Alert.None : Alert.IllegalParameter;
}
