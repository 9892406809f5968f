/**
 * Report counters. A write to the store reserves a block of them, so a report costs no write; a start goes on above all that were
 * reserved, so numbers are skipped but none is used twice.
 */
import { COUNTER_BLOCK } from "../config";
import { Status } from "../lib/status";
import * as records from "./store";
import { Kind } from "./store";

let last: u32 = 0;
let limit: u32 = 0;

/** Begin above everything that an earlier start may have used. */
export function start(): void {
  limit = records.getNumber(Kind.Counter, 0);
  last = limit;
}

/** The highest counter that this device can have used. */
export function highest(): u32 {
  return limit;
}

/** Go on above `head`, the counter of the last report that the server has. */
export function raise(head: u32): void {
  last = max(last, head);
}

/** Take the next counter; 0 if it could not be reserved, or there are no more. */
export function next(): u32 {
  if (last >= u32.MAX_VALUE - COUNTER_BLOCK) return 0;
  if (last >= limit) {
    const reserved = last + COUNTER_BLOCK;
    if (records.putNumber(Kind.Counter, reserved) != Status.Ok) return 0;
    limit = reserved;
  }
  return ++last;
}
