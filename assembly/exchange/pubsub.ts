/**
 * A client of MQTT 3.1.1 for an application with a broker of its own: it publishes and subscribes at QoS 0 and 1. Its session lasts over
 * connections, so a broker keeps messages at QoS 1 while the connection is away.
 *
 *     CONNECT      ->  CONNACK   not clean; the account: client, will, user, password
 *     SUBSCRIBE    ->  SUBACK    each filter once, and again where the broker has no session; UNSUBSCRIBE alike
 *     PUBLISH      ->  PUBACK    at QoS 1: the message is kept, and repeated with DUP over the next connection
 *                  <-  PUBLISH   one at a time: the next packet is read once the application has taken it
 *     PUBACK       ->            once the application has taken a message at QoS 1
 *     PINGREQ      ->  PINGRESP  after four fifths of the keep-alive without a packet
 *     DISCONNECT   ->            the broker drops the will
 *
 * One request at a time waits for its answer, so an answer that is not the expected one is a fault, and no table of numbers is needed.
 */
import { MQTT_REPLY_MS } from "../config";
import * as bytes from "../lib/bytes";
import { Pipe } from "../lib/pipe";
import { Status } from "../lib/status";
import { MQTT_DATA_MOST, MQTT_FILTERS_MOST, MQTT_TOPIC_MOST, ResponseFault } from "./facts";
import * as account from "./account";
import * as filters from "./_filters";
import { Filter } from "./_filters";
import * as frame from "./_frame";

/** First bytes of packets. */
const enum Head {
  Connect = 0x10,
  Connack = 0x20,
  Publish = 0x30,
  Puback = 0x40,
  Subscribe = 0x82,
  Suback = 0x90,
  Unsubscribe = 0xa2,
  Unsuback = 0xb0,
  Pingreq = 0xc0,
  Pingresp = 0xd0,
  Disconnect = 0xe0,
}

/** The message of the application. */
const enum Outgoing {
  None,
  Due,
  /** It was begun. At QoS 0 it is over once it is written, at QoS 1 with its PUBACK. */
  Sent,
}

const DUP: u32 = 0x08;
const REFUSED: u32 = 0x80;
/** A head of a packet, and behind that of CONNECT the rest up to the name of the client. */
const LEAD_BYTES: u32 = 3 + account.OPENING_MOST;
/** Topic with its length, number, message. */
const OUTBOX_BYTES: u32 = 2 + MQTT_TOPIC_MOST + 2 + MQTT_DATA_MOST;

/** Outlives connections. */
@unmanaged
class Client {
  /** Last number of a packet. */
  number: u32;
  outgoing: Outgoing;
  outLen: u32;
  outQos: u32;
  /** Number of the message; it was sent in an earlier connection: DUP. */
  outNumber: u32;
  dup: u32;
  /** A message for the application: 1. The number of its PUBACK; 0 at QoS 0. */
  got: u32;
  gotNumber: u32;
  nowMs: u32;
}

/** Ends with the connection. */
@unmanaged
class Connection {
  /** CONNACK has come. */
  ready: u32;
  /** DISCONNECT was begun. */
  leaving: u32;
  /** First byte of the answer that is expected, and its number; since when. */
  expected: u32;
  number: u32;
  sinceMs: u32;
  /** Index and state of the filter that the broker was told. */
  filter: u32;
  told: Filter;
  /** Number of a PUBACK that is due. */
  ack: u32;
  /** Time of the last packet that was sent. */
  sentMs: u32;
  fault: ResponseFault;
}


@lazy
const client = changetype<Client>(memory.data(offsetof<Client>(), 4));


@lazy
const now = changetype<Connection>(memory.data(offsetof<Connection>(), 4));


@lazy
const first = changetype<Pipe>(memory.data(offsetof<Pipe>(), 4));


@lazy
const second = changetype<Pipe>(memory.data(offsetof<Pipe>(), 4));


@lazy
const lead: usize = memory.data(LEAD_BYTES, 4);


@lazy
const asked: usize = memory.data(MQTT_TOPIC_MOST, 4);


@lazy
const outbox: usize = memory.data(OUTBOX_BYTES, 4);

/** Forget messages and subscriptions. */
export function clear(): void {
  lost();
  memory.fill(changetype<usize>(client), 0, offsetof<Client>());
  filters.clear();
}

/** Place for a topic and, right behind it, the message; 0 while the last message is not over. */
export function room(): usize {
  return client.outgoing ? 0 : outbox + 2;
}

/**
 * Publish the message of `len` bytes behind the topic in `room`. Again: the last one is not over; Malformed: no such topic or QoS;
 * TooLong: topic or message.
 */
