/**
 * The newest certain time: the end of a certificate is compared with it. The device has no clock; servers sign the time, and a
 * server's clock may be wrong or its key stolen for a day. So the floor follows a server only as far as the device's own count
 * of time confirms it; every answer for two days must confirm a time beyond that.
 */
import { TIME_PROOF_MS, TIME_SLACK_S, TIME_STEP_S } from "../config";
import { Status } from "../lib/status";
import * as channel from "./_channel";
import { Record } from "./facts";
import * as features from "./features";
import * as records from "./store";

let floor: u32 = 0;
/** The device's own count: the time at `countedMs`, if it had been off for no time at all. */
let counted: u32 = 0;
let countedMs: u32 = 0;
/** The last time that a server signed, and the moment of it; 0: none in this life. */
let heard: u32 = 0;
let heardMs: u32 = 0;
/** A later time, and the moment of its first report; 0: none. */
let claimed: u32 = 0;
let claimedMs: u32 = 0;

/** Begin with the floor of the lives before. */
export function start(nowMs: u32): void {
  floor = records.getNumber(Record.Time, 0);
  channel.learnTime(floor);
  counted = floor;
  countedMs = nowMs;
  claimed = 0;
  if (features.ACCESS) heard = 0;
}

/** The server's time as the device counts it since the last answer, in seconds since 1970; 0: there was no answer in this life. */
export function now(nowMs: u32): u32 {
  return heard ? heard + (nowMs - heardMs) / 1_000 : 0;
}

/** Hear `time`, seconds since 1970, which a server signed. Storage: the floor moved, and could not be stored. */
export function hear(time: u32, nowMs: u32): Status {
  if (features.ACCESS) {
    heard = time;
    heardMs = nowMs;
  }
  const seconds = (nowMs - countedMs) / 1_000;
  counted += seconds;
  countedMs += seconds * 1_000;
  if (time <= counted || time - counted <= TIME_SLACK_S) {
    claimed = 0;
    return raise(time);
  }
  const sinceMs = nowMs - claimedMs;
  if (claimed == 0 || distance(time, claimed + sinceMs / 1_000) > TIME_SLACK_S) {
    claimed = time;
    claimedMs = nowMs;
    return Status.Ok;
  }
  if (sinceMs < TIME_PROOF_MS) return Status.Ok;
  claimed = 0;
  counted = time;
  countedMs = nowMs;
  return raise(time);
}

function distance(a: u32, b: u32): u32 {
  return a > b ? a - b : b - a;
}

/** Move the floor on; a write to the store only from time to time. */
function raise(time: u32): Status {
  if (time <= floor) return Status.Ok;
  floor = time;
  channel.learnTime(floor);
  if (time - records.getNumber(Record.Time, 0) < TIME_STEP_S) return Status.Ok;
  return records.putNumber(Record.Time, time);
}
