// Longer than 400 lines: commands, parser and recovery share one state.
/**
 * The engine of the drivers for AT modules: one command in flight at a time, with a time limit; lines known by their hash, so
 * that none is stored; notices wherever they come, also inside a line; counted bytes of the stream; a busy module that is
 * asked again; and the way back to a module that was lost.
 *
 * A driver is a table of steps and a table of words. A step that is a command is a `row` (below); the driver begins it
 * with `issue`, gives every byte to `hear` and the time to `tick`, and acts on the Event that it gets. `Phase` has the
 * steps that are the same for all: after a trouble the module is left alone, longer each time, then found again:
 *
 *     Rest -> AT, or +++ and AT, or at every fourth trouble in a row a reset -> Settle -> Found
 *
 * That reset is the driver's command; before it at every eighth comes a pulse of the reset line, and at every sixteenth of the power.
 */
import {
  AT_BACKOFF_MAX_MS,
  AT_BACKOFF_MS,
  AT_BUSY_MS,
  AT_ESCAPE_MS,
  AT_PULSE_MS,
  AT_REPLY_MS,
  AT_SEND_MS,
  AT_SEND_TRIES,
  AT_SETTLE_MS,
  AT_TRIES,
  LINK_TX_BYTES,
} from "../../config";
import { FaultCause } from "../facts";
import { Lines, LinkState, TUNNEL, TUNNEL_HEAD_BYTES, UDP, due, family, put, room, stream } from "../stream";
import * as text from "../text";
import { Text } from "../text";
import * as tunnel from "../tunnel";
import * as word from "../word";
import * as rate from "./rate";
import { BAUD } from "./rate";
import { Event, Flag, Phase, UNIT_MS, Within } from "./step";


@unmanaged
export class Engine {
  /** A Phase, or a step of the driver. */
  step: u32;
  /** Its row in `steps`: flags, limit, command; the first two, flags low, 0 where it is no command. */
  row: usize;
  flags: u32;
  /** When the step has taken too long, or is over. */
  deadlineMs: u32;
  /** Details of a fault of this step, from the module's lines: see `fault.hint`. */
  hint: u32;
  /** Progress of the command: 0 `AT`, 1 the prefix, 2 the command, 3 CR LF, 4 done. */
  part: u8;
  /** True once the step has its required line: the one for Flag.Seen, or a mark of the driver. */
  seen: u8;
  /** True if the module answered busy to this command, and the number of repetitions. */
  busy: u8;
  tries: u8;
  /** Troubles since the last byte of a peer. */
  strikes: u8;
  /** True while data waits in the module, according to its notices. */
  pending: u8;
  /** The line end that belongs to a notice is still to be skipped: 1. */
  skipEnd: u8;
  /** Bytes the module may still take for data, and the end of a line. */
  debt: u32;
  heardAtMs: u32;
  within: Within;
  number: u32;
  rawUntilMs: u32;
  /** Hashes of the line so far, of its part after the last `+`, and of the line before that `+`. */
  line: u32;
  notice: u32;
  before: u32;
  /** Hash of the line that just ended. */
  said: u32;
  /** The same where it has no meaning: a notice may have cut it in two. */
  cut: u32;
  /** The driver's steps; the first row is the prefix. */
  steps: usize;
}

/** Bytes for the fields of a driver, in a class that extends this one. */
const OWN_BYTES: u32 = 24;


@lazy
export const at = changetype<Engine>(family);
/** The command that is written; the driver sets its arguments. */
@lazy
export const out = changetype<Text>(family + offsetof<Engine>() + OWN_BYTES);
/** The rest of the family's state, for its driver. */
@lazy
export const more: usize = family + offsetof<Engine>() + OWN_BYTES + offsetof<Text>();