export function publish(topicLen: u32, len: u32, qos: u32): Status {
  if (client.outgoing) return Status.Again;
  if (topicLen > MQTT_TOPIC_MOST || len > MQTT_DATA_MOST) return Status.TooLong;
  if (topicLen == 0 || qos > 1) return Status.Malformed;
  const topic = outbox + 2;
  for (let i: u32 = 0; i < topicLen; i++) {
    const byte = load<u8>(topic + i);
    if (byte == 0 || byte == 0x23 || byte == 0x2b) return Status.Malformed;
  }
  bytes.store16be(outbox, topicLen);
  const body = topic + topicLen;
  if (qos) {
    bytes.copy(body + 2, body, len);
    client.outNumber = nextNumber();
    bytes.store16be(body, client.outNumber);
  }
  client.outLen = 2 + topicLen + 2 * qos + len;
  client.outQos = qos;
  client.dup = 0;
  client.outgoing = Outgoing.Due;
  return Status.Ok;
}

/** Return the place for a filter. */
export function filter(): usize {
  return asked;
}

/** Subscribe to the filter of `len` bytes there: `_filters.want`. */
export function subscribe(len: u32, qos: u32): Status {
  return filters.want(asked, len, qos);
}

/** End the subscription to it. Unexpected: there is none. */
export function unsubscribe(len: u32): Status {
  return filters.drop(asked, len);
}

/** True if there is a message for the application. */
export function hasMessage(): bool {
  return client.got != 0;
}

/** Return the place of its topic. */
export function topic(): usize {
  return frame.at() + 2;
}

/** Length of its topic. */
export function topicLen(): u32 {
  return frame.topicLen();
}

/** Place of its bytes. */
export function message(): usize {
  return topic() + topicLen() + (frame.type() & 0x02);
}

/** Return the number of its bytes. */
export function len(): u32 {
  return frame.len() - 2 - topicLen() - (frame.type() & 0x02);
}

/** Be done with the message: it is acknowledged if it has QoS 1. */
export function take(): void {
  if (!client.got) return;
  client.got = 0;
  now.ack = client.gotNumber;
}

/** Begin a connection: `account.opening`. */
export function open(id: usize, idLen: u32): void {
  lost();
  head(Head.Connect, account.len(idLen));
  first.left += account.opening(lead + first.left, id, idLen);
  second.hold(account.at(), account.restLen());
  expect(Head.Connack, 0);
}

/** The connection is gone: a message at QoS 1 that was begun is due again. */
export function lost(): void {
  if (client.outgoing == Outgoing.Sent) {
    client.outgoing = client.outQos ? Outgoing.Due : Outgoing.None;
    client.dup = 1;
  }
  // The broker repeats it over the next connection, and then expects its acknowledgement.
  client.gotNumber = 0;
  // The reader holds the message until the application takes it.
  if (!client.got) frame.reset();
  first.left = 0;
  second.left = 0;
  memory.fill(changetype<usize>(now), 0, offsetof<Connection>());
}

/** True if the broker has accepted the client. */
export function isReady(): bool {
  return now.ready != 0;
}

/** True if nothing is under way: no message, no answer, no packet that is being sent. */
export function isIdle(): bool {
  return !(client.outgoing | client.got | now.expected | now.ack | first.left | second.left);
}

/** Why the connection must be closed; None if it need not be. */
export function fault(): ResponseFault {
  return now.fault;
}

/** Let time pass. */
export function tick(nowMs: u32): void {
  client.nowMs = nowMs;
  // An answer cannot be read while a message waits in front of it.
  if (client.got) now.sinceMs = nowMs;
  if (now.expected && nowMs - now.sinceMs > MQTT_REPLY_MS) now.fault = ResponseFault.BrokerSilent;
}

/** Leave in order: `pull` has what there is to say. Call `lost` next. */
export function leave(): void {
  if (!now.ready || first.left || second.left) return;
  now.leaving = 1;
  head(Head.Disconnect, 0);
}

/** Write up to `max` bytes for the broker to `to`; returns how many. */
export function pull(to: usize, max: u32): u32 {
  if (!first.left && !second.left) choose();
  let written = first.move(to, max);
  if (!first.left) written += second.move(to + written, max - written);
  if (!written) return 0;
  now.sentMs = client.nowMs;
  const isOver = client.outgoing == Outgoing.Sent && client.outQos == 0 && !first.left && !second.left;
  if (isOver) client.outgoing = Outgoing.None;
  return written;
}

/** Take bytes from the broker; returns how many. It takes none while a message or its acknowledgement waits. */
export function push(from: usize, len: u32): u32 {
  let left = len;
  while (left && !now.fault && !client.got && !now.ack) {
    const complete = frame.push(from + (len - left), left);
    left = frame.unread();
    if (complete) now.fault = react();
  }
  return len - left;
}

