/** One link of a device's chain of reports (README, "Messages": `report`). */
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
import { ACK_HASH_BYTES, Label, HASH_BYTES } from "./facts";

/** Fields of a `report`. Strings are kept by pointer. */
@unmanaged
export class Report {
  counter: u32;
  /** The hash of the report before; 32 zero bytes before the first. */
  prev: usize;
  data: usize;
  dataLen: u32;
  /** Length 0: nothing to report. */
  epitaph: usize;
  epitaphLen: u32;
  /** Counter of the last downlink acted upon, 0: none yet; and 8 bytes of its hash. */
  ack: u32;
  ackHash: usize;
  /** The session that it belongs to. */
  session: usize;
  sessionLen: u32;
  /** Number of damaged records repaired since the last receipt. */
  damaged: u32;
  /** The last fault of the link that no receipt covers: a word of `link/fault.ts`; 0: none. */
  outage: u32;
}

/**
 * Write a `report` without its signature, which `sign1.sign` makes. On TooLong drop the written part.
 * `last`: 1, it is the last word of the key; 0, it is not.
 */
export function write(message: Sign1, out: Writer, own: KeyPair, server: Server, what: Report, last: u32 = 0): Status {
  kind.begin(message, out, Kind.Report, own);
  const more = (what.epitaphLen ? 1 : 0) + (what.ack ? 1 : 0) + (what.damaged ? 1 : 0) + (what.outage ? 1 : 0);
  cbor.map(out, 5 + more + last);
  cbor.int(out, Label.Aud);
  cbor.text(out, server.audience, server.audienceLen);
  cbor.int(out, Label.Counter);
  cbor.uint(out, what.counter);
  cbor.int(out, Label.Prev);
  cbor.bytes(out, what.prev, HASH_BYTES);
  cbor.int(out, Label.Data);
  cbor.bytes(out, what.data, what.dataLen);
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
  cbor.int(out, Label.Session);
  cbor.bytes(out, what.session, what.sessionLen);
  if (what.damaged) {
    cbor.int(out, Label.Damaged);
    cbor.uint(out, what.damaged);
  }
  if (last) {
    cbor.int(out, Label.Last);
    cbor.flag(out, true);
  }
  if (what.outage) {
    cbor.int(out, Label.Outage);
    cbor.uint(out, what.outage);
  }
  return sign1.end(message, out, keypair.signer(own));
}
