/**
 * The driver for ESP-AT modules (Espressif), one TCP connection in passive receive mode:
 *
 *     AT ... ATE0, AT+CIPMUX=0, AT+CIPRECVTYPE=1 ...     set up, after each reset of either side
 *     AT+CIPSTART="TCP","host",port   -> CONNECT, OK
 *     AT+CIPSEND=n                    -> OK, >, then n bytes -> Recv n bytes, SEND OK or SEND FAIL
 *     AT                              -> OK or busy, where neither comes
 *     +IPD,n   (any time)             -> AT+CIPRECVDATA=m -> +CIPRECVDATA:k,<k bytes>, OK
 *     AT+CIPCLOSE                     -> CLOSED, OK
 *
 * One command is in flight at a time, each with a time limit. What a module says is known by the hash of the line; a line
 * that means nothing is ignored, so echoes and garbage cost at most a repetition. Where the driver can no longer tell
 * what the module did with bytes of the stream it gives up the connection, never the order of its bytes: it pauses,
 * longer each time, finds the module again, and at every fourth trouble in a row resets it.
 *
 * Bytes count as sent only when SEND OK says so; time proves nothing. A module that is late is asked with AT: busy means
 * that its verdict is still to come, OK that the verdict was lost. Then nothing more is sent on this connection, what
 * arrived is read, and the module is reset, so that a verdict that comes after all cannot be taken for another send's.
 */
import {
  AT_BACKOFF_MAX_MS,
  AT_BACKOFF_MS,
  AT_BUSY_MS,
  AT_ESCAPE_MS,
  AT_JOIN_MS,
  AT_OPEN_MS,
  AT_POLL_MIN_MS,
  AT_POLL_MS,
  AT_REFUSALS,
  AT_REPLY_MS,
  AT_RESET_MS,
  AT_SEND_MS,
  AT_SEND_TRIES,
  AT_SETTLE_MS,
  AT_SYNC_MS,
  AT_TRIES,
  LINK_RX_BYTES,
  LINK_TX_BYTES,
} from "../config";
import { Status } from "../lib/status";
import { LinkState, clear, due, put, reset, room, stream, tx } from "./_stream";
import * as text from "./_text";
import { Text } from "./_text";
import * as word from "./_word";

/** What the driver is doing: first those steps that are a command, in the order of `tails`. */
const enum Step {
  Sync,
  Echo,
  Mode,
  Join,
  Plain,
  HangUp,
  Single,
  Info,
  Passive,
  PassiveOld,
  Connect,
  Send,
  Read,
  /** A late module is asked whether it is still sending. */
  Probe,
  Reset,
  /** `+++` is on its way, or the silence after it. */
  Escape,
  /** Waiting until no late answer comes any more. */
  Settle,
  /** The pause after a trouble. */
  Rest,
  /** The module asked for the data. */
  Data,
  /** The module has the data, and has not said whether it could send it. */
  Confirm,
  Idle,
}

/** What a module may say, by hash; the unit test spells the words. */
const enum Word {
  Ok = 0x85e4b82f,
  Error = 0xdf22b531,
  Fail = 0x5c438d2d,
  SendOk = 0xfc7877a7,
  SendFail = 0x0ee6fe25,
  BusyProcessing = 0x0b3c3b96,
  BusySending = 0x6e12410d,
  Ready = 0x660ec0f4,
  Closed = 0x512954c5,
  Connect = 0x782b3cd9,
  /** These begin what goes on with a number: `+IPD,`, `+CIPRECVDATA:` or `+CIPRECVDATA,`, `Recv `. */
  Arrived = 0x81459043,
  Received = 0x19911e64,
  ReceivedOld = 0x2791346e,
  Took = 0x1e263f97,
}

const CR: u32 = 0x0d;
const LF: u32 = 0x0a;
const SPACE: u32 = 0x20;
const PLUS: u32 = 0x2b;
const COMMA: u32 = 0x2c;
const COLON: u32 = 0x3a;
const PROMPT: u32 = 0x3e;
/** No length a module names is longer. */
const MAX_LENGTH: u32 = 65535;
/** Data is asked for when this much fits, so that the commands do not outweigh it. */
const READ_ROOM: u32 = LINK_RX_BYTES / 2;

