/** The guest's exports, and nothing else. */
import { DATA_MOST } from "./identity/facts";
import * as life from "./device/life";
import * as stream from "./device/stream";
import * as link from "./link/link";

/** Begin: once after reset. */
export function init(): void {
  life.start();
}

/** Do the pending work. Return the time in ms until the next call; 0: at once. Call earlier when a byte arrives. */
export function poll(): u32 {
  return life.turn();
}

/** Return the place for application data of `send`; 0 while the last ones have no receipt yet. */
export function outbox(): usize {
  return life.outbox();
}

/** Return the capacity of that place. */
export function outboxBytes(): u32 {
  return DATA_MOST;
}

/** Send `len` bytes of the outbox as the next report; a `Status`. */
export function send(len: u32): i32 {
  return life.give(len);
}

/** Return the device's state: a `State`. */
export function status(): u32 {
  return life.state();
}

/** Return the last fault of the link: a word of `link/fault.ts`; 0: none. */
export function linkFault(): u32 {
  return link.lastFault();
}

/** Open the stream to the host whose name was put, with `len` bytes, at `streamName`; a `Status`. */
export function streamOpen(len: u32, port: u32): i32 {
  return stream.open(stream.name(), len, port);
}

/** Return the place for the name of the stream's host: 64 bytes; 0: there are no streams. */
export function streamName(): usize {
  return stream.name();
}

/** Return the stream's state: a `State` of `device/stream.ts`. */
export function streamState(): u32 {
  return stream.state();
}

/** Return the number of bytes that fit at `streamOutbox` for `streamSend`. */
export function streamRoom(): u32 {
  return stream.room();
}

/** Return the place for bytes of the stream. */
export function streamOutbox(): usize {
  return stream.outbox();
}

/** Send the first `len` bytes of the outbox; returns how many were taken. */
export function streamSend(len: u32): u32 {
  return stream.send(len);
}

/** Return the number of bytes at `streamInbox`. */
export function streamLeft(): u32 {
  return stream.left();
}

/** Return the place of the stream's next bytes. */
export function streamInbox(): usize {
  return stream.inbox();
}

/** Be done with the first `len` bytes of the inbox; returns how many there were. */
export function streamTake(len: u32): u32 {
  return stream.take(len);
}

/** Change the stream's keys; a `Status`. */
export function streamRekey(): i32 {
  return stream.rekey();
}

/** End the stream. */
export function streamClose(): void {
  stream.close();
}
