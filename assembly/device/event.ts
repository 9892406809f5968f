/** Says events on the console: `facts.ts` has their numbers, and which bytes belong to each. */
import * as bytes from "../lib/bytes";
import * as scratch from "../lib/scratch";
import * as system from "../port/system";
import { Event } from "./facts";

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
  const data = scratch.take(4);
  bytes.store32be(data, second);
  numberAndText(event, first, data, 4);
  scratch.release(data);
}

/** Say it with up to 64 bytes. */
export function text(event: Event, from: usize, len: u32): void {
  system.event(event, from, min(len, DATA_BYTES));
}

/** Say it with bytes and a number, in that order: at most 60 bytes. */
export function textAndNumber(event: Event, from: usize, len: u32, value: u32): void {
  const data = scratch.take(DATA_BYTES);
  const taken = min(len, DATA_BYTES - 4);
  bytes.copy(data, from, taken);
  bytes.store32be(data + taken, value);
  system.event(event, data, taken + 4);
  scratch.release(data);
}

/** Emit it with a number and bytes, in that order: bytes beyond the limit are left out. */
export function numberAndText(event: Event, value: u32, from: usize, len: u32): void {
  const data = scratch.take(DATA_BYTES);
  const taken = min(len, DATA_BYTES - 4);
  bytes.store32be(data, value);
  bytes.copy(data + 4, from, taken);
  system.event(event, data, taken + 4);
  scratch.release(data);
}
