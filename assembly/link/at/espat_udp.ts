/**
 * The driver for UDP through ESP-AT modules (Espressif), with a tunnel over CoAP in it:
 *
 *     AT ... ATE0, the network, AT+CIPMUX=0 ...    set up, after each reset of either side
 *     AT+CIPSTART="UDP","host",port   -> CONNECT, OK
 *     AT+CIPSEND=n                    -> OK, >, then n bytes -> SEND OK or SEND FAIL
 *     +IPD,n:<n bytes>   (any time)   the answer, or one that is late
 *
 * Its words are in `espat_udp.json`. A line that means nothing is ignored. A datagram that is lost is sent again: the tunnel makes
 * that harmless.
 */
import { FaultCause } from "../facts";
import { stream } from "../stream";
import * as tunnel from "../tunnel";
import { Step, Word, steps } from "./_espat_udp";
import * as engine from "./engine";
import { at } from "./engine";
import { socket } from "./socket";
import * as connection from "./socket";
import { Event, Flag, Phase, Within } from "./step";
import * as wifi from "./wifi";

/** Parts of an exchange, as bits of `at.seen` in step Confirm. */
const enum Part {
  Sent = 1,
  Answered = 2,
}

/** Begin to set up the module, from any state. */
export function start(nowMs: u32): void {
  wifi.start(steps, nowMs);
}

/** Act on an event of the engine. */
export function react(event: Event): void {
  if (event == Event.Byte) {
    if (at.notice == Word.Arrived) at.within = Within.Notice;
    else wifi.begun();
  } else if (event == Event.Line) {
    if (!say(at.said)) at.cut = at.said;
  } else if (event == Event.Datagram) {
    if (at.step == Phase.Confirm && tunnel.isWhole()) progress(Part.Answered);
  } else connection.react(event);
}

/** One part of an exchange is over; with the other, the exchange is. */
function progress(part: Part): void {
  at.seen |= <u8>part;
  if (at.seen == (Part.Sent | Part.Answered)) return connection.sent();
  at.deadlineMs = stream.nowMs + tunnel.patienceMs();
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
      if (at.step == Phase.Confirm) progress(Part.Sent);
      return true;
    case Word.SendFail:
      if (at.step == Phase.Confirm) connection.gone(FaultCause.Error);
      return true;
    case Word.BusyProcessing:
    case Word.BusySending:
      engine.busy();
      return true;
    case Word.Closed:
      if (at.step != Phase.HangUp && at.step != Phase.Connect) socket.attached = 0;
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
    case Step.Info:
      return connection.ready();
    default:
      connection.issue(at.step + 1);
  }
}

/** Act on ERROR or FAIL. */
function error(): void {
  if (connection.failed() || wifi.failed()) return;
  if (at.step == Step.Single) connection.trouble(FaultCause.Error);
  else if (at.flags & Flag.Ok) done();
}
