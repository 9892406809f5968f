/**
 * Messages of the server: `enrolled`, `receipt`, `refusal` and `downlink` (README, "Messages"), and the unsigned refusal. The
 * server's signature is verified before anything else is read, and everything in `out` is set together, or nothing.
 */
import { Status } from "../lib/status";
import { Reader } from "../lib/reader";
import * as bytes from "../lib/bytes";
import * as verdict from "../lib/verdict";
import * as words from "../lib/words";
import * as cbor from "../cose/cbor";
import { Major, Slice } from "../cose/cbor";
import * as sign1 from "../cose/sign1";
import { Sign1 } from "../cose/sign1";
import * as kind from "./kind";
import { ID_BYTES, Kind } from "./kind";
import * as server from "./server";
import { Server } from "./server";
import {
  AUDIENCE_MOST,
  Label,
  Cnf,
  DATA_MOST,
  HASH_BYTES,
  Order,
  Reason,
  SESSION_ABOUT_BYTES,
  SESSION_LEAST,
  SESSION_MOST,
} from "./facts";

/** A verified answer. A field that its kind does not have is 0. */
@unmanaged
export class Answer {
  /** None if the last one read was refused: ask for it before anything is done in an answer's name. */
  kind: Kind;
  /** The server's time, seconds since 1970. */
  issuedAt: u32;
  expiresAt: u32;
  /** The hash of the message answered: 32 bytes inside the answer. */
  about: usize;
  /** The receipt's or downlink's own counter; in an `enrolled`, the head's. */
  counter: u32;
  /** The hash of the chain's head, in an `enrolled`. */
  headHash: usize;
  reason: u32;
  /** In an `enrolled`, the highest counter of a downlink that the device is past. */
  ack: u32;
  /** The downlink's data; in an `enrolled`, the session. */
  data: usize;
  dataLen: u32;
  order: u32;
  /** The server's key that signed it. */
  signer: usize;
}

const message = changetype<Sign1>(memory.data(offsetof<Sign1>(), 4));
const claims = changetype<Reader>(memory.data(offsetof<Reader>(), 4));
const slice = changetype<Slice>(memory.data(offsetof<Slice>(), 4));

/**
 * Read the next answer of a sequence: signed by `by`, and about the device with the id at `own`. Malformed: not such a
 * message, or claims out of form; Forged: the signature does not verify; Unexpected: not from this server, or about
 * another device. On failure the reader has failed and `out` is of no kind, with every field 0.
 *
 * What is checked here is checked twice, so that one skipped instruction does not accept an answer: by a branch, and by the
 * word that is returned, which is made of what the signature's verification left, of the claims, and of the kind that only
 * `readClaims` sets.
 */
export function read(out: Answer, from: Reader, by: Server, own: usize): Status {
  memory.fill(changetype<usize>(out), 0, offsetof<Answer>());
  out.kind = Kind.None;
  sign1.read(message, from);
  if (from.failed) return Status.Malformed;
  const what = kind.tell(message);
  let status = Status.Malformed;
  let key: usize = 0;
  if (what != Kind.None) {
    key = server.find(by, kind.kid(message));
    status = key == 0 ? Status.Forged : sign1.verify(message, server.ALGORITHM, key, server.KEY_BYTES);
  }
  if (status == Status.Ok) status = readClaims(out, what, by, own);
  if (status == Status.Ok) out.signer = key;
  else from.fail();
  return verdict.bar(status, (<u32>out.kind) ^ (<u32>what));
}

/** Return the kind that the next answer of a sequence claims, before its signature is checked; None for a foreign one. The reader is used up. */
export function claimed(from: Reader): Kind {
  sign1.read(message, from);
  return from.failed ? Kind.None : kind.tell(message);
}