/** The commands: `AT`, from `Plain` to `Read` then `+CIP`, the tail of the step, CR LF. In RAM they cost less than the code to reach flash. */
// prettier-ignore
const heads = memory.data<u8>([0x41, 0x54, 0, /* +CIP */ 0x2b, 0x43, 0x49, 0x50, 0, /* CR LF */ 0x0d, 0x0a, 0, /* +++ */ 0x2b, 0x2b, 0x2b, 0]);
const HEAD_CIP: usize = 3;
const HEAD_END: usize = 8;
const HEAD_ESCAPE: usize = 11;
// prettier-ignore
const tails = memory.data<u8>([
  /* (none)                */ 0,
  /* E0                    */ 0x45, 0x30, 0,
  /* +CWMODE=1             */ 0x2b, 0x43, 0x57, 0x4d, 0x4f, 0x44, 0x45, 0x3d, 0x31, 0,
  /* +CWJAP="ssid","secret" */ 0x2b, 0x43, 0x57, 0x4a, 0x41, 0x50, 0x3d, 0x22, 6, 0x22, 0x2c, 0x22, 7, 0x22, 0,
  /* MODE=0                */ 0x4d, 0x4f, 0x44, 0x45, 0x3d, 0x30, 0,
  /* CLOSE                 */ 0x43, 0x4c, 0x4f, 0x53, 0x45, 0,
  /* MUX=0                 */ 0x4d, 0x55, 0x58, 0x3d, 0x30, 0,
  /* DINFO=0               */ 0x44, 0x49, 0x4e, 0x46, 0x4f, 0x3d, 0x30, 0,
  /* RECVTYPE=1            */ 0x52, 0x45, 0x43, 0x56, 0x54, 0x59, 0x50, 0x45, 0x3d, 0x31, 0,
  /* RECVMODE=1            */ 0x52, 0x45, 0x43, 0x56, 0x4d, 0x4f, 0x44, 0x45, 0x3d, 0x31, 0,
  /* START="TCP","host",n  */ 0x53, 0x54, 0x41, 0x52, 0x54, 0x3d, 0x22, 0x54, 0x43, 0x50, 0x22, 0x2c, 0x22, 1, 0x22, 0x2c, 4, 0,
  /* SEND=n                */ 0x53, 0x45, 0x4e, 0x44, 0x3d, 4, 0,
  /* RECVDATA=n            */ 0x52, 0x45, 0x43, 0x56, 0x44, 0x41, 0x54, 0x41, 0x3d, 4, 0,
  /* (none)                */ 0,
  /* +RST                  */ 0x2b, 0x52, 0x53, 0x54, 0,
]);

/** What `seen` says of a send, in step Probe. */
const enum Verdict {
  None,
  Sent,
  Failed,
}

/** What the parser is in the midst of. */
const enum Within {
  Line,
  ArrivedNumber,
  ReceivedNumber,
  Raw,
}


@unmanaged
class EspAt {
  step: Step;
  /** When the step has taken too long, or is over. */
  deadlineMs: u32;
  /** How far the command is written: 0 `AT`, 1 `+CIP`, 2 tail, 3 CR LF, 4 done. */
  part: u32;
  /** The step has seen what its OK needs: `CONNECT`, the data, `Recv`, a Verdict. */
  seen: u32;
  /** The module said busy to this command, and how often it was repeated. */
  busy: u32;
  tries: u32;
  /** The module is set up: 1; 0 when idle: it must be reset before the next connection. */
  home: u32;
  /** Troubles since the last byte of a peer, and connections refused since the last that was opened. */
  strikes: u32;
  refusals: u32;
  /** Bytes the module may still take for the data of a CIPSEND, and the end of a line. */
  debt: u32;
  /** The layers above want the connection closed; it may exist in the module; it is over at its end. */
  hangUp: u32;
  attached: u32;
  peerGone: u32;
  /** Data waits in the module, as far as we know; when to ask although we know of none, and after what pause again. */
  pending: u32;
  pollAtMs: u32;
  pollMs: u32;
  /** How much of `tx` was announced, and handed over. */
  sending: u32;
  handed: u32;
  /** The last read was served before a send: 1. */
  sendNext: u32;
  heardAtMs: u32;
  within: Within;
  number: u32;
  rawUntilMs: u32;
  /** Hash of the line so far; of what follows its last `+`; of the line before that `+`. */
  line: u32;
  notice: u32;
  before: u32;
  /** Hash of the line that just ended without a meaning: a notice may have cut it in two. */
  cut: u32;
  /** The line end that belongs to a notice is still to be skipped: 1. */
  skipEnd: u32;
}

