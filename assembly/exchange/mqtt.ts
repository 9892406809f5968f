/**
 * Questions over MQTT 3.1.1, through a broker: each is a PUBLISH at QoS 1 to a topic of its own, and its answer a message on the
 * topic that answers it (`assembly/identity/README.md`, "Over MQTT"). One connection carries many questions.
 *
 *     CONNECT    ->  CONNACK   a lasting session, a will, keep-alive, user name and password if there are any
 *     SUBSCRIBE  ->  SUBACK    unless the broker still has the session
 *     PUBLISH    ->  PUBACK    the question; only the answer ends it
 *                ->  PUBLISH   the answer, at QoS 0
 *     PINGREQ    ->  PINGRESP  after MQTT_PING_MS without a packet
 *     DISCONNECT               the broker drops the will
 *
 * The session ends with a question that got no answer: the next connection begins another, and subscribes again.
 */
import { MQTT_PING_MS, MQTT_REPLY_MS } from "../config";
import { Question, Verdict } from "./exchange";
import { ResponseFault } from "./facts";
import * as packet from "./_packet";
import { Type } from "./_packet";
import * as sender from "./_sender";
import { Head } from "./_sender";

/** States of the connection to the broker. */
const enum Phase {
  /** There is none, or nothing was sent. */
  None,
  /** CONNECT was begun. */
  Connecting,
  /** The broker has no session: SUBSCRIBE is next. */
  Joined,
  /** SUBSCRIBE was begun. */
  Subscribing,
  Ready,
  /** DISCONNECT was begun. */
  Leaving,
}

/** The state that outlives connections. */
@unmanaged
class Session {
  /** The last question got no answer: the next session begins clean. */
  doubts: u32;
  nowMs: u32;
}


@unmanaged
class Client {
  phase: Phase;
  verdict: Verdict;
  /** The question was begun: 1. */
  asked: u32;
  question: Question;
  body: usize;
  bodyLen: u32;
  answer: usize;
  answerRoom: u32;
  /** Time of the last packet that was sent; a PINGREQ was not answered: 1. */
  sentMs: u32;
  pinged: u32;
  fault: ResponseFault;
}


@lazy
const session = changetype<Session>(memory.data(offsetof<Session>(), 4));


@lazy
const client = changetype<Client>(memory.data(offsetof<Client>(), 4));

/** Take the account at the broker: `_sender.ts`. */
export function introduce(
  prefix: usize,
  prefixLen: u32,
  user: usize,
  userLen: u32,
  password: usize,
  passwordLen: u32,
): void {
  memory.fill(changetype<usize>(session), 0, offsetof<Session>());
  sender.introduce(prefix, prefixLen, user, userLen, password, passwordLen);
}

/** There is a new connection; without a user's name, `id` is the channel: 32 bytes. */
export function open(id: usize): void {
  reset();
  sender.identify(id);
}

/** Forget the connection. */
export function reset(): void {
  if (client.verdict == Verdict.Pending || client.verdict == Verdict.Failed) session.doubts = 1;
  memory.fill(changetype<usize>(client), 0, offsetof<Client>());
  sender.stop();
  packet.reset();
}

/**
 * Ask `question` with the message at `body`, which is kept by pointer until the verdict. The answer will be at `answer`; one of more than
 * `answerRoom` bytes is none.
 */
export function ask(answer: usize, answerRoom: u32, question: Question, body: usize, bodyLen: u32): void {
  client.question = question;
  client.body = body;
  client.bodyLen = bodyLen;
  client.verdict = Verdict.Pending;
  client.asked = 0;
  client.answer = answer;
  client.answerRoom = answerRoom;
}

/** Write up to `max` bytes for the broker to `to`; returns how many. */
export function pull(to: usize, max: u32): u32 {
  if (!sender.isWriting()) choose();
  const written = sender.pull(to, max);
  if (written) client.sentMs = session.nowMs;
  return written;
}

/** Take `len` bytes from the broker. */
export function push(from: usize, len: u32): void {
  let left = len;
  while (client.verdict != Verdict.Failed) {
    const type = packet.push(from + (len - left), left);
    if (type == Type.None) return;
    left = packet.unread();
    react(type);
  }
}

/** Let time pass: the broker is told that the client is there, and must answer. */
export function tick(nowMs: u32): void {
  session.nowMs = nowMs;
  if (client.phase != Phase.Ready || client.verdict == Verdict.Pending) return;
  const silentMs = nowMs - client.sentMs;
  if (client.pinged) {
    if (silentMs > MQTT_REPLY_MS) fail(ResponseFault.BrokerSilent);
  } else if (silentMs >= MQTT_PING_MS && !sender.isWriting()) {
    client.pinged = 1;
    client.sentMs = nowMs;
    sender.alone(Head.Pingreq);
  }
}

/** Leave the broker in order: `pull` has what there is to say. Call `reset` next. */
export function leave(): void {
  const ready = client.phase == Phase.Ready && !sender.isWriting();
  sender.stop();
  client.phase = Phase.Leaving;
  if (ready) sender.alone(Head.Disconnect);
}

/** Return the result of the last question; Failed also if the connection must be closed without one. */
export function verdict(): Verdict {
  return client.verdict;
}

/** Bytes of the answer. */
export function len(): u32 {
  return packet.len();
}

/** Why the connection must be closed. */
export function fault(): ResponseFault {
  return client.fault;
}

/** True if the connection may carry another question. */
export function keeps(): bool {
  return client.phase == Phase.Ready && !sender.isWriting();
}

/** Act on a packet of the broker. */
function react(type: Type): void {
  const value = packet.value();
  switch (type) {
    case Type.Connack:
      if (client.phase != Phase.Connecting || sender.isWriting() || value >> 9) break;
      if (value & 0xff) return fail(ResponseFault.BrokerRefused);
      client.phase = value && !session.doubts ? Phase.Ready : Phase.Joined;
      return;
    case Type.Suback:
      if (client.phase != Phase.Subscribing || sender.isWriting() || value >> 8 != sender.last()) break;
      if (value & 0xff) return fail(ResponseFault.TopicRefused);
      client.phase = Phase.Ready;
      return;
    case Type.Pingresp:
      if (!client.pinged) break;
      client.pinged = 0;
      return;
    case Type.Puback:
      // It may be late, and says nothing of the answer.
      if (client.phase == Phase.Ready) return;
      break;
    case Type.Publish:
      packet.forget();
      client.verdict = Verdict.Answered;
      session.doubts = 0;
      return;
    default:
  }
  fail(ResponseFault.Packet);
}

function fail(fault: ResponseFault): void {
  client.phase = Phase.None;
  client.verdict = Verdict.Failed;
  client.fault = fault;
}

/** Begin the packet that is next. */
function choose(): void {
  if (client.phase == Phase.Joined) {
    client.phase = Phase.Subscribing;
    return sender.subscribe();
  }
  if (client.verdict != Verdict.Pending || client.asked) return;
  if (client.phase == Phase.None) {
    client.phase = Phase.Connecting;
    sender.connect(session.doubts != 0);
  } else if (client.phase == Phase.Ready) {
    client.asked = 1;
    sender.publish(client.answer, client.answerRoom, client.question, client.body, client.bodyLen);
  }
}
