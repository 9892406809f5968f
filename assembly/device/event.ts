/**
 * What the device says on the console. The numbers are the names' only contract: the build makes the console's table and
 * the tools' from this list. The comments say what bytes belong to an event; numbers in them are big-endian.
 */
import * as bytes from "../lib/bytes";
import * as scratch from "../lib/scratch";
import * as system from "../port/system";

export const enum Event {
  /** The count of starts, u32. */
  Booted = 1,
  /** A key was made and stored: its id. */
  KeyMade = 2,
  /** The key of an earlier start: its id. */
  KeyLoaded = 3,
  /** There is no usable randomness, so no key: the epitaph's code, u32. */
  NoEntropy = 4,
  /** The factory page is missing or damaged; the device stays off the network. */
  Unconfigured = 5,
  /** The module is ready. */
  LinkUp = 6,
  /** The connection was lost or could not be opened: the link's state, u32. */
  LinkFailed = 7,
  /** The server knows this device: its id, then the head's counter, u32. */
  Enrolled = 8,
  /** A report is on its way: its counter, u32. */
  Sent = 9,
  /** There is a receipt for it: its counter, u32, then the first 60 bytes of its data. */
  Accepted = 10,
  /** The server refused: the reason, u32, then 1 if that was signed, u32. */
  Refused = 11,
  /** An answer was not what the server would have signed, and was ignored: the status, u32. */
  AnswerForged = 12,
  /** Revoked: silent but for one attempt a day. */
  Silenced = 13,
  /** The chain's head is beyond what this device can have sent: its counter, u32. Its flash went back, or somebody else has its key. */
  HeadAhead = 14,
  /** A command from the server is acted upon: its counter, u32, then the first 60 bytes. */
  Command = 15,
  /** A command that is old or void was ignored: its counter, u32. */
  CommandIgnored = 16,
  /** The store was empty, or held nothing that can be read, and was begun anew. */
  StoreBegun = 17,
  /** Something failed and is tried again: after so many ms, u32. */
  Retry = 18,
  /** An answer of HTTP that is none of the protocol's: its status code, u32. */
  AnswerUnknown = 19,
  /** Starts end in faults again and again: this one waits so many ms, u32. */
  Resting = 20,
  /** TLS is established: 1 if it was resumed, u32. */
  Secured = 21,
  /** TLS failed: the alert, u32, 256 if the connection was lost; then 1 if the server sent it, u32. */
  TlsFailed = 22,
  /** On the server's order the next key was made and stored, and speaks from now on: its id. */
  Rotating = 23,
  /** The server has it as the device's key; the one before is gone: its id. */
  Rotated = 24,
  /** The flash does not hold what is written to it: nothing is begun, and no key is made. */
  NoStorage = 25,
  /** The store has damaged records; each has a copy, and is repaired: how many, u32. */
  FlashDamaged = 26,
  /** The store held a key that can not be read any more: the device stays off the network, and makes no other. */
  IdentityLost = 27,
  /** A number that the server signed is beyond its limit, and moves nothing: 1 the head's, 2 a command's, 3 the last command's, u32; then the number, u32. */
  NumberRefused = 28,
}

/** The most bytes that an event carries. */
const DATA_BYTES: u32 = 64;

/** Say that something happened. */
export function say(event: Event): void {
  system.event(event, 0, 0);
}

/** Say it with a number. */
export function number(event: Event, value: u32): void {
  numberAndText(event, value, 0, 0);
}

/** Say it with two numbers. */
export function numbers(event: Event, first: u32, second: u32): void {
  const mark = scratch.mark();
  const data = scratch.take(4);
  bytes.store32be(data, second);
  numberAndText(event, first, data, 4);
  scratch.release(mark);
}

/** Say it with up to 64 bytes. */
export function text(event: Event, from: usize, len: u32): void {
  system.event(event, from, min(len, DATA_BYTES));
}

/** Say it with bytes and a number, in that order: at most 60 bytes. */
export function textAndNumber(event: Event, from: usize, len: u32, value: u32): void {
  const mark = scratch.mark();
  const data = scratch.take(DATA_BYTES);
  const taken = min(len, DATA_BYTES - 4);
  bytes.copy(data, from, taken);
  bytes.store32be(data + taken, value);
  system.event(event, data, taken + 4);
  scratch.release(mark);
}

/** Say it with a number and bytes, in that order: what does not fit is left out. */
export function numberAndText(event: Event, value: u32, from: usize, len: u32): void {
  const mark = scratch.mark();
  const data = scratch.take(DATA_BYTES);
  const taken = min(len, DATA_BYTES - 4);
  bytes.store32be(data, value);
  bytes.copy(data + 4, from, taken);
  system.event(event, data, taken + 4);
  scratch.release(mark);
}
