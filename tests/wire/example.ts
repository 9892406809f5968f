/** The inputs of the worked example in the protocol's README, and the messages they make. */
import * as ed25519 from "../../tools/wire/ed25519.ts";
import { hash, id } from "../../tools/wire/key.ts";
import * as messages from "../../tools/wire/messages.ts";

/** `length` bytes that count up from `from`. */
function counting(from: number, length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => from + i);
}

export const deviceKey = ed25519.fromSeed(counting(0x00, 32));
export const serverKey = ed25519.fromSeed(counting(0x20, 32));

const audience = "signet.example";
const device = id(deviceKey.publicKey);
const text = (value: string): Uint8Array => new TextEncoder().encode(value);
const token = counting(0x90, 16);
const ackOf = (counter: number, message: Uint8Array): messages.Ack => ({ counter, hash: hash(message).subarray(0, 8) });
const answer = { issuer: audience, issuedAt: 1_767_225_600, device };

const described = {
  audience,
  cti: counting(0x40, 16),
  nonce: counting(0x50, 16),
  model: text("mps2-an386"),
  bootCount: 1,
  software: "signet",
  version: "0.1.0",
};
const enrol = messages.sealEnrol(deviceKey, described);
/** The server's own bytes, here a count of enrolments, and the first 8 bytes of what is answered. */
const session = Uint8Array.of(0, 0, 0, 1, ...hash(enrol).subarray(0, 8));
const enrolled = messages.sealEnrolled(serverKey, {
  ...answer,
  about: hash(enrol),
  head: messages.NO_HEAD,
  ack: 0,
  session,
});
const report1 = messages.sealReport(deviceKey, {
  audience,
  counter: 1,
  prev: messages.NO_HEAD.hash,
  data: text("21.5 C"),
  session,
});
const receipt1 = messages.sealReceipt(serverKey, { ...answer, counter: 1, about: hash(report1) });
const downlink = messages.sealDownlink(serverKey, {
  ...answer,
  expires: 1_767_229_200,
  counter: 1,
  data: text("led on"),
});
const report2 = messages.sealReport(deviceKey, {
  audience,
  counter: 2,
  prev: hash(report1),
  data: text("21.6 C"),
  epitaph: Uint8Array.of(0x03),
  ack: ackOf(1, downlink),
  session,
  damaged: 1,
  outage: 0x0252_0003,
});
export const successorKey = ed25519.fromSeed(counting(0x60, 32));
const order = messages.sealDownlink(serverKey, {
  ...answer,
  expires: 1_767_229_200,
  counter: 2,
  data: token,
  order: messages.Order.rotate,
});
const handover = messages.sealHandover(deviceKey, {
  audience,
  successor: id(successorKey.publicKey),
  token,
  head: { counter: 1, hash: hash(report1) },
  order: 2,
});
const enrolAgain = messages.sealEnrol(deviceKey, {
  ...described,
  head: { counter: 1, hash: hash(report1) },
  ack: ackOf(1, downlink),
  session,
});
const successorEnrol = messages.sealEnrol(successorKey, { ...described, ack: ackOf(2, order), handover });
const refusal = messages.sealRefusal(serverKey, {
  ...answer,
  about: hash(report2),
  reason: messages.Reason["stale-session"],
});

/** Every block of the example, by its heading. */
export const blocks: Readonly<Record<string, Uint8Array>> = {
  "device public key": deviceKey.publicKey,
  "device id": device,
  "server public key": serverKey.publicKey,
  "server id": id(serverKey.publicKey),
  enrol,
  "enrol hash": hash(enrol),
  enrolled,
  "first report": report1,
  "first report hash": hash(report1),
  receipt: receipt1,
  downlink,
  "second report": report2,
  refusal,
  "enrol after the refusal": enrolAgain,
  "unsigned refusal": messages.unsignedRefusal(messages.Reason["stale-nonce"]),
  "order to rotate": order,
  handover,
  "enrol of the successor": successorEnrol,
};
