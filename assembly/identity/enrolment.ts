/** What a device says of itself when it signs up, at each start (README, "Messages": `enrol`). */
import { Status } from "../lib/status";
import { Writer } from "../lib/writer";
import * as cbor from "../cose/cbor";
import * as key from "../cose/key";
import * as sign1 from "../cose/sign1";
import { Sign1 } from "../cose/sign1";
import * as kind from "./kind";
import { Kind } from "./kind";
import * as keypair from "./keypair";
import { KeyPair } from "./keypair";
import { Server } from "./server";
import { Claim, CTI_BYTES, Cnf } from "./claim";

/** What goes into an `enrol`. Strings are kept by pointer; a length of 0 leaves out what may be left out. */
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
  epitaph: usize;
  epitaphLen: u32;
  /** The whole `handover` of the key that this one takes over from. */
  handover: usize;
  handoverLen: u32;
}

const message = changetype<Sign1>(memory.data(offsetof<Sign1>(), 4));

/** Write a signed `enrol`; `noise` is 32 fresh random bytes. On TooLong what was written is to be dropped. */
export function write(out: Writer, own: KeyPair, server: Server, what: Enrolment, noise: usize): Status {
  kind.begin(message, out, Kind.Enrol, keypair.id(own));
  cbor.map(out, 8 + (what.oneTimeLen ? 1 : 0) + (what.epitaphLen ? 1 : 0) + (what.handoverLen ? 1 : 0));
  cbor.int(out, Claim.Aud);
  cbor.text(out, server.audience, server.audienceLen);
  cbor.int(out, Claim.Cti);
  cbor.bytes(out, what.cti, CTI_BYTES);
  cbor.int(out, Claim.Cnf);
  cbor.map(out, 1);
  cbor.int(out, Cnf.Key);
  key.write(out, keypair.publicKey(own));
  cbor.int(out, Claim.Nonce);
  cbor.bytes(out, what.nonce, what.nonceLen);
  cbor.int(out, Claim.Hwmodel);
  cbor.bytes(out, what.board, what.boardLen);
  cbor.int(out, Claim.Bootcount);
  cbor.uint(out, what.bootcount);
  cbor.int(out, Claim.Swname);
  cbor.text(out, what.name, what.nameLen);
  cbor.int(out, Claim.Swversion);
  cbor.array(out, 1);
  cbor.text(out, what.version, what.versionLen);
  if (what.oneTimeLen) {
    cbor.int(out, Claim.OneTime);
    cbor.bytes(out, what.oneTime, what.oneTimeLen);
  }
  if (what.epitaphLen) {
    cbor.int(out, Claim.Epitaph);
    cbor.bytes(out, what.epitaph, what.epitaphLen);
  }
  if (what.handoverLen) {
    cbor.int(out, Claim.Handover);
    cbor.bytes(out, what.handover, what.handoverLen);
  }
  return sign1.sign(message, out, keypair.seed(own), keypair.publicKey(own), noise);
}
