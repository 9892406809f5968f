/** The message with which a device enrols, at each start (README, "Messages": `enrol`). */
import { Status } from "../lib/status";
import { Writer } from "../lib/writer";
import * as cbor from "../cose/cbor";
import * as sign1 from "../cose/sign1";
import { Sign1 } from "../cose/sign1";
import * as kind from "./kind";
import { Kind } from "./kind";
import * as keypair from "./keypair";
import { KeyPair } from "./keypair";
import { Server } from "./server";
import { ACK_HASH_BYTES, Label, CTI_BYTES, Cnf, HASH_BYTES } from "./facts";

/** Fields of an `enrol`. Strings are kept by pointer; a length of 0 omits an optional field. */
@unmanaged
export class Enrolment {
  /** 16 fresh random bytes. */
  cti: usize;
  nonce: usize;
  nonceLen: u32;
  board: usize;
  boardLen: u32;
  bootcount: u32;
  name: usize;
  nameLen: u32;
  version: usize;
  versionLen: u32;
  oneTime: usize;
  oneTimeLen: u32;
  /** Counter and hash of the last report with a receipt in `session`; the counter 0: there is none. */
  counter: u32;
  head: usize;
  epitaph: usize;
  epitaphLen: u32;
  /** Counter of the last downlink acted upon, 0: none yet; and 8 bytes of its hash. */
  ack: u32;
  ackHash: usize;
  /** The whole `handover` of the key that this one takes over from. */
  handover: usize;
  handoverLen: u32;
  /** The session that was reported in last. */
  session: usize;
  sessionLen: u32;
}

/** Write an `enrol` without its signature, which `sign1.sign` makes. On TooLong drop the written part. */
export function write(message: Sign1, out: Writer, own: KeyPair, server: Server, what: Enrolment): Status {
  kind.begin(message, out, Kind.Enrol, own);
  let more: u32 = what.oneTimeLen ? 1 : 0;
  if (what.counter) more++;
  if (what.epitaphLen) more++;
  if (what.ack) more++;
  if (what.handoverLen) more++;
  if (what.sessionLen) more++;
  cbor.map(out, 8 + more);
  cbor.int(out, Label.Aud);
  cbor.text(out, server.audience, server.audienceLen);
  cbor.int(out, Label.Cti);
  cbor.bytes(out, what.cti, CTI_BYTES);
  cbor.int(out, Label.Cnf);
  cbor.map(out, 1);
  cbor.int(out, Cnf.Key);
  keypair.writeKey(out, own);
  cbor.int(out, Label.Nonce);
  cbor.bytes(out, what.nonce, what.nonceLen);
  cbor.int(out, Label.Hwmodel);
  cbor.bytes(out, what.board, what.boardLen);
  cbor.int(out, Label.Bootcount);
  cbor.uint(out, what.bootcount);
  cbor.int(out, Label.Swname);
  cbor.text(out, what.name, what.nameLen);
  cbor.int(out, Label.Swversion);
  cbor.array(out, 1);
  cbor.text(out, what.version, what.versionLen);
  if (what.oneTimeLen) {
    cbor.int(out, Label.Claim);
    cbor.bytes(out, what.oneTime, what.oneTimeLen);
  }
  if (what.counter) {
    cbor.int(out, Label.Head);
    cbor.array(out, 2);
    cbor.uint(out, what.counter);
    cbor.bytes(out, what.head, HASH_BYTES);
  }
  if (what.epitaphLen) {
    cbor.int(out, Label.Epitaph);
    cbor.bytes(out, what.epitaph, what.epitaphLen);
  }
  if (what.ack) {
    cbor.int(out, Label.Ack);
    cbor.array(out, 2);
    cbor.uint(out, what.ack);
    cbor.bytes(out, what.ackHash, ACK_HASH_BYTES);
  }
  if (what.handoverLen) {
    cbor.int(out, Label.Handover);
    cbor.bytes(out, what.handover, what.handoverLen);
  }
  if (what.sessionLen) {
    cbor.int(out, Label.Session);
    cbor.bytes(out, what.session, what.sessionLen);
  }
  return sign1.end(message, out, keypair.signer(own));
}
