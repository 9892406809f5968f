/** The handshake messages between the hellos and Finished: the server's read, this client's written (RFC 8446 §4.3, §4.4). */
import { TLS_RECORD_BYTES } from "../config";
import * as bytes from "../lib/bytes";
import { Reader } from "../lib/reader";
import { Status } from "../lib/status";
import { Writer } from "../lib/writer";
import * as signers from "../signer/signer";
import { Alert } from "./alert";
import * as credential from "./credential";
import * as evidence from "./evidence";
import * as extension from "./extension";
import { body } from "./extension";
import * as hash from "./hash";
import * as hello from "./hello";
import { Key } from "./key";
import * as name from "./name";
import * as ordinary from "./ordinary";
import { Options, authenticates } from "./options";
import { OWN256, WIDE } from "./profile";
import * as record from "./record";
import { CertificateType, Extension, Kind } from "./registry";
import * as schedule from "./schedule";
import * as scheme from "./scheme";
import { Scheme } from "./scheme";
import * as wide from "./wide";

/** Statements of the server beside its hello. */
@unmanaged
export class Agreed {
  /** The certificate types of both sides. */
  clientType: u32;
  serverType: u32;
  /** It asked for a certificate; the scheme of the device's signature: 0 if it takes none of its kind of key. */
  requested: u32;
  takesOurs: u32;
  /** It chose ALPN. */
  protocol: u32;
}

/** Bytes of a handshake message's header. */
export const HEADER_BYTES: u32 = 4;

/** The least record_size_limit (RFC 8449 §4). */
const LEAST_LIMIT: u32 = 64;

/** Which extensions of EncryptedExtensions were seen: bits by number, all below 32. */
let seen: u32 = 0;

/** Read EncryptedExtensions (§4.3.1). */
export function encryptedExtensions(agreed: Agreed, r: Reader, offer: hello.Offer, options: Options): Alert {
  seen = 0;
  if (!extension.begin(r)) return Alert.DecodeError;
  while (r.left()) {
    const type = extension.next(r);
    if (!r.ok()) return Alert.DecodeError;
    if (type < 32) {
      if ((seen >> type) & 1) return Alert.IllegalParameter;
      seen |= 1 << type;
    }
    const verdict = encryptedExtension(agreed, type, offer, options);
    if (verdict != Alert.None) return verdict;
    if (!body.ok()) return Alert.DecodeError;
  }
  const both: u32 = (1 << Extension.MaxFragmentLength) | (1 << Extension.RecordSizeLimit);
  return (seen & both) == both ? Alert.IllegalParameter : WIDE && seen & both ? wide.bound() : Alert.None;
}

/** Read one extension: `body` holds it. One that was offered may be answered; no other may be there. */
function encryptedExtension(agreed: Agreed, type: u32, offer: hello.Offer, options: Options): Alert {
  switch (type) {
    case Extension.ServerName:
      if (!name.isDns(options.host, options.hostLen)) return Alert.UnsupportedExtension;
      break;
    case Extension.MaxFragmentLength:
      if (body.u8() != hello.FRAGMENT_CODE && body.ok()) return Alert.IllegalParameter;
      record.limitTo(TLS_RECORD_BYTES);
      break;
    case Extension.SupportedGroups:
      return Alert.None;
    case Extension.RecordSizeLimit: {
      const limit = body.u16();
      if (limit < LEAST_LIMIT && body.ok()) return Alert.IllegalParameter;
      record.limitTo(limit - 1);
      break;
    }
    case Extension.Alpn: {
      if (!options.alpnLen) return Alert.UnsupportedExtension;
      const listLen = body.u16();
      const len = body.u8();
      const at = body.take(len);
      if (!body.done()) return Alert.DecodeError;
      if (listLen != len + 1 || len != options.alpnLen || !bytes.same(at, options.alpn, len))
        return Alert.IllegalParameter;
      agreed.protocol = 1;
      break;
    }
    case Extension.ClientCertificateType:
      if (!authenticates(options)) return Alert.UnsupportedExtension;
      agreed.clientType = body.u8();
      if (body.ok() && !known(agreed.clientType)) return Alert.IllegalParameter;
      break;
    case Extension.ServerCertificateType:
      if (!options.pinCount) return Alert.UnsupportedExtension;
      agreed.serverType = body.u8();
      if (body.ok() && !known(agreed.serverType)) return Alert.IllegalParameter;
      break;
    default:
      return hello.misplaced(type, offer);
  }
  return body.done() ? Alert.None : Alert.DecodeError;
}

/** True if a certificate type was offered. */
function known(type: u32): bool {
  return type == CertificateType.X509 || type == CertificateType.RawPublicKey;
}

/** Read a CertificateRequest (§4.3.2). Ignore unknown extensions, as the RFC demands. */
export function certificateRequest(agreed: Agreed, r: Reader): Alert {
  const contextLen = r.u8();
  if (r.ok() && contextLen) return Alert.IllegalParameter;
  if (!extension.begin(r)) return Alert.DecodeError;
  agreed.requested = 1;
  let schemes = false;
  while (r.left()) {
    const type = extension.next(r);
    if (!r.ok()) return Alert.DecodeError;
    if (type != Extension.SignatureAlgorithms) continue;
    if (schemes) return Alert.IllegalParameter;
    schemes = true;
    if (body.u16() != body.left() || body.left() == 0 || body.left() & 1) return Alert.DecodeError;
    agreed.takesOurs = scheme.taken(body, OWN256 && ordinary.isPreferred());
  }
  return schemes ? Alert.None : Alert.MissingExtension;
}

