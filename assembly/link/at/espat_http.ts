/**
 * The driver for the HTTP client of ESP-AT modules (Espressif), with a tunnel in it:
 *
 *     AT ... ATE0, and the network                      set up, after each reset of either side
 *     AT+HTTPCPOST="url",n,...   -> OK, >, then n bytes -> +HTTPCPOST:k,<k bytes> (once or more), SEND OK
 *                                                       -> SEND FAIL or ERROR
 *
 * Its words are in `espat_http.json`. A line that means nothing is ignored. A request that fails, or is late, is made again: the tunnel
 * makes that harmless.
 */
import { FaultCause } from "../facts";
import { Word, steps } from "./_espat_http";
import * as engine from "./engine";
import { at } from "./engine";
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
    if (at.notice == Word.Answer) at.within = Within.Block;
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
      if (at.step == Phase.Confirm) connection.sent();
      return true;
    case Word.SendFail:
      if (at.step == Phase.Confirm) connection.gone(FaultCause.Error);
      return true;
    case Word.BusyProcessing:
      engine.busy();
      return true;
    default:
      return wifi.say(line);
  }
}

/** A step has ended well. */
function done(): void {
  if (!wifi.joins()) connection.ready();
}

/** Act on ERROR or FAIL. */
function error(): void {
  if (!connection.failed() && !wifi.failed() && at.flags & Flag.Ok) done();
}
