/**
 * The target of the faults. The stack is not scrubbed between two operations and `got` stays, so after a genuine message
 * registers, stack and memory hold the remains of a success when the forgery comes.
 *
 * A request is the operation's fields, each a big-endian u16 length and its bytes. The answer is the length of the output at
 * the start of the buffer, or a Status.
 */
import * as ed25519 from "../../assembly/crypto/ed25519";
import * as answer from "../../assembly/identity/answer";
import { Answer } from "../../assembly/identity/answer";
import { ID_BYTES } from "../../assembly/identity/kind";
import * as server from "../../assembly/identity/server";
import { Server } from "../../assembly/identity/server";
import { Reader } from "../../assembly/lib/reader";
import { Status } from "../../assembly/lib/status";
import { Answered, Op } from "./op";
import * as planted from "./guest_planted";

const CAPACITY: u32 = 2048;
const room: usize = memory.data(CAPACITY, 8);
const reader = changetype<Reader>(memory.data(offsetof<Reader>(), 4));
const messages = changetype<Reader>(memory.data(offsetof<Reader>(), 4));
const got = changetype<Answer>(memory.data(offsetof<Answer>(), 4));
const peer = changetype<Server>(memory.data(offsetof<Server>(), 4));
const ids: usize = memory.data(server.KEYS_MOST * ID_BYTES, 4);

export function buffer(): usize {
  return room;
}

export function capacity(): u32 {
  return CAPACITY;
}

/** The field that was read last. */
let len: u32 = 0;

function field(): usize {
  len = reader.u16();
  return reader.take(len);
}

export function run(op: u32, requestLen: u32): i32 {
  reader.begin(room, requestLen);
  switch (op) {
    case Op.Verify:
    case Op.PlantedVerify:
      return verify(op == Op.PlantedVerify);
    case Op.Keep:
      return keep(requestLen);
    case Op.Sign:
    case Op.PlantedSign:
      return sign(op == Op.PlantedSign);
    case Op.Read:
      return read();
  }
  return Status.Unexpected;
}

function verify(isPlanted: bool): i32 {
  const key = field();
  const signature = field();
  const head = field();
  const headLen = len;
  const body = field();
  return isPlanted
    ? planted.verify(signature, key, head, headLen, body, len)
    : ed25519.verify(signature, key, head, headLen, body, len);
}

let seed: usize = 0;
let key: usize = 0;
let noise: usize = 0;
let head: usize = 0;
let headLen: u32 = 0;
let body: usize = 0;
let bodyLen: u32 = 0;

let keptLen: u32 = 0;

/** Keep what is to be signed behind the place of a signature: faults while signing then do not reach the request's reader. */
function keep(requestLen: u32): i32 {
  const kept = room + ed25519.SIGNATURE_BYTES;
  memory.copy(kept, room, requestLen);
  memory.fill(room, 0, ed25519.SIGNATURE_BYTES);
  reader.begin(kept, requestLen);
  keptLen = requestLen;
  seed = field();
  key = field();
  noise = field();
  head = field();
  headLen = len;
  body = field();
  bodyLen = len;
  return 0;
}

function sign(isPlanted: bool): i32 {
  const status = isPlanted
    ? planted.sign(room, seed, key, noise, head, headLen, body, bodyLen)
    : ed25519.issue(room, seed, key, noise, head, headLen, body, bodyLen);
  if (status != Status.Ok) return status;
  const len = ed25519.SIGNATURE_BYTES + keptLen;
  // A fault may take a length for a pointer.
  memory.copy(room + len, 0, Answered.LowBytes);
  return len + Answered.LowBytes;
}

function read(): i32 {
  peer.keys = field();
  peer.count = len / 32;
  peer.audience = field();
  peer.audienceLen = len;
  peer.ids = ids;
  server.pin(peer);
  const own = field();
  const kind = load<u8>(field());
  messages.begin(field(), len);
  const status = answer.read(got, messages, peer, own);
  // As the device does, which asks what it got is, too.
  if (status == Status.Ok && got.kind != kind) return Status.Malformed;
  return status;
}
