/** The last message of a key: it names its successor (README, "Messages": `handover`). */
import { Status } from "../lib/status";
import { Writer } from "../lib/writer";
import * as cbor from "../cose/cbor";
import * as sign1 from "../cose/sign1";
import { Sign1 } from "../cose/sign1";
import * as kind from "./kind";
import { ID_BYTES, Kind } from "./kind";
import * as keypair from "./keypair";
import { KeyPair } from "./keypair";
import { Server } from "./server";
import { Label, Cnf, HASH_BYTES, TOKEN_BYTES } from "./facts";

/** Fields of a `handover`. */
@unmanaged
export class Handover {
  /** The id of the key that takes over. */
  successor: usize;
  /** Token of the order. */
  token: usize;
  /** End of the chain of reports: counter and hash of the last one that the server accepted. */
  counter: u32;
  head: usize;
  /** Counter of the downlink that ordered it. */
  order: u32;
}

/**
 * Write a `handover` of the old key without its signature, which `sign1.sign` makes. On TooLong drop the written part.
 */
export function write(message: Sign1, out: Writer, own: KeyPair, server: Server, what: Handover): Status {
  kind.begin(message, out, Kind.Handover, own);
  cbor.map(out, 5);
  cbor.int(out, Label.Aud);
  cbor.text(out, server.audience, server.audienceLen);
  cbor.int(out, Label.Cnf);
  cbor.map(out, 1);
  cbor.int(out, Cnf.Kid);
  cbor.bytes(out, what.successor, ID_BYTES);
  cbor.int(out, Label.Data);
  cbor.bytes(out, what.token, TOKEN_BYTES);
  cbor.int(out, Label.Head);
  cbor.array(out, 2);
  cbor.uint(out, what.counter);
  cbor.bytes(out, what.head, HASH_BYTES);
  cbor.int(out, Label.Ack);
  cbor.uint(out, what.order);
  return sign1.end(message, out, keypair.signer(own));
}