const at = changetype<EspAt>(memory.data(offsetof<EspAt>(), 8));
const out = changetype<Text>(memory.data(offsetof<Text>(), 8));
const digits: usize = memory.data(text.DECIMAL_BYTES);

/** Begin to set up the module, whatever it is doing. */
export function start(nowMs: u32): void {
  reset(nowMs);
  memory.fill(changetype<usize>(at), 0, offsetof<EspAt>());
  out.secondLen = 0;
  newLine();
  issue(Step.Sync);
}

/** Join this network during set-up. */
export function join(ssid: usize, ssidLen: u32, secret: usize, secretLen: u32): void {
  out.second = ssid;
  out.secondLen = ssidLen;
  out.third = secret;
  out.thirdLen = secretLen;
}

/** Open a connection; `host` is kept by pointer. */
export function open(host: usize, hostLen: u32, port: u32): Status {
  stream.host = host;
  stream.hostLen = hostLen;
  stream.port = port;
  stream.state = LinkState.Opening;
  clear();
  choose();
  return Status.Ok;
}

/** Take up to `len` bytes for the peer. */
export function send(data: usize, len: u32): u32 {
  if (stream.state != LinkState.Open || at.peerGone) return 0;
  const taken = min(len, LINK_TX_BYTES - stream.txLen);
  memory.copy(tx + stream.txLen, data, taken);
  stream.txLen += taken;
  return taken;
}

/** Close once what was taken is sent; or see that the connection is gone. */
export function close(): void {
  stream.rxLen = 0;
  if (stream.state == LinkState.Ready) return;
  if (stream.state != LinkState.Down && at.attached) at.hangUp = 1;
  stream.state = LinkState.Down;
  choose();
}

/** Do what time asks for. */
export function tick(): void {
  if (at.within == Within.Raw && due(at.rawUntilMs)) return trouble();
  if (at.step == Step.Idle) return choose();
  if (at.step == Step.Settle && due(at.heardAtMs + AT_SETTLE_MS)) return issue(Step.Echo);
  if (due(at.deadlineMs)) expire();
}

/** Choose what to do next. */
function choose(): void {
  if (at.step != Step.Idle) return;
  if (!at.home && stream.state == LinkState.Down) return issue(Step.Reset);
  if (at.hangUp) return issue(stream.txLen && !at.peerGone ? Step.Send : Step.HangUp);
  if (stream.state == LinkState.Down) stream.state = LinkState.Ready;
  if (stream.state == LinkState.Opening) return issue(Step.Connect);
  if (stream.state != LinkState.Open) return;
  if (at.peerGone) {
    stream.txLen = 0;
    if (!at.pending) {
      stream.state = LinkState.PeerClosed;
      return;
    }
  }
  const canRead = room() >= READ_ROOM && (at.pending || due(at.pollAtMs));
  if (stream.txLen && (at.sendNext || !canRead)) return issue(Step.Send);
  if (canRead) issue(Step.Read);
}

/** Begin a step that is a command. */
function issue(step: Step): void {
  at.tries = 0;
  repeat(step);
}

/** Write the command of a step, again or for the first time. */
function repeat(step: Step): void {
  at.step = step;
  at.seen = 0;
  at.busy = 0;
  at.part = 0;
  at.deadlineMs = stream.nowMs + limit(step);
  if (step == Step.Connect) {
    at.attached = 1;
    at.peerGone = 0;
    at.pending = 0;
    out.first = stream.host;
    out.firstLen = stream.hostLen;
    number(stream.port);
  } else if (step == Step.Send) {
    at.sending = stream.txLen;
    at.handed = 0;
    at.sendNext = 0;
    number(at.sending);
  } else if (step == Step.Read) {
    at.pending = 0;
    at.sendNext = 1;
    number(room());
  }
  text.begin(out, heads);
}

