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
import { Step, Word, steps } from "./_espat_udp";
import * as engine from "./engine";
import { at } from "./engine";
import { socket } from "./socket";
import * as connection from "./socket";
import { Event, Flag, Phase, Within } from "./step";
import * as wifi from "./wifi";

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
  } else connection.react(event);
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
      connection.took();
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