const CR: u32 = 0x0d;
const LF: u32 = 0x0a;
const SPACE: u32 = 0x20;
const PLUS: u32 = 0x2b;
const COMMA: u32 = 0x2c;
const QUOTE: u32 = 0x22;
const SIGN: u32 = 0x40;
const A: u32 = 0x41;
const T: u32 = 0x54;
const COLON: u32 = 0x3a;
const PROMPT: u32 = 0x3e;
/** `AT`, CR LF, `+++`. */
// prettier-ignore
@lazy
const texts = memory.data<u8>([<u8>A, <u8>T, 0, <u8>CR, <u8>LF, 0, <u8>PLUS, <u8>PLUS, <u8>PLUS, 0]);
const END: usize = 3;
const ESCAPE: usize = 6;
/** True if a module of the image puts bytes of the stream in quotation marks, and asks for them with `@`. */
const QUOTED: bool = isDefined(WITH_UBLOX);
/** No length a module names is longer. */
const MAX_LENGTH: u32 = 65535;

/** Begin with a module that may be doing anything. `command` asks it for another baud rate; 0: none does. */
export function start(steps: usize, command: usize): void {
  at.steps = steps;
  if (BAUD) rate.start(command);
  newLine();
  sync();
}

/** Begin a step that is a command. */
function issue(step: u32): void {
  at.tries = 0;
  at.hint = 0;
  write(step);
}

/** Write the command of a step. */
export function write(step: u32): void {
  let row = at.steps;
  for (let i: u32 = Phase.Search; i < step; i++) {
    row += 2;
    while (load<u8>(row++)) {}
  }
  writeRow(step, row);
}

/** Write the command of a row. */
function writeRow(step: u32, row: usize): void {
  at.step = step;
  at.row = row;
  at.flags = load<u16>(row);
  at.seen = 0;
  at.busy = 0;
  at.part = 0;
  limit();
  text.stop(out);
}

/** Begin a step that is no command. */
export function enter(step: u32, ms: u32): void {
  at.step = step;
  at.flags = 0;
  at.deadlineMs = stream.nowMs + ms;
}

/** True if the command of a late step is to be written again: the module was busy, and was not asked too often. */
export function again(): boolean {
  // An ERROR to the rest of a line before `AT`, such as `+++`.
  if (at.step == Phase.Sync && at.seen) return at.tries++ == 0;
  return at.busy != 0 && at.tries++ < (at.flags & Flag.Patient ? AT_SEND_TRIES : AT_TRIES);
}

/** Return the cause of a step that took too long. */
export function cause(): FaultCause {
  if (at.busy) return FaultCause.Busy;
  const beganMs = at.deadlineMs - (at.flags >> 8) * UNIT_MS;
  return <i32>(at.heardAtMs - beganMs) > 0 ? FaultCause.Garbage : FaultCause.Silence;
}

/** The step may take this long from now on. */
function limit(): void {
  at.deadlineMs = stream.nowMs + (at.flags >> 8) * UNIT_MS;
}

/** Look for the module. */
export function sync(): void {
  issue(Phase.Sync);
}

/** Leave passthrough mode, in case the module is in it: it would take every command for data. */
function escape(): void {
  enter(Phase.Escape, AT_ESCAPE_MS);
  at.debt = 0;
  at.part = 3;
}

/** Forget the step: one trouble more. */
export function drop(): void {
  // A module that does not listen may be waiting for data, even for that of a life before this one.
  if (at.step == Phase.Sync) at.debt = TUNNEL_HEAD_BYTES + LINK_TX_BYTES + 2;
  at.strikes++;
  at.part = 4;
  newLine();
}

/** Leave the module alone, then find it again. */
export function rest(): void {
  enter(Phase.Rest, min(AT_BACKOFF_MS << min<u32>(at.strikes - 1, 8), AT_BACKOFF_MAX_MS));
}