function number(value: u32): void {
  out.fourthLen = text.decimal(digits + text.DECIMAL_BYTES, value);
  out.fourth = digits + text.DECIMAL_BYTES - out.fourthLen;
}

/** How long a step may take. */
function limit(step: Step): u32 {
  switch (step) {
    case Step.Sync:
      return AT_SYNC_MS;
    case Step.Join:
      return AT_JOIN_MS;
    case Step.Connect:
      return AT_OPEN_MS;
    case Step.Send:
    case Step.Data:
    case Step.Confirm:
      return AT_SEND_MS;
    case Step.Reset:
      return AT_RESET_MS;
    default:
      return AT_REPLY_MS;
  }
}

/** The step took too long, or its pause is over. */
function expire(): void {
  switch (at.step) {
    case Step.Rest:
      return at.strikes & 3 ? ((at.strikes & 3) == 2 ? escape() : issue(Step.Sync)) : issue(Step.Reset);
    case Step.Escape:
    case Step.Reset:
      return issue(Step.Sync);
    case Step.Settle:
      return issue(Step.Echo);
    case Step.Confirm:
      // Without `Recv` it may still wait for data, and take a command for it.
      return at.seen ? issue(Step.Probe) : trouble();
    default:
      if (at.step == Step.Probe && at.seen) return judge();
      if (!at.busy || at.tries >= (sends(at.step) ? AT_SEND_TRIES : AT_TRIES)) return trouble();
      at.tries++;
      repeat(at.step);
  }
}

/**
 * Whether a busy module is left alone for as long as a send may take: a prompt that comes after all would make it take
 * a repeated command for data, and a verdict comes by itself.
 */
@inline
function sends(step: Step): boolean {
  return step == Step.Send || step == Step.Probe;
}

/** Leave passthrough mode, in case the module is in it: it would take every command for data. */
function escape(): void {
  at.step = Step.Escape;
  at.debt = 0;
  at.part = 3;
  at.deadlineMs = stream.nowMs + AT_ESCAPE_MS;
  text.begin(out, heads + HEAD_ESCAPE);
}

/** The connection, if there is one, and the module's set-up are lost. */
function drop(): void {
  if (stream.state == LinkState.Opening || stream.state == LinkState.Open) {
    stream.state = LinkState.Failed;
    clear();
  } else if (stream.state == LinkState.Ready) {
    stream.state = LinkState.Down;
  }
  // A module that does not listen may be waiting for data, even for that of a life before this one.
  if (at.step == Step.Send || at.step == Step.Data) at.debt = at.sending - at.handed + 2;
  else if (at.step == Step.Sync) at.debt = LINK_TX_BYTES + 2;
  at.home = 0;
  at.hangUp = 0;
  at.attached = 0;
  at.strikes++;
  stream.txLen = 0;
  text.stop(out);
  newLine();
}

/** Give up what was going on, and find the module again after a pause. */
function trouble(): void {
  drop();
  at.step = Step.Rest;
  at.deadlineMs = stream.nowMs + min(AT_BACKOFF_MS << min(at.strikes - 1, 8), AT_BACKOFF_MAX_MS);
}

/** Hand out up to `max` bytes for the UART. */
export function toModule(to: usize, max: u32): u32 {
  if (at.step == Step.Idle) choose();
  let written: u32 = 0;
  while (written < max) {
    if (at.step == Step.Data) {
      const len = min(max - written, at.sending - at.handed);
      memory.copy(to + written, tx + at.handed, len);
      at.handed += len;
      written += len;
      if (at.handed == at.sending) {
        at.step = Step.Confirm;
        at.seen = 0;
      }
      at.deadlineMs = stream.nowMs + AT_SEND_MS;
    } else {
      if (text.over(out)) break;
      store<u8>(to + written++, <u8>letter());
    }
  }
  return written;
}

