/**
 * Reads packets of MQTT 3.1.1 from a broker as their bytes arrive. Nothing is buffered but the message that is waited for, in memory of
 * the caller. A packet that a broker may not send to this client is refused: another type, flags or length, QoS 1 or 2, a length of more
 * than four bytes. A message on another topic, a retained one, one that does not fit, and one that nothing waits for are stepped over.
 *
 *     push  ->  None      no packet is complete; all bytes are taken
 *           ->  a type    a packet is complete: `value`, `len`; call it again with the rest
 *           ->  Refused   the connection must be closed
 */
import * as word from "../link/word";

/** Results of `push`: the first byte of the packet. */
export const enum Type {
  None = 0,
  Connack = 0x20,
  /** The message that was waited for. */
  Publish = 0x30,
  Puback = 0x40,
  Suback = 0x90,
  Pingresp = 0xd0,
  Refused = 0x100,
}

const enum Within {
  Type,
  Length,
  TopicLength,
  Topic,
  Message,
  /** The message is stepped over. */
  Skipped,
  /** The bytes of another packet. */
  Value,
}

const RETAINED: u32 = 1;
const QOS: u32 = 6;
const MAX_LENGTH_BYTES: u32 = 4;
const CONTINUED: u32 = 0x80;


@unmanaged
class Packet {
  within: Within;
  type: u32;
  /** Bytes of the packet that are left; of its length, those that came. */
  left: u32;
  digits: u32;
  /** Its bytes as one number, for acknowledgements; the length of the topic. */
  value: u32;
  count: u32;
  hash: u32;
  /** The place for a message, its room, and its length. */
  out: usize;
  room: u32;
  len: u32;
  /** The topic that is waited for; 0 if none is: hash, and length. */
  topic: u32;
  topicLen: u32;
}


@lazy
const packet = changetype<Packet>(memory.data(offsetof<Packet>(), 4));

/** Forget everything: there is a new connection. */
export function reset(): void {
  memory.fill(changetype<usize>(packet), 0, offsetof<Packet>());
}

/** Wait for a message on the topic with this hash and length; it will be at `out`. Bounds: `topicLen` is not 0. */
export function expect(out: usize, room: u32, topic: u32, topicLen: u32): void {
  packet.out = out;
  packet.room = room;
  packet.topic = topic;
  packet.topicLen = topicLen;
}

/** Wait for no message. */
export function forget(): void {
  packet.topicLen = 0;
  if (packet.within == Within.Message) packet.within = Within.Skipped;
}

/** The bytes of the last acknowledgement as one big-endian number. */
export function value(): u32 {
  return packet.value;
}

/** Bytes of the message. */
export function len(): u32 {
  return packet.len;
}

/** Bytes that the last `push` left. */
let rest: u32 = 0;

/** Return the number of bytes at the end of those given to the last `push` that it did not take. */
export function unread(): u32 {
  return rest;
}

/** Take up to `len` bytes, at most to the end of a packet. */
export function push(from: usize, len: u32): Type {
  rest = len;
  while (rest) {
    const at = from + (len - rest);
    const type = packet.within == Within.Message || packet.within == Within.Skipped ? message(at) : octet(at);
    if (type != Type.None) return type;
  }
  return Type.None;
}

/** Take bytes of a message. */
function message(at: usize): Type {
  const taken = min(rest, packet.left);
  if (packet.within == Within.Message) {
    memory.copy(packet.out + packet.len, at, taken);
    packet.len += taken;
  }
  packet.left -= taken;
  rest -= taken;
  return packet.left ? Type.None : over();
}

/** Take one byte of anything else. */
function octet(at: usize): Type {
  const byte = <u32>load<u8>(at);
  rest--;
  switch (packet.within) {
    case Within.Type:
      packet.type = byte;
      packet.left = 0;
      packet.digits = 0;
      packet.value = 0;
      packet.count = 0;
      packet.within = Within.Length;
      return Type.None;
    case Within.Length:
      packet.left |= (byte & 0x7f) << (7 * packet.digits);
      if (++packet.digits == MAX_LENGTH_BYTES && byte & CONTINUED) return Type.Refused;
      return byte & CONTINUED ? Type.None : headOver();
    case Within.Topic:
      packet.hash = word.step(packet.hash, byte);
      break;
    default:
      packet.value = (packet.value << 8) | byte;
  }
  packet.left--;
  packet.count++;
  if (packet.within == Within.TopicLength) {
    if (packet.count < 2) return Type.None;
    if (packet.value > packet.left) return Type.Refused;
    packet.hash = word.START;
    packet.count = 0;
    packet.within = Within.Topic;
  }
  if (packet.within == Within.Topic) return packet.count == packet.value ? topicOver() : Type.None;
  return packet.left ? Type.None : over();
}

/** The length is known. */
function headOver(): Type {
  const left = packet.left;
  if ((packet.type & 0xf0) == Type.Publish) {
    if (packet.type & QOS || left < 2) return Type.Refused;
    packet.within = Within.TopicLength;
    return Type.None;
  }
  packet.within = Within.Value;
  if (packet.type == Type.Pingresp && left == 0) return over();
  if (packet.type == Type.Suback) return left == 3 ? Type.None : Type.Refused;
  if (packet.type != Type.Connack && packet.type != Type.Puback) return Type.Refused;
  return left == 2 ? Type.None : Type.Refused;
}

/** The topic is complete: see whether the message is waited for. */
function topicOver(): Type {
  const wanted =
    packet.count == packet.topicLen &&
    packet.hash == packet.topic &&
    !(packet.type & RETAINED) &&
    packet.left <= packet.room;
  if (wanted) packet.len = 0;
  packet.within = wanted ? Within.Message : Within.Skipped;
  return packet.left ? Type.None : over();
}

/** The packet is complete. */
function over(): Type {
  const skipped = packet.within == Within.Skipped;
  packet.within = Within.Type;
  if (skipped) return Type.None;
  return <Type>((packet.type & 0xf0) == Type.Publish ? Type.Publish : packet.type);
}