/** Act on the time. */
export function tick(): Event {
  if (at.within == Within.Raw && due(at.rawUntilMs)) return Event.Trouble;
  if (at.step == Phase.Idle) return Event.None;
  const settled = at.step == Phase.Settle && due(at.heardAtMs + AT_SETTLE_MS);
  if (!settled && !due(at.deadlineMs)) return Event.None;
  switch (at.step) {
    case Phase.Rest:
      if (BAUD) {
        rate.search(at.strikes);
        // A module that answers at a rate that the wire does not carry hears the reset, but not while it is busy with blanks.
        if (rate.now() && (at.strikes & 3) == 0) at.debt = 0;
      }
      if ((at.strikes & 3) == 2) escape();
      else if (at.strikes & 7) issue(at.strikes & 3 ? Phase.Sync : Phase.Reset);
      else enter(Phase.Pulse, AT_PULSE_MS);
      return Event.None;
    case Phase.Settle:
      found();
      return Event.None;
    case Phase.Pulse:
      // A board may have no such line.
      issue(Phase.Reset);
      return Event.None;
    case Phase.Reset:
      if (BAUD) rate.back();
      sync();
      return Event.None;
    case Phase.Escape:
      sync();
      return Event.None;
    default:
      return Event.Late;
  }
}

/** The module is found: ask for another baud rate, or begin the set-up. */
function found(): void {
  if (BAUD) {
    const command = rate.ask(out);
    if (command) {
      at.tries = 0;
      at.hint = 0;
      return writeRow(Phase.Rate, command);
    }
  }
  issue(Phase.SetUp);
}

/** The module has answered the question for another baud rate. It changes to it behind its answer. */
export function rated(isTaken: boolean): void {
  rate.answered(isTaken);
  if (isTaken) enter(Phase.Escape, AT_BUSY_MS);
  else issue(Phase.SetUp);
}

/** The next byte for the UART, or `text.END`: of the command, after a line of blanks for a module that takes what it hears for data. */
export function next(): u32 {
  if (at.part == 4) return text.END;
  if (at.debt) return --at.debt > 1 ? SPACE : at.debt ? CR : LF;
  if (text.over(out)) text.begin(out, piece());
  const byte = text.next(out);
  if (at.part == 3 && text.ended(out)) {
    // The command is complete for the module with this byte.
    text.stop(out);
    at.part = 4;
    if (at.flags) limit();
    else at.deadlineMs = stream.nowMs + AT_ESCAPE_MS;
  }
  if (byte != text.END) return byte;
  at.part++;
  if (at.part == 1 && !(at.flags & Flag.Prefix)) at.part = 2;
  return next();
}

/** Return the place of the command's next part. */
function piece(): usize {
  switch (at.part) {
    case 0:
      return texts;
    case 1:
      return at.steps + 2;
    case 2:
      return at.row + 2;
    default:
      return texts + (at.step == Phase.Escape ? ESCAPE : END);
  }
}

/** Begin a line. */
function newLine(): void {
  at.within = Within.Line;
  at.line = word.START;
  at.notice = word.START;
  at.cut = word.START;
  at.skipEnd = 0;
}

/** Bytes came. */
export function heard(len: u32): void {
  if (len) at.heardAtMs = stream.nowMs;
}

/** Take a byte from the UART. */
export function hear(byte: u32): Event {
  if (at.within == Within.Raw) {
    if (TUNNEL) tunnel.hear(byte);
    // The rest of a block whose connection was lost is counted only.
    else if (stream.state == LinkState.Open) put(byte);
    if (--at.number) return Event.None;
    at.strikes = 0;
    block();
    return end(UDP ? Event.Datagram : Event.None);
  }
  if (at.within != Within.Line) {
    const isBehind = at.within == Within.Tail || (QUOTED && at.within == Within.Quote);
    if (byte - 0x30 < 10 && at.number <= MAX_LENGTH && !isBehind) {
      at.number = at.number * 10 + (byte - 0x30);
      return Event.None;
    }
    if (at.within == Within.Head) at.within = Within.Tail;
    if (QUOTED && at.within == Within.Quoted) at.within = Within.Quote;
    if (at.within == Within.Tail) return head(byte);
    if (QUOTED && at.within == Within.Quote) return quote(byte);
    const isBlock = at.within == Within.Block;
    const isNumber = at.within == Within.Number;
    at.within = Within.Line;
    if (isNumber) at.hint = (at.hint & ~MAX_LENGTH) | min(at.number, MAX_LENGTH);
    else if ((TUNNEL || stream.state == LinkState.Open) && (byte == COLON || (isBlock && byte == COMMA)))
      return begin();
    else if (!isBlock) noticed();
  }
  if (byte == CR) return Event.None;
  if (byte == LF) {
    if (!at.skipEnd) return end(Event.Line);
    at.skipEnd = 0;
    return Event.None;
  }
  at.skipEnd = 0;
  if (isPrompt(byte)) {
    if (at.part == 4) return end(Event.Prompt);
    // It answers the command before this repetition, and takes this one for data.
    if (at.tries) return Event.Trouble;
  }
  if (byte == PLUS) {
    at.before = at.line == word.START ? at.cut : at.line;
    at.notice = word.START;
  } else if (at.line == word.START) {
    at.cut = word.START;
  }
  at.line = word.step(at.line, byte);
  at.notice = word.step(at.notice, byte);
  at.number = 0;
  return Event.Byte;
}