/** The next byte of the command, after a line of blanks for a module that takes what it hears for data. */
function letter(): u32 {
  if (at.debt) return --at.debt > 1 ? SPACE : at.debt ? CR : LF;
  const byte = text.next(out);
  if (at.part == 3 && text.ended(out)) {
    // With this byte the module knows the command.
    text.stop(out);
    at.part = 4;
    at.deadlineMs = stream.nowMs + (at.step == Step.Escape ? AT_ESCAPE_MS : limit(at.step));
  }
  if (byte != text.END) return byte;
  at.part++;
  if (at.part == 1 && (at.step < Step.Plain || at.step > Step.Read)) at.part = 2;
  text.begin(out, at.part == 1 ? heads + HEAD_CIP : at.part == 2 ? tail(at.step) : heads + HEAD_END);
  return letter();
}

function tail(step: Step): usize {
  let found = tails;
  for (let i: u32 = 0; i < <u32>step; i++) {
    while (load<u8>(found)) found++;
    found++;
  }
  return found;
}

/** Take bytes from the UART. */
export function fromModule(bytes: usize, len: u32): void {
  if (len) at.heardAtMs = stream.nowMs;
  for (let i: u32 = 0; i < len; i++) feed(load<u8>(bytes + i));
  if (at.step == Step.Idle) choose();
}

function newLine(): void {
  at.within = Within.Line;
  at.line = word.START;
  at.notice = word.START;
  at.cut = word.START;
  at.skipEnd = 0;
}

