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
 * Its words are in `espat.json`. A line that means nothing is ignored, so echoes and garbage cost at most a repetition.
 *
 * Time proves nothing about a send. A module that is late is asked with AT: busy means that its verdict is still to come, OK
 * that the verdict was lost. Then nothing more is sent on this connection, what arrived is read, and the module is reset, so
 * that a verdict that comes after all cannot be taken for another send's.
 */
import { FaultCause } from "../facts";
import { Step, Word, steps } from "./_espat";
import * as engine from "./engine";
import { at } from "./engine";
import { socket } from "./socket";
import * as connection from "./socket";
import { Event, Flag, Phase, Within } from "./step";
import * as wifi from "./wifi";

/** Results of a send in `at.seen`, in step Probe. */
const enum Verdict {
  None,
  Sent,
  Failed,
}

/** Begin to set up the module, from any state. */
export function start(nowMs: u32): void {
  wifi.start(steps, nowMs);
}

/** Act on an event of the engine. */
export function react(event: Event): void {
  if (event == Event.Byte) begun();
  else if (event == Event.Line) {
    if (!say(at.said)) at.cut = at.said;
  } else if (event != Event.Late || !late()) connection.react(event);
}

/** Act on the beginning of a line. */
function begun(): void {
  if (at.notice == Word.Arrived) at.within = Within.Notice;
  else if (at.notice == Word.Received || at.notice == Word.ReceivedOld) at.within = Within.Block;
  else if (at.line == Word.Took && at.step == Phase.Confirm) at.seen = 1;
  else wifi.begun();
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
    case Word.Closed:
      if (at.step != Phase.HangUp && at.step != Phase.Connect) socket.attached = 0;
      if (socket.attached == 0 || at.seen) socket.peerGone = 1;
      return true;
    case Word.Connect:
      if (at.step == Phase.Connect) at.seen = 1;
      return true;
    default:
      return wifi.say(line);
  }
}

/** A step has ended well. */
function done(): void {
  if (connection.done() || wifi.joins()) return;
  switch (at.step) {
    case Step.Echo:
    case Step.Joined:
      return connection.issue(Step.Plain);
    case Step.Plain:
      return connection.issue(Phase.HangUp);
    case Phase.HangUp:
      return connection.issue(Step.Single);
    case Step.Passive:
    case Step.PassiveOld:
      return connection.ready();
    case Step.Probe:
      return judge();
    default:
      connection.issue(at.step + 1);
  }
}

/** Act on ERROR or FAIL. */
function error(): void {
  if (connection.failed() || wifi.failed()) return;
  switch (at.step) {
    case Step.Passive:
      // Its name before ESP-AT 2.4.
      return connection.issue(Step.PassiveOld);
    case Step.Single:
    case Step.PassiveOld:
      return connection.trouble(FaultCause.Error);
    default:
      // The others are worth no more than an answer.
      if (at.flags & (Flag.Ok | Flag.Seen)) done();
  }
}

/** A send took too long: ask the module, or judge what it said; false leaves it to the others. */
function late(): boolean {
  // Without `Recv` the module may still wait for data, and take a command for it.
  if (at.step == Phase.Confirm && at.seen) connection.issue(Step.Probe);
  else if (at.step == Step.Probe && at.seen) judge();
  else return false;
  return true;
}

/** Act on the result of a send. */
function verdict(says: Verdict): void {
  if (at.step == Phase.Confirm) {
    // Before `Recv` it can only be about an earlier send.
    if (says == Verdict.Failed) connection.gone(FaultCause.Error);
    else if (at.seen) connection.sent();
  } else if (at.step == Step.Probe) {
    at.seen = max(at.seen, <u8>says);
    // A module that was busy does not answer the probe.
    if (at.busy) judge();
  } else if (says == Verdict.Failed && connection.isOpen()) {
    // It takes back a SEND OK, or belongs to none of ours: bytes are missing at the peer.
    connection.trouble(FaultCause.Error);
  }
}

/** The probe is over: act on the verdict that came, or on its loss. */
function judge(): void {
  if (at.seen == Verdict.Sent) return connection.sent();
  if (at.seen == Verdict.None) socket.home = 0;
  connection.gone(at.seen == Verdict.None ? FaultCause.Silence : FaultCause.Error);
}
