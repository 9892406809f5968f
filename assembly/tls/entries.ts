/**
 * A Certificate message read an entry at a time (RFC 8446 §4.4.2), so that a chain may be longer than the buffer: this file finds the entries, `chain` decides about
 * each. In the buffer are what `kept` holds of the certificate before, and behind it the entry at hand.
 */
import * as bytes from "../lib/bytes";
import { Alert } from "./alert";
import { body } from "./extension";
import * as hello from "./hello";

/** Parts of the message, in their order. */
const enum Phase {
  /** certificate_request_context, which is empty, and the length of the list. */
  Head = 0,
  /** The length of a certificate. */
  Length = 1,
  /** It, and the length of its extensions. */
  Certificate = 2,
  /** Extensions, none of which can be there. */
  Extensions = 3,
  /** A certificate waits for `chain`. */
  Ready = 4,
  /** Nothing of what follows counts. */
  Behind = 5,
}

export const HEAD_BYTES: u32 = 4;
const LENGTH_BYTES: u32 = 3;


@unmanaged
class Entries {
  phase: Phase;
  /** Bytes of the message that have not come. */
  left: u32;
  /** The part at hand: where it is, how much of it there is, how much it takes. */
  at: usize;
  have: u32;
  want: u32;
  /** The end of the buffer. */
  end: usize;
}


@lazy
const entries = changetype<Entries>(memory.data(offsetof<Entries>(), 8));

/** Begin with the body of a message, `len` bytes long, of which none has come, in a buffer of `size` bytes. */
export function begin(buffer: usize, size: u32, len: u32): void {
  entries.phase = Phase.Head;
  entries.left = len;
  entries.at = buffer;
  entries.have = 0;
  entries.want = HEAD_BYTES;
  entries.end = buffer + size;
}

/** Forget the message: a connection begins or ends. */
export function reset(): void {
  entries.left = 0;
}

/** Bytes of the message that have not come. */
export function left(): u32 {
  return entries.left;
}

/** Place and length of the certificate that waits. */
export function at(): usize {
  return entries.at + LENGTH_BYTES;
}

export function len(): u32 {
  return entries.want - LENGTH_BYTES - 2;
}

/** True if `len` bytes fit into the buffer from `from` on. */
export function fits(from: usize, len: u32): bool {
  return len <= <u32>(entries.end - from);
}

/** True if a certificate waits. */
export function ready(): bool {
  return entries.phase == Phase.Ready;
}

/** Go on with the next entry, which is collected from `place` on. */
export function next(place: usize): void {
  entries.phase = Phase.Length;
  entries.at = place;
  entries.have = 0;
  entries.want = LENGTH_BYTES;
}

/** Pass over what is left of the message. */
export function passOver(): void {
  entries.phase = Phase.Behind;
}

/** Take up to `len` bytes of the message, as far as they belong to the part at hand; returns their number. */
export function take(from: usize, len: u32): u32 {
  if (entries.phase == Phase.Ready) return 0;
  let taken = min<u32>(entries.left, len);
  if (entries.phase != Phase.Behind) {
    taken = min<u32>(taken, entries.want - entries.have);
    bytes.copy(entries.at + entries.have, from, taken);
    entries.have += taken;
  }
  entries.left -= taken;
  return taken;
}

/** Look at the part at hand, if it is whole, and go on to the next. IllegalParameter if an entry does not fit into the buffer. */
export function step(offer: hello.Offer): Alert {
  if (entries.phase >= Phase.Ready || entries.have < entries.want) {
    const lost = entries.phase < Phase.Ready && entries.want - entries.have > entries.left;
    return lost ? Alert.DecodeError : Alert.None;
  }
  switch (entries.phase) {
    case Phase.Head:
      return head();
    case Phase.Length: {
      const len = bytes.load16be(entries.at + 1);
      if (load<u8>(entries.at)) return Alert.IllegalParameter;
      return len ? grow(len + 2, Phase.Certificate) : Alert.DecodeError;
    }
    case Phase.Certificate: {
      const len = bytes.load16be(entries.at + entries.want - 2);
      if (len) return grow(len, Phase.Extensions);
      entries.phase = Phase.Ready;
      return Alert.None;
    }
    default:
      return misplaced(offer);
  }
}

/** Read the head. */
function head(): Alert {
  const at = entries.at;
  if (load<u8>(at)) return Alert.IllegalParameter;
  const len = ((<u32>load<u8>(at + 1)) << 16) | bytes.load16be(at + 2);
  if (len != entries.left || len == 0) return Alert.DecodeError;
  next(at);
  return Alert.None;
}

/** Collect `len` bytes more, as the part `phase`. */
function grow(len: u32, phase: Phase): Alert {
  if (len > entries.left) return Alert.DecodeError;
  if (entries.want + len > <u32>(entries.end - entries.at)) return Alert.IllegalParameter;
  entries.want += len;
  entries.phase = phase;
  return Alert.None;
}

/** The alert for the extensions of an entry: none that can stand there was offered. They follow the certificate, whose length is at the front. */
function misplaced(offer: hello.Offer): Alert {
  const len = bytes.load16be(entries.at + 1);
  const behind = LENGTH_BYTES + len + 2;
  return unexpected(entries.at + behind, entries.want - behind, offer);
}

/** The alert for `len` bytes of extensions of an entry: none that can stand there was offered. */
@inline
export function unexpected(from: usize, len: u32, offer: hello.Offer): Alert {
  body.begin(from, len);
  const type = body.u16();
  body.take(body.u16());
  return body.ok() ? hello.misplaced(type, offer) : Alert.DecodeError;
}