function feed(byte: u32): void {
  if (at.within == Within.Raw) {
    put(byte);
    if (--at.number) return;
    at.strikes = 0;
    if (at.step == Step.Read) at.seen = 1;
    return newLine();
  }
  if (at.within != Within.Line) {
    if (byte - 0x30 < 10 && at.number <= MAX_LENGTH) {
      at.number = at.number * 10 + (byte - 0x30);
      return;
    }
    if (numbered(byte)) return;
  }
  if (byte == CR) return;
  if (byte == LF) return endLine();
  at.skipEnd = 0;
  if (byte == PROMPT && at.step == Step.Send) {
    if (at.part == 4) {
      at.step = Step.Data;
      return newLine();
    }
    // It answers the command before this repetition, and takes this one for data.
    if (at.tries) return trouble();
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
  if (at.notice == Word.Arrived) at.within = Within.ArrivedNumber;
  else if (at.notice == Word.Received || at.notice == Word.ReceivedOld) at.within = Within.ReceivedNumber;
  else if (at.line == Word.Took && at.step == Step.Confirm) at.seen = 1;
}

/** The number after a notice is over; true if `byte` belongs to it. */
function numbered(byte: u32): boolean {
  const data = at.within == Within.ReceivedNumber;
  at.within = Within.Line;
  if (stream.state == LinkState.Open && (byte == COLON || (data && byte == COMMA))) {
    begin();
    return true;
  }
  if (data) return false;
  at.pending = 1;
  // Go on with the line the notice came in; the line end behind the notice is not that line's.
  at.line = at.before;
  at.notice = word.START;
  at.cut = word.START;
  at.skipEnd = 1;
  return false;
}

/** Bytes of the peer follow, `at.number` of them. */
function begin(): void {
  if (at.number > room()) return trouble();
  if (at.number == 0) {
    if (at.step == Step.Read) at.seen = 1;
    return;
  }
  at.within = Within.Raw;
  at.rawUntilMs = stream.nowMs + AT_REPLY_MS;
  if (at.number == room()) at.pending = 1;
}

function endLine(): void {
  if (at.skipEnd) {
    at.skipEnd = 0;
    return;
  }
  const line = at.line;
  newLine();
  if (!say(line)) at.cut = line;
}

/** Act on what the module said; false if it means nothing. */
function say(line: u32): boolean {
  switch (line) {
    case Word.Ok:
      ok();
      return true;
    case Word.Error:
    case Word.Fail:
      error();
      return true;
    case Word.SendOk:
      verdict(Verdict.Sent);
      return true;
    case Word.SendFail:
      verdict(Verdict.Failed);
      return true;
    case Word.BusyProcessing:
    case Word.BusySending:
      if (at.step <= Step.Reset && at.part == 4 && !at.busy) {
        // The command may still be worked on, so an answer counts until it is repeated.
        at.busy = 1;
        at.deadlineMs = stream.nowMs + (sends(at.step) ? AT_SEND_MS : AT_BUSY_MS);
      }
      return true;
    case Word.Ready:
      if (at.step != Step.Reset) drop();
      at.debt = 0;
      issue(Step.Sync);
      return true;
    case Word.Closed:
      if (at.step != Step.HangUp && at.step != Step.Connect) at.attached = 0;
      if (at.attached == 0 || at.seen) at.peerGone = 1;
      return true;
    case Word.Connect:
      if (at.step == Step.Connect) at.seen = 1;
      return true;
    default:
      return false;
  }
}

/** An OK counts only once its command is written, and has had the effect it confirms. */
function ok(): void {
  if (at.part != 4) return;
  switch (at.step) {
    case Step.Sync:
      at.step = Step.Settle;
      at.deadlineMs = stream.nowMs + AT_REPLY_MS;
      return;
    case Step.Connect:
      if (at.seen) connected();
      return;
    case Step.Read:
      if (at.seen) readDone();
      return;
    case Step.Probe:
      return judge();
    default:
      if (at.step <= Step.PassiveOld) done();
  }
}

function error(): void {
  if (at.part != 4) return;
  switch (at.step) {
    case Step.Sync:
      return;
    case Step.Passive:
      // Its name before ESP-AT 2.4.
      return issue(Step.PassiveOld);
    case Step.Join:
    case Step.Single:
    case Step.PassiveOld:
      return trouble();
    case Step.Connect:
      return refused();
    case Step.Send:
    case Step.Confirm:
      return gone();
    case Step.Read:
      return readDone();
    case Step.Probe:
      return judge();
    default:
      if (at.step < Step.Connect) done();
  }
}

/** A command of the set-up, or the one that closes, is done. */
function done(): void {
  switch (at.step) {
    case Step.Echo:
      return issue(out.secondLen ? Step.Mode : Step.Plain);
    case Step.Passive:
    case Step.PassiveOld:
      at.home = 1;
      return idle();
    case Step.HangUp:
      at.hangUp = 0;
      at.attached = 0;
      return at.home ? idle() : issue(Step.Single);
    default:
      issue(at.step + 1);
  }
}

function idle(): void {
  at.step = Step.Idle;
  choose();
}

function connected(): void {
  if (stream.state == LinkState.Opening) stream.state = LinkState.Open;
  poll(AT_POLL_MS);
  at.refusals = 0;
  // It works, up to here: one more trouble is worth a reset, but no longer pauses.
  at.strikes = min(at.strikes, 3);
  idle();
}

function refused(): void {
  if (stream.state == LinkState.Opening) stream.state = LinkState.Failed;
  at.refusals++;
  if (at.refusals % AT_REFUSALS == 0) return trouble();
  at.hangUp = 1;
  idle();
}

function readDone(): void {
  poll(at.seen ? AT_POLL_MIN_MS : at.pollMs * 2);
  idle();
}

/** The module says what became of a send. */
function verdict(says: Verdict): void {
  if (at.step == Step.Confirm) {
    // Before `Recv` it can only be about an earlier send.
    if (says == Verdict.Failed) gone();
    else if (at.seen) sent();
  } else if (at.step == Step.Probe) {
    at.seen = max(at.seen, says);
    // A module that was busy does not answer the probe.
    if (at.busy) judge();
  } else if (says == Verdict.Failed && stream.state == LinkState.Open && !at.peerGone) {
    // It takes back a SEND OK, or belongs to none of ours: bytes are missing at the peer.
    trouble();
  }
}

/** The probe is over: act on the verdict that came, or on its loss. */
function judge(): void {
  if (at.seen == Verdict.Sent) return sent();
  if (at.seen == Verdict.None) at.home = 0;
  gone();
}

/** The module has sent what was announced. */
function sent(): void {
  stream.txLen -= at.sending;
  memory.copy(tx, tx + at.sending, stream.txLen);
  // Nothing more to say: an answer is due, and its notice can be lost.
  if (!stream.txLen) poll(AT_POLL_MIN_MS);
  idle();
}

/** The module can no longer send, or must not; what it still holds for us can be read. */
function gone(): void {
  stream.txLen = 0;
  at.peerGone = 1;
  at.pending = 1;
  idle();
}

/** Ask for data after `ms`, whether it is announced or not. */
function poll(ms: u32): void {
  at.pollMs = min(ms, AT_POLL_MS);
  at.pollAtMs = stream.nowMs + at.pollMs;
}
