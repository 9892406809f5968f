// Longer than 400 lines: one module's vocabulary and its reactions.
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
 * Its words are in `espat.words.json`. A line that means nothing is ignored, so echoes and garbage cost at most a
 * repetition. Where the driver can no longer tell what the module did with bytes of the stream it gives up the
 * connection, never the order of its bytes.
 *
 * Bytes count as sent only when SEND OK says so; time proves nothing. A module that is late is asked with AT: busy means
 * that its verdict is still to come, OK that the verdict was lost. Then nothing more is sent on this connection, what
 * arrived is read, and the module is reset, so that a verdict that comes after all cannot be taken for another send's.
 */
import { AT_POLL_MIN_MS, AT_POLL_MS, AT_REFUSALS, AT_SEND_MS, LINK_RX_BYTES, LINK_TX_BYTES } from "../../config";
import { Pipe } from "../../lib/pipe";
import { Status } from "../../lib/status";
import * as ring from "../stream";
import { LinkState, clear, due, reset, stream, tx } from "../stream";
import * as text from "../text";
import { Step, Word, steps } from "./_espat";
import * as engine from "./engine";
import { Engine, Event, Flag, Phase, Within, at, out } from "./engine";

/** Results of a send in `at.seen`, in step Probe. */
const enum Verdict {
  None,
  Sent,
  Failed,
}

if (LINK_TX_BYTES > 2048) ERROR("LINK_TX_BYTES must be at most 2048: ESP-AT takes no more in one AT+CIPSEND");

/** Data is asked for when this much fits, so that the commands do not outweigh it. */
const READ_ROOM: u32 = LINK_RX_BYTES / 2;


@unmanaged
class EspAt extends Engine {
  /** The module is set up: 1; 0 when idle: it must be reset before the next connection. */
  home: u32;
  /** Connections refused since the last that was opened. */
  refusals: u32;
  /** The layers above want the connection closed; it may exist in the module; it is over at its end. */
  hangUp: u32;
  attached: u32;
  peerGone: u32;
  /** Time of the next request for data without a notice, and the pause to the one after. */
  pollAtMs: u32;
  pollMs: u32;
  /** The last read was served before a send: 1. */
  sendNext: u32;
}

const esp = changetype<EspAt>(changetype<usize>(at));

/** The announced part of `tx`, as it is written. */
@lazy
const data = changetype<Pipe>(memory.data(offsetof<Pipe>(), 4));


@lazy
const digits: usize = memory.data(text.DECIMAL_BYTES);

