/**
 * Report counters. A write to the store reserves a block of them, so a report costs no write; a start goes on above all that were
 * reserved, so numbers are skipped but none is used twice. A head that the server tells beyond the reserve is gone on from in this
 * session, and moves the device's own numbers only by one step a start: else one wrong answer would use them up.
 */
import { COUNTER_BLOCK, HEAD_PAUSE_MS, HEAD_STEP } from "../config";
import { COUNTER_END } from "../identity/facts";
import { Status } from "../lib/status";
import { Record } from "./facts";
import * as records from "./store";

/** The last one of the device's own, and up to which they are reserved. */
let last: u32 = 0;
let limit: u32 = 0;
/**
 * The last counter of a session that continues from a head beyond the reserve; 0: the session uses the device's own.
 */
let ahead: u32 = 0;
/** When such a head was taken that was beyond all that was known; 0: not since the start. */
let takenMs: u32 = 0;

/** Begin above everything that an earlier start may have used. */
export function start(): void {
  limit = records.getNumber(Record.Counter, 0);
  last = limit;
  ahead = 0;
  takenMs = 0;
}

/** The highest counter that this device can have used. */
export function highest(): u32 {
  return limit;
}

/** Go on above `head`, the counter of the last report that the server has. False: it is beyond its limits, and nothing changed. */
export function adopt(head: u32, nowMs: u32): boolean {
  if (head >= COUNTER_END) return false;
  if (head <= max(last, limit)) {
    last = max(last, head);
    ahead = 0;
    return true;
  }
  if (head > ahead) {
    if (takenMs != 0 && nowMs - takenMs < HEAD_PAUSE_MS) return false;
    const heals = takenMs == 0 && head - limit <= HEAD_STEP;
    takenMs = max(nowMs, 1);
    if (heals) {
      last = head;
      return true;
    }
  }
  ahead = head;
  return true;
}

/** Take the next counter; 0 if it could not be reserved, or there are no more. */
export function next(): u32 {
  if (ahead != 0) return ahead < u32.MAX_VALUE ? ++ahead : 0;
  if (last >= u32.MAX_VALUE - COUNTER_BLOCK) return 0;
  if (last >= limit) {
    const reserved = last + COUNTER_BLOCK;
    if (records.putNumber(Record.Counter, reserved) != Status.Ok) return 0;
    limit = reserved;
  }
  return ++last;
}
