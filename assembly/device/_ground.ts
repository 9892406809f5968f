/**
 * The base of the life's files: its state, its buffers, and the transitions between states. `life.ts` has the table of states.
 */
import { ANSWER_BYTES, RETRY_ENROL, RETRY_MAX_MS, RETRY_MS } from "../config";
import { Question } from "../exchange/exchange";
import { Answer } from "../identity/answer";
import {
  ACK_HASH_BYTES,
  DATA_MOST,
  EPITAPH_MOST,
  HANDOVER_MOST,
  HASH_BYTES,
  MESSAGE_MOST,
  SESSION_MOST,
  TOKEN_BYTES,
} from "../identity/facts";
import * as keypair from "../identity/keypair";
import { Server } from "../identity/server";
import * as bytes from "../lib/bytes";
import { Reader } from "../lib/reader";
import * as scratch from "../lib/scratch";
import { Status } from "../lib/status";
import { Writer } from "../lib/writer";
import * as system from "../port/system";
import * as carrier from "./_carrier";
import * as entropy from "./entropy";
import * as event from "./event";
import { Death, Event, Record, State } from "./facts";
import * as records from "./store";

if (ANSWER_BYTES < 318 + 813) ERROR("ANSWER_BYTES must be at least 1131: a receipt of 318 bytes and a downlink of 813");
if (ACK_HASH_BYTES + TOKEN_BYTES > HASH_BYTES) ERROR("a token and the hash of its order must fit in one hash");
if (RETRY_MS < 2 || RETRY_MS > RETRY_MAX_MS)
  ERROR("RETRY_MS must be 2 to RETRY_MAX_MS: half of a pause is random, and it doubles up to the longest");

/** Progress of the device in its session. */
export const enum Stage {
  /** The session is known, and nothing is signed in it. */
  Told = 0,
  /** It signed a report in it, and stored its name before. */
  Reported = 1,
  /** It has a receipt in it: `head` and `prev` are this device's own. */
  Receipted = 2,
}

/** The message of the device's own that waits for its signature. */
export const enum Draft {
  None = 0,
  Enrol = 1,
  Report = 2,
  Handover = 3,
  /** An `access`, which `access.ts` signs itself. */
  Access = 4,
}


@unmanaged
export class Life {
  state: State;
  /** Since when, and for how long, it rests, waits or is silent; then `next` follows. */
  sinceMs: u32;
  forMs: u32;
  next: State;
  nowMs: u32;
  boots: u32;
  /** Failures in a row, and strange answers in a row. */
  failures: u32;
  strange: u32;
  /** Counter of the report in `message`; 0: there is none. */
  counter: u32;
  messageLen: u32;
  draft: Draft;
  /** Bytes of application data that have no receipt yet. */
  dataLen: u32;
  dueMs: u32;
  epitaphLen: u32;
  /** Counter of the chain's head, whose hash is in `prev`. */
  head: u32;
  /** The downlink that orders another key, and was not obeyed yet; 0: none. */
  order: u32;
  /** `own` is a key that the server may not know yet. */
  rotating: u32;
  /** `own` is the key before, since the server refused the handover to the next one. */
  fallen: u32;
  stage: Stage;
  sessionLen: u32;
  /** The server's time in the answer that began the session: no command that ended before is obeyed. */
  toldAt: u32;
  /** The store is open; the link has begun; the last life ended in a fault; the death of this one. */
  opened: u32;
  linking: u32;
  died: u32;
  doom: Death;
  /** When there last was progress. */
  progressMs: u32;
  /** This start's first receipt has come. */
  settled: u32;
}

/** The record of the last command: its counter, and bytes of its hash. */
export const COMMAND_BYTES: u32 = 4 + ACK_HASH_BYTES;
export const REPORT_HASH_BYTES: u32 = 8;
/** Stored bytes of a successor key: its secret, and the handover. */
export const SUCCESSOR_MOST: u32 = keypair.SEED_BYTES + HANDOVER_MOST;

export const life = changetype<Life>(memory.data(offsetof<Life>(), 4));
export const peer = changetype<Server>(memory.data(offsetof<Server>(), 4));
export const got = changetype<Answer>(memory.data(offsetof<Answer>(), 4));
export const reader = changetype<Reader>(memory.data(offsetof<Reader>(), 4));
export const writer = changetype<Writer>(memory.data(offsetof<Writer>(), 4));
/** Application data, from when it is given until there is a receipt for it. */
export const data: usize = memory.data(DATA_MOST, 4);
/** The signed message, from when it is made until it is answered. */
export const message: usize = memory.data(MESSAGE_MOST, 4);
export const messageHash: usize = memory.data(HASH_BYTES, 4);
/** The token of an ordered rotation: it takes the end of the order's hash, of which `remember` needs the beginning. */
export const token: usize = messageHash + HASH_BYTES - TOKEN_BYTES;
/** The first bytes of the hash of the report that waits for its receipt, while other messages are sent. */
export const reportHash: usize = memory.data(REPORT_HASH_BYTES, 4);
/** The hash of the report before. */
export const prev: usize = memory.data(HASH_BYTES, 4);
/** The server's name for the session. */
export const session: usize = memory.data(SESSION_MOST, 4);
/** The last command acted upon, as it is stored: its counter, 0 for none, and bytes of its hash, zero if only the counter is known. */
export const command: usize = memory.data(COMMAND_BYTES, 4);
export const epitaph: usize = memory.data(EPITAPH_MOST, 4);

/** End the life without usable randomness. */
export function giveUp(): void {
  event.number(Event.NoEntropy, entropy.death());
  system.die(entropy.death());
}

/** Enter a state, and do its first work. */
export function go(next: State): void {
  life.state = next;
  if (next == State.Challenge) {
    carrier.begin(Question.Challenge, message, 0, life.nowMs);
  } else if (next == State.Report) {
    event.number(Event.Sent, life.counter);
    carrier.begin(Question.Report, message, life.messageLen, life.nowMs);
  }
}

/** Do `next` again after an answer that was not the one wanted; after some of them, enrol. */
export function again(next: State): void {
  retry(++life.strange >= RETRY_ENROL ? State.Challenge : next);
}

/** Wait after a failure, longer each time and at least as long as the server asked for, and then do `next`. */
export function retry(next: State): void {
  life.failures++;
  wait(max(doubled(RETRY_MS, life.failures - 1, RETRY_MAX_MS), 2 * carrier.restMs()), next);
}

/** Wait for `most` ms, of which half is random, and then do `next`. */
export function wait(most: u32, next: State): void {
  carrier.end(false);
  const random = scratch.take(4);
  entropy.random(random, 4, life.nowMs);
  life.forMs = most / 2 + (load<u32>(random) % (most / 2));
  scratch.release(random);
  life.sinceMs = life.nowMs;
  life.next = next;
  life.state = State.Waiting;
  event.number(Event.Retry, life.forMs);
}

/** `base` doubled `times` times, at most `most`. */
export function doubled(base: u32, times: u32, most: u32): u32 {
  let value = base;
  for (let i: u32 = 0; i < times && value < most; i++) value *= 2;
  return min(value, most);
}

/** Store a number. */
export function keep(kind: Record, value: u32): void {
  if (records.putNumber(kind, value) != Status.Ok) system.die(Death.Storage);
}

/** Remember the counter of the last command, and bytes of its hash. */
export function remember(counter: u32, hash: usize): void {
  store<u32>(command, counter);
  bytes.copy(command + 4, hash, ACK_HASH_BYTES);
  if (records.put(Record.Command, command, COMMAND_BYTES) != Status.Ok) system.die(Death.Storage);
}