/** Begin to set up the module, from any state. */
export function start(nowMs: u32): void {
  reset(nowMs);
  out.secondLen = 0;
  engine.start(steps);
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

/** Return the number of bytes for the peer that it takes now. */
export function room(): u32 {
  return stream.state != LinkState.Open || esp.peerGone ? 0 : LINK_TX_BYTES - stream.txLen;
}

/** Close once the accepted bytes are sent, or acknowledge that the connection is gone. */
export function close(): void {
  stream.rxLen = 0;
  if (stream.state == LinkState.Ready) return;
  if (stream.state != LinkState.Down && esp.attached) esp.hangUp = 1;
  stream.state = LinkState.Down;
  choose();
}

/** Act on the time. */
export function tick(): void {
  react(engine.tick());
  choose();
}

/** Hand out up to `max` bytes for the UART. */
export function toModule(to: usize, max: u32): u32 {
  choose();
  let written: u32 = 0;
  while (written < max) {
    if (at.step == Step.Data) {
      written += data.move(to + written, max - written);
      if (data.left == 0) at.step = Step.Confirm;
      at.seen = 0;
      at.deadlineMs = stream.nowMs + AT_SEND_MS;
    } else {
      const byte = engine.next();
      if (byte == text.END) break;
      store<u8>(to + written++, <u8>byte);
    }
  }
  return written;
}

/** Take bytes from the UART. */
export function fromModule(bytes: usize, len: u32): void {
  if (len) at.heardAtMs = stream.nowMs;
  for (let i: u32 = 0; i < len; i++) react(engine.hear(load<u8>(bytes + i)));
  choose();
}

/** Choose the next step, if there is nothing to wait for. */
function choose(): void {
  if (at.step != Phase.Idle) return;
  at.flags = 0;
  if (!esp.home && stream.state == LinkState.Down) return issue(Phase.Reset);
  if (esp.hangUp) return issue(stream.txLen && !esp.peerGone ? Step.Send : Step.HangUp);
  if (stream.state == LinkState.Down) stream.state = LinkState.Ready;
  if (stream.state == LinkState.Opening) return issue(Step.Connect);
  if (stream.state != LinkState.Open) return;
  if (esp.peerGone) {
    stream.txLen = 0;
    if (!at.pending) {
      stream.state = LinkState.PeerClosed;
      return;
    }
  }
  const canRead = ring.room() >= READ_ROOM && (at.pending || due(esp.pollAtMs));
  if (stream.txLen && (esp.sendNext || !canRead)) return issue(Step.Send);
  if (canRead) issue(Step.Read);
}

/** Begin a step that is a command. */
function issue(step: u32): void {
  at.tries = 0;
  write(step);
}

/** Write the command of a step, again or for the first time. */
function write(step: u32): void {
  let number = stream.port;
  if (step == Step.Connect) {
    esp.attached = 1;
    esp.peerGone = 0;
    at.pending = 0;
    out.first = stream.host;
    out.firstLen = stream.hostLen;
  } else if (step == Step.Send) {
    number = stream.txLen;
    data.hold(tx, number);
    esp.sendNext = 0;
  } else if (step == Step.Read) {
    number = ring.room();
    at.pending = 0;
    esp.sendNext = 1;
  }
  out.fourthLen = text.decimal(digits + text.DECIMAL_BYTES, number);
  out.fourth = digits + text.DECIMAL_BYTES - out.fourthLen;
  engine.write(step);
}

/** Act on an event of the engine. */
function react(event: Event): void {
  switch (event) {
    case Event.Byte:
      return begun();
    case Event.Line:
      if (!say(at.said)) at.cut = at.said;
      return;
    case Event.Prompt:
      return engine.enter(Step.Data, AT_SEND_MS);
    case Event.Late:
      return late();
    case Event.Trouble:
      return trouble();
  }
}

/** Act on the beginning of a line. */
function begun(): void {
  if (at.notice == Word.Arrived) at.within = Within.Notice;
  else if (at.notice == Word.Received || at.notice == Word.ReceivedOld) at.within = Within.Block;
  else if (at.line == Word.Took && at.step == Step.Confirm) at.seen = 1;
}

/** Act on a line; false if it means nothing. */
function say(line: u32): boolean {
  switch (line) {
    case Word.Ok:
      if (engine.ok()) done();
      return true;
    case Word.Error:
    case Word.Fail:
      if (engine.error()) error();
      return true;
    case Word.SendOk:
      verdict(Verdict.Sent);
      return true;
    case Word.SendFail:
      verdict(Verdict.Failed);
      return true;
    case Word.BusyProcessing:
    case Word.BusySending:
      engine.busy();
      return true;
    case Word.Ready:
      if (at.step != Phase.Reset) drop();
      at.debt = 0;
      engine.sync();
      return true;
    case Word.Closed:
      if (at.step != Step.HangUp && at.step != Step.Connect) esp.attached = 0;
      if (esp.attached == 0 || at.seen) esp.peerGone = 1;
      return true;
    case Word.Connect:
      if (at.step == Step.Connect) at.seen = 1;
      return true;
    default:
      return false;
  }
}

/** A step has ended well. */
function done(): void {
  switch (at.step) {
    case Step.Echo:
      return issue(out.secondLen ? Step.Mode : Step.Plain);
    case Step.Passive:
    case Step.PassiveOld:
      esp.home = 1;
      return idle();
    case Step.HangUp:
      esp.hangUp = 0;
      esp.attached = 0;
      return esp.home ? idle() : issue(Step.Single);
    case Step.Connect:
      return connected();
    case Step.Read:
      return readDone();
    case Step.Probe:
      return judge();
    default:
      issue(at.step + 1);
  }
}

/** Act on ERROR or FAIL. */
function error(): void {
  switch (at.step) {
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
    default:
      // The others are worth no more than an answer.
      if (at.flags & (Flag.Ok | Flag.Seen)) done();
  }
}

/** The step took too long. */
function late(): void {
  // Without `Recv` the module may still wait for data, and take a command for it.
  if (at.step == Step.Confirm && at.seen) return issue(Step.Probe);
  if (at.step == Step.Probe && at.seen) return judge();
  if (!engine.again()) return trouble();
  write(at.step);
}

/** The connection, if there is one, and the module's set-up are lost. */
function drop(): void {
  if (stream.state == LinkState.Opening || stream.state == LinkState.Open) {
    stream.state = LinkState.Failed;
    clear();
  } else if (stream.state == LinkState.Ready) {
    stream.state = LinkState.Down;
  }
  if (at.step == Step.Send || at.step == Step.Data) at.debt = data.left + 2;
  esp.home = 0;
  esp.hangUp = 0;
  esp.attached = 0;
  stream.txLen = 0;
  engine.drop();
}

/** Give up the work in progress, and find the module again after a pause. */
function trouble(): void {
  drop();
  engine.rest();
}

function idle(): void {
  at.step = Phase.Idle;
  choose();
}

function connected(): void {
  if (stream.state == LinkState.Opening) stream.state = LinkState.Open;
  poll(AT_POLL_MS);
  esp.refusals = 0;
  // It works, up to here: one more trouble is worth a reset, but no longer pauses.
  at.strikes = min(at.strikes, 3);
  idle();
}

function refused(): void {
  if (stream.state == LinkState.Opening) stream.state = LinkState.Failed;
  esp.refusals++;
  if (esp.refusals % AT_REFUSALS == 0) return trouble();
  esp.hangUp = 1;
  idle();
}

function readDone(): void {
  poll(at.seen ? AT_POLL_MIN_MS : esp.pollMs * 2);
  idle();
}

/** Act on the result of a send. */
function verdict(says: Verdict): void {
  if (at.step == Step.Confirm) {
    // Before `Recv` it can only be about an earlier send.
    if (says == Verdict.Failed) gone();
    else if (at.seen) sent();
  } else if (at.step == Step.Probe) {
    at.seen = max(at.seen, says);
    // A module that was busy does not answer the probe.
    if (at.busy) judge();
  } else if (says == Verdict.Failed && stream.state == LinkState.Open && !esp.peerGone) {
    // It takes back a SEND OK, or belongs to none of ours: bytes are missing at the peer.
    trouble();
  }
}

/** The probe is over: act on the verdict that came, or on its loss. */
function judge(): void {
  if (at.seen == Verdict.Sent) return sent();
  if (at.seen == Verdict.None) esp.home = 0;
  gone();
}

/** Act on the end of announced data. */
function sent(): void {
  stream.txLen -= <u32>(data.at - tx);
  memory.copy(tx, data.at, stream.txLen);
  // No further step: an answer is due, and its notice can be lost.
  if (!stream.txLen) poll(AT_POLL_MIN_MS);
  idle();
}

/** The module can no longer send, or must not; the bytes that it still holds can be read. */
function gone(): void {
  stream.txLen = 0;
  esp.peerGone = 1;
  at.pending = 1;
  idle();
}

/** Ask for data after `ms`, whether it is announced or not. */
function poll(ms: u32): void {
  esp.pollMs = min(ms, AT_POLL_MS);
  esp.pollAtMs = stream.nowMs + esp.pollMs;
}
