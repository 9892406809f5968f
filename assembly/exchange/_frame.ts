/**
 * Reads packets of MQTT 3.1.1 whole, for the application's client: up to a topic and a message of the longest kind; the rest of a longer
 * packet is counted and dropped.
 *
 *     push  ->  true    a packet is complete: `type`, `len`, `at`, and of a PUBLISH `topicLen`, `number`; call it again with the rest
 *           ->  false   all bytes are taken
 */
import { MQTT_DATA_MOST, MQTT_TOPIC_MOST } from "./facts";

const enum Within {
  Type,
  Length,
  Body,
}

/** The bytes of a packet that are kept: the lengths, topic, number and message of a PUBLISH. */
const FRAME_BYTES: u32 = 2 + MQTT_TOPIC_MOST + 2 + MQTT_DATA_MOST;
const PUBLISH: u32 = 0x30;
/** A length that no packet has: its fourth byte is not its last. */
const ENDLESS: u32 = 0xffffffff;


@unmanaged
class Frame {
  within: Within;
  type: u32;
  /** Bytes behind the head, and those of them that came. */
  len: u32;
  came: u32;
  digits: u32;
  topicLen: u32;
  number: u32;
}


@lazy
const frame = changetype<Frame>(memory.data(offsetof<Frame>(), 4));


@lazy
const body: usize = memory.data(FRAME_BYTES, 4);

/** Forget everything: there is a new connection. */
export function reset(): void {
  memory.fill(changetype<usize>(frame), 0, offsetof<Frame>());
}

/** First byte of the packet. */
export function type(): u32 {
  return frame.type;
}

/** Bytes behind its head. The first FRAME_BYTES of them are at `at`. */
export function len(): u32 {
  return frame.len;
}

/** Return the place of these bytes. */
export function at(): usize {
  return body;
}

/** Length of the topic; of a packet with two or more bytes the first two of them. */
export function topicLen(): u32 {
  return frame.topicLen;
}

/** Number of a PUBLISH, behind its topic. */
export function number(): u32 {
  return frame.number;
}

/** True if the length is malformed: the connection must be closed. */
export function isBroken(): bool {
  return frame.len == ENDLESS;
}

/** Bytes that the last `push` left. */
let rest: u32 = 0;

/** Return the number of bytes at the end of those given to the last `push` that it did not take. */
export function unread(): u32 {
  return rest;
}

/** Take up to `count` bytes, at most to the end of a packet; true if that is reached, or never will be. */
export function push(from: usize, count: u32): bool {
  for (rest = count; rest;) {
    const byte = <u32>load<u8>(from + (count - rest));
    rest--;
    if (octet(byte)) {
      frame.within = Within.Type;
      return true;
    }
  }
  return false;
}

/** Take one byte; true if it is the last of the packet. */
function octet(byte: u32): bool {
  switch (frame.within) {
    case Within.Type:
      reset();
      frame.type = byte;
      frame.within = Within.Length;
      return false;
    case Within.Length:
      frame.len |= (byte & 0x7f) << (7 * frame.digits);
      if (byte < 0x80) {
        frame.within = Within.Body;
        return frame.len == 0;
      }
      if (++frame.digits < 4) return false;
      frame.len = ENDLESS;
      return true;
    default:
  }
  const place = frame.came++;
  if (place < FRAME_BYTES) store<u8>(body + place, <u8>byte);
  if (place < 2) frame.topicLen = (frame.topicLen << 8) | byte;
  else if ((frame.type & 0xf0) == PUBLISH && place - frame.topicLen - 2 < 2) frame.number = (frame.number << 8) | byte;
  return frame.came == frame.len;
}