/** Read the claims of a message whose signature verified. */
function readClaims(out: Answer, what: Kind, by: Server, own: usize): Status {
  claims.begin(message.payload, message.payloadLen);
  let expiresAt: u32 = 0;
  let about: usize = 0;
  let counter: u32 = 0;
  let headHash: usize = 0;
  let reason: u32 = 0;
  let ack: u32 = 0;
  let data: usize = 0;
  let dataLen: u32 = 0;
  let order: u32 = Order.None;

  const count = cbor.argument(claims, Major.Map);
  const ordered = what == Kind.Downlink && count == 7;
  if (count != countOf(what, ordered)) return Status.Malformed;
  cbor.readKey(claims, Label.Iss);
  cbor.readString(slice, claims, Major.Text, 1, AUDIENCE_MOST);
  const iss = slice.at;
  const issLen = slice.len;
  if (what == Kind.Downlink) {
    cbor.readKey(claims, Label.Exp);
    expiresAt = cbor.readUint(claims);
  }
  cbor.readKey(claims, Label.Iat);
  const issuedAt = cbor.readUint(claims);
  cbor.readKey(claims, Label.Cnf);
  cbor.readCount(claims, Major.Map, 1);
  cbor.readKey(claims, Cnf.Kid);
  const id = cbor.readFixed(claims, ID_BYTES);

  switch (what) {
    case Kind.Enrolled:
      about = readAbout();
      cbor.readKey(claims, Label.Head);
      cbor.readCount(claims, Major.Array, 2);
      counter = cbor.readUint(claims);
      headHash = cbor.readFixed(claims, HASH_BYTES);
      cbor.readKey(claims, Label.Ack);
      ack = cbor.readUint(claims);
      cbor.readKey(claims, Label.Session);
      cbor.readString(slice, claims, Major.Bytes, SESSION_LEAST, SESSION_MOST);
      data = slice.at;
      dataLen = slice.len;
      break;
    case Kind.Receipt:
      counter = readCounter();
      about = readAbout();
      break;
    case Kind.Refusal:
      about = readAbout();
      cbor.readKey(claims, Label.Reason);
      reason = cbor.readUint(claims);
      break;
    case Kind.Downlink:
      counter = readCounter();
      cbor.readKey(claims, Label.Data);
      cbor.readString(slice, claims, Major.Bytes, 0, DATA_MOST);
      data = slice.at;
      dataLen = slice.len;
      if (ordered) {
        cbor.readKey(claims, Label.Order);
        order = cbor.readUint(claims);
      }
      break;
    default:
      return Status.Malformed;
  }
  if (!claims.done()) return Status.Malformed;
  if (issLen != by.audienceLen || !bytes.same(iss, by.audience, issLen)) return Status.Unexpected;
  if (!bytes.same(id, own, ID_BYTES)) return Status.Unexpected;
  // A session belongs to one `enrol` alone, or a stolen server key could lead a device back into one that it reported in.
  const tail = data + dataLen - SESSION_ABOUT_BYTES;
  if (what == Kind.Enrolled && !bytes.same(tail, about, SESSION_ABOUT_BYTES)) return Status.Unexpected;

  out.kind = what;
  out.issuedAt = issuedAt;
  out.expiresAt = expiresAt;
  out.about = about;
  out.counter = counter;
  out.headHash = headHash;
  out.reason = reason;
  out.ack = ack;
  out.data = data;
  out.dataLen = dataLen;
  out.order = order;
  const off = (issLen ^ by.audienceLen) + words.distance(iss, by.audience, issLen) + words.distance(id, own, ID_BYTES);
  return verdict.fold(message.verdict + off, off);
}

/** Return the number of claims of a message of this kind. */
function countOf(what: Kind, ordered: boolean): u32 {
  if (what == Kind.Downlink) return ordered ? 7 : 6;
  return what == Kind.Enrolled ? 7 : 5;
}

function readCounter(): u32 {
  cbor.readKey(claims, Label.Counter);
  return cbor.readUint(claims);
}

function readAbout(): usize {
  cbor.readKey(claims, Label.About);
  return cbor.readFixed(claims, HASH_BYTES);
}

/** Read an unsigned refusal, `{reason: number}` and nothing after it; 0 if it is not one. Nothing may rest on it. */
export function readUnsigned(from: Reader): u32 {
  cbor.readCount(from, Major.Map, 1);
  cbor.readKey(from, Label.Reason);
  const reason = cbor.readUint(from);
  return from.done() ? reason : 0;
}

/** Read a challenge, a nonce in a byte string and nothing after it, to `out`; empty if it is not one. */
export function readChallenge(out: Slice, from: Reader, least: u32, most: u32): void {
  cbor.readString(out, from, Major.Bytes, least, most);
  if (!from.done()) out.len = 0;
}