/** Act on a packet; returns why the connection must be closed. */
function react(): ResponseFault {
  const type = frame.type();
  if (frame.isBroken()) return ResponseFault.Packet;
  if ((type & 0xf0) == Head.Publish) return incoming(type);
  if (type != now.expected || first.left || second.left) return ResponseFault.Packet;
  const isShort = frame.len() == (type == Head.Pingresp ? 0 : type == Head.Suback ? 3 : 2);
  if (!isShort || (now.number && frame.topicLen() != now.number)) return ResponseFault.Packet;
  now.expected = 0;
  switch (type) {
    case Head.Connack:
      return welcomed(frame.topicLen());
    case Head.Puback:
      client.outgoing = Outgoing.None;
      return ResponseFault.None;
    case Head.Suback:
    case Head.Unsuback:
      const refused = type == Head.Suback && (load<u8>(frame.at() + 2) & REFUSED) != 0;
      filters.told(now.filter, now.told, !refused);
      return ResponseFault.None;
    default:
      return ResponseFault.None;
  }
}

/** CONNACK: its flag says whether there is a session, its code whether the client may come in. */
function welcomed(word: u32): ResponseFault {
  if (word >> 9) return ResponseFault.Packet;
  if (word & 0xff) return ResponseFault.BrokerRefused;
  if (!word) filters.renew();
  now.ready = 1;
  return ResponseFault.None;
}

/** A message: one that is longer than the longest is acknowledged and dropped. */
function incoming(type: u32): ResponseFault {
  const headLen: u32 = 2 + frame.topicLen() + (type & 0x02);
  const isAllowed = now.ready != 0 && !(type & 0x04) && frame.topicLen() != 0 && frame.len() >= headLen;
  if (!isAllowed || (type & 0x02 && !frame.number())) return ResponseFault.Packet;
  const number = type & 0x02 ? frame.number() : 0;
  const fits = frame.topicLen() <= MQTT_TOPIC_MOST && frame.len() - headLen <= MQTT_DATA_MOST;
  client.got = u32(fits);
  if (fits) client.gotNumber = number;
  else now.ack = number;
  return ResponseFault.None;
}

/** Begin the packet that is next. */
function choose(): void {
  if (!now.ready || now.leaving || now.fault) return;
  const ack = now.ack;
  if (ack) {
    now.ack = 0;
    head(Head.Puback, 2);
    pair(ack);
  } else if (!now.expected) ask();
}

/** Begin a request. */
function ask(): void {
  const index = filters.next();
  const silentMs = client.nowMs - now.sentMs;
  if (index < MQTT_FILTERS_MOST) tell(index);
  else if (client.outgoing == Outgoing.Due) {
    head(Head.Publish | (client.outQos << 1) | (client.dup ? DUP : 0), client.outLen);
    second.hold(outbox, client.outLen);
    client.outgoing = Outgoing.Sent;
    if (client.outQos) expect(Head.Puback, client.outNumber);
  } else if (account.keepAliveMs() && silentMs >= (account.keepAliveMs() / 5) * 4) {
    head(Head.Pingreq, 0);
    expect(Head.Pingresp, 0);
  }
}

/** Tell the broker of a filter. */
function tell(index: u32): void {
  const isWanted = filters.state(index) == Filter.Wanted;
  const len = filters.len(index);
  head(isWanted ? Head.Subscribe : Head.Unsubscribe, 2 + 2 + len + u32(isWanted));
  now.filter = index;
  now.told = filters.state(index);
  expect(isWanted ? Head.Suback : Head.Unsuback, nextNumber());
  pair(now.number);
  pair(len);
  second.hold(filters.at(index), len + u32(isWanted));
}

/** Expect an answer. */
function expect(type: u32, number: u32): void {
  now.expected = type;
  now.number = number;
  now.sinceMs = client.nowMs;
}

/** Begin a packet of a type with `len` bytes behind its head. Bounds: `len` is below 16,384. */
function head(type: u32, len: u32): void {
  first.hold(lead, 0);
  octet(type);
  if (len > 127) octet((len & 127) | 128);
  octet(len > 127 ? len >> 7 : len);
}

function octet(value: u32): void {
  store<u8>(lead + first.left++, <u8>value);
}

function pair(value: u32): void {
  octet(value >> 8);
  octet(value & 0xff);
}

/** Return the next number of a packet, 1 to 65,535. */
function nextNumber(): u32 {
  client.number = (client.number % 0xffff) + 1;
  return client.number;
}