/** The context string of the server's signature and a zero (§4.4.3); the side is 9 bytes in. */
@lazy
const CONTEXT = memory.data<u8>(["TLS 1.3, server CertificateVerify", 0]);


@lazy
const CLIENT = memory.data<u8>(["client"]);
const PAD_BYTES: u32 = 64;
const CONTEXT_BYTES: u32 = bytesOf(CONTEXT);
const HEAD_BYTES: u32 = PAD_BYTES + CONTEXT_BYTES;
/** Most room for what is signed: the head and the hash. */
export const SIGNED_BYTES: u32 = HEAD_BYTES + hash.MOST_BYTES;

/** Write what a CertificateVerify signs (§4.4.3), but for the transcript's hash, which follows it. */
function signedHead(out: usize): void {
  memory.fill(out, 0x20, PAD_BYTES);
  bytes.copy(out + PAD_BYTES, CONTEXT, CONTEXT_BYTES);
  schedule.digest(out + HEAD_BYTES);
}

/** Verify the server's CertificateVerify with its proven key (§4.4.3); `room` is SIGNED_BYTES to work in. */
export function certificateVerify(r: Reader, key: Key, room: usize): Alert {
  const chosen = r.u16();
  const len = r.u16();
  const signature = r.take(len);
  if (!r.done()) return Alert.DecodeError;
  if (!scheme.offered(chosen) || !scheme.suits(chosen, key)) return Alert.IllegalParameter;
  signedHead(room);
  const status = scheme.verify(chosen, signature, len, key, room, HEAD_BYTES, room + HEAD_BYTES, schedule.hashBytes());
  evidence.add(evidence.Proof.Signature, <u32>(status ^ Status.Ok));
  return status == Status.Ok ? Alert.None : Alert.DecryptError;
}

/** Write a message's header; the length is filled in by `end`. */
function begin(w: Writer, kind: Kind): void {
  w.u8(kind);
  w.u24(0);
}

/** Fill in the message's length; returns how long it is with its header. */
function end(w: Writer): u32 {
  const len = w.length();
  bytes.store16be(w.start + 2, len - HEADER_BYTES);
  return len;
}

/** True if the device shows its key on P-256. Ask OWN256 first: asc then leaves out what depends on it. */
@inline
export function isOrdinary(agreed: Agreed): bool {
  return agreed.takesOurs == Scheme.EcdsaSecp256r1Sha256;
}

/** Write this client's Certificate (§4.4.2): empty if the server does not take the device's kind of key. */
export function writeCertificate(w: Writer, agreed: Agreed, options: Options): u32 {
  begin(w, Kind.Certificate);
  w.u8(0);
  if (!authenticates(options) || !agreed.takesOurs) {
    w.u24(0);
    return end(w);
  }
  const raw = agreed.clientType == CertificateType.RawPublicKey;
  if (OWN256 && isOrdinary(agreed)) {
    ordinary.writeList(w, raw);
    return end(w);
  }
  const len = raw ? credential.RAW_BYTES : credential.X509_BYTES;
  w.u24(3 + len + 2);
  w.u24(len);
  if (raw) credential.writeRaw(w, signers.publicKey(options.signer));
  else credential.writeX509(w, signers.publicKey(options.signer));
  w.u16(0);
  return end(w);
}

/**
 * Write this client's CertificateVerify over the transcript so far; `room` is SIGNED_BYTES to work in. Ok; Again, and then
 * call again later with an empty writer; or Forged if a fault was noticed. CT: nothing of the key leaks.
 */
export function writeCertificateVerify(w: Writer, agreed: Agreed, options: Options, noise: usize, room: usize): Status {
  begin(w, Kind.CertificateVerify);
  signedHead(room);
  bytes.copy(room + PAD_BYTES + 9, CLIENT, 6);
  const body = room + HEAD_BYTES;
  w.u16(agreed.takesOurs);
  if (OWN256 && isOrdinary(agreed)) {
    const len = ordinary.issue(w.at + 2, room, HEAD_BYTES, body, schedule.hashBytes(), noise);
    w.u16(len);
    w.take(len);
    end(w);
    return len ? Status.Ok : Status.Forged;
  }
  w.u16(scheme.OWN_SIGNATURE_BYTES);
  const signature = w.take(scheme.OWN_SIGNATURE_BYTES);
  end(w);
  return scheme.sign(signature, options.signer, noise, room, HEAD_BYTES, body, schedule.hashBytes());
}

/** Write this client's Finished over the transcript so far. CT: nothing leaks. */
export function writeFinished(w: Writer): u32 {
  begin(w, Kind.Finished);
  schedule.clientFinished(w.take(schedule.hashBytes()));
  return end(w);
}