/** True if this byte asks for the data of the step. */
@inline
function isPrompt(byte: u32): boolean {
  if (QUOTED && at.flags & Flag.At) return byte == SIGN;
  return byte == PROMPT && (at.flags & Flag.Prompt) != 0;
}

/** The part of a line before a quotation mark, behind which bytes of the stream follow. A line without one has none. */
function quote(byte: u32): Event {
  if (byte == LF) return end(Event.None);
  return byte == QUOTE ? head(LF) : Event.None;
}

/** The rest of a line behind which bytes of the stream follow. */
function head(byte: u32): Event {
  if (byte != LF) return Event.None;
  at.within = Within.Line;
  return TUNNEL || stream.state == LinkState.Open ? begin() : end(Event.None);
}

/** A line is over, or what was in its place. */
function end(event: Event): Event {
  at.said = at.line;
  newLine();
  return event;
}

/** A notice is over: go on with the line it came in; the line end behind the notice is not that line's. */
function noticed(): void {
  at.pending = 1;
  at.line = at.before;
  at.notice = word.START;
  at.cut = word.START;
  at.skipEnd = 1;
}

/** Bytes of the peer follow, `at.number` of them. */
function begin(): Event {
  if (!TUNNEL && at.number > room()) return Event.Trouble;
  if (at.number == 0) {
    // If OK ends the step in any case, `seen` means that there were bytes.
    if (!(at.flags & Flag.Ok)) block();
    return end(Event.None);
  }
  if (UDP) tunnel.begin();
  at.within = Within.Raw;
  at.rawUntilMs = stream.nowMs + AT_REPLY_MS;
  if (!TUNNEL && at.number == room()) at.pending = 1;
  return Event.None;
}

/** All bytes that were announced came. */
function block(): void {
  if (at.flags & Flag.Block) at.seen = 1;
}

/** Act on OK: true if it ends the step. It counts only once its command is written, and its effect has been seen. */
export function ok(): boolean {
  if (at.part != 4) return false;
  if (at.step == Phase.Sync) {
    enter(Phase.Settle, AT_REPLY_MS);
    return false;
  }
  return (at.flags & (at.seen ? Flag.Ok | Flag.Seen : Flag.Ok)) != 0;
}

/** Act on ERROR: true if the driver must act on it. */
export function error(): boolean {
  if (at.step == Phase.Sync) at.seen = 1;
  return at.part == 4 && at.step != Phase.Sync;
}

/** True while the driver looks for the module: then its restart is no fault. */
export function isLooking(): boolean {
  const step = at.step;
  if (step == Phase.Sync || step == Phase.Reset) return true;
  return step == Phase.Rest || step == Phase.Pulse || step == Phase.Escape || step == Phase.Settle;
}

/** Return the state that the lines of the module are to have now. */
export function lines(): Lines {
  if (at.step != Phase.Pulse) return Lines.Released;
  return at.strikes & 15 ? Lines.Reset : Lines.PowerOff;
}

/** Act on busy: the module may still execute the command, so an answer counts until the repetition. */
export function busy(): void {
  if (!at.flags || at.part != 4 || at.busy) return;
  at.busy = 1;
  at.deadlineMs = stream.nowMs + (at.flags & Flag.Patient ? AT_SEND_MS : AT_BUSY_MS);
}
