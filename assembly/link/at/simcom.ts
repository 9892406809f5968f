/**
 * The driver for SIMCom modules of one dialect (SIM7500, SIM7600, A76xx), one TCP connection whose data the module keeps until it is read:
 *
 *     ATE0, AT+CPIN?, AT+CPIN="pin", AT+CIPRXGET=1, AT+CGDCONT=1,"IP","apn"      set up
 *     AT+CGATT?                      -> +CGATT: 1, again and again until then
 *     AT+NETOPEN?, AT+NETOPEN        -> OK, later +NETOPEN: 0
 *     AT+CIPOPEN=0,"TCP","host",port -> OK, later +CIPOPEN: 0,0 or the number of an error
 *     AT+CIPSEND=0,n                 -> >, then n bytes -> OK, later +CIPSEND: 0,n,k: the module took k of them
 *     +CIPRXGET: 1,0 (any time)      -> AT+CIPRXGET=2,0,m -> +CIPRXGET: 2,0,k,rest, a line end, k bytes, OK; or ERROR: there are none
 *     AT+CIPCLOSE=0                  -> OK, later +CIPCLOSE: 0,0
 *
 * A command with a result has two lines, OK and the result, in either order: both must have come before the next command, which would take a
 * late OK for its own. A connection that took fewer bytes than it was given is of no further use, by the manual.
 */
import { FaultCause, FaultStep } from "../facts";
import { Step, Word, rate, steps } from "./_simcom";
import * as engine from "./engine";
import { at } from "./engine";
import * as mobile from "./mobile";
import { Half, access, network } from "./mobile";
import { BAUD } from "./rate";
import * as connection from "./socket";
import { Event, Flag, Phase, Within } from "./step";

/** Begin to set up the module, from any state. */
export function start(nowMs: u32): void {
  mobile.clear();
  connection.start(steps, BAUD ? rate : 0, nowMs);
}

/** Act on an event of the engine. */
export function react(event: Event): void {
  if (event == Event.Byte) begun();
  else if (event == Event.Line) {
    if (!say(at.said)) at.cut = at.said;
  } else mobile.react(event);
}

/** Act on the beginning of a line. */
function begun(): void {
  switch (at.notice) {
    case Word.Received:
      at.within = Within.Head;
      return;
    case Word.Sent:
      // The number so far is what the module was given; that of what it took follows.
      network.before = <u16>at.hint;
      at.within = Within.Number;
      return;
    case Word.Fault:
    case Word.NetFault:
    case Word.Net:
    case Word.Opened:
    case Word.HungUp:
    case Word.Asked:
    case Word.Closed:
    case Word.AtReady:
      at.within = Within.Number;
      return;
    case Word.Attached:
      if (at.step == Step.Attach) at.seen = 1;
      return;
    default:
  }
}

/** Act on a line; false if it means nothing. */
function say(line: u32): boolean {
  switch (line) {
    case Word.Ok:
      if (engine.ok()) done();
      else if (at.part == 4) half(Half.Ok);
      return true;
    case Word.Error:
    case Word.Fault:
      if (engine.error()) error();
      return true;
    case Word.Net:
      if (at.step == Step.Active) at.seen = (at.hint & mobile.NUMBER) == 1 ? 1 : 0;
      else if (at.step == Step.Activate) half(mobile.result());
      return true;
    case Word.Opened:
      if (at.step == Phase.Connect) half(mobile.result());
      return true;
    case Word.HungUp:
      if (at.step == Phase.HangUp) half(Half.Good);
      return true;
    case Word.Sent:
    case Word.Unsent:
      if (at.step == Phase.Confirm) half(network.before == <u16>at.hint ? Half.Good : Half.Bad);
      return true;
    case Word.Arrived:
      at.pending = 1;
      return true;
    case Word.Closed:
      at.hint &= ~mobile.NUMBER;
      connection.closed();
      return true;
    case Word.NoContext:
      mobile.lost();
      return true;
    case Word.NeedsPin:
      network.locked = 1;
      return true;
    case Word.Ready:
    case Word.AtReady:
    case Word.PowerDown:
      connection.restarted();
      return true;
    default:
      return false;
  }
}

/** One of the two lines of a command with a result came: act once both are there. */
function half(line: Half): void {
  const verdict = mobile.half(line);
  if (verdict == Half.None) return;
  const good = verdict == Half.Good;
  switch (at.step) {
    case Phase.Connect:
      return good ? connection.connected() : connection.refused();
    case Phase.Confirm:
      return good ? connection.sent() : connection.gone(FaultCause.Error);
    case Phase.HangUp:
      return done();
    case Step.Activate:
      return good ? done() : connection.trouble(FaultCause.Error);
    default:
  }
}

/** A step has ended well. */
function done(): void {
  if (at.step == Phase.Read && at.seen) at.pending = 1;
  if (connection.done()) return;
  switch (at.step) {
    case Step.Echo:
      return connection.issue(Step.Errors);
    case Step.Errors:
    case Step.Extra:
      if (!mobile.extra()) mobile.askPin();
      return;
    case Step.Locked:
    case Step.Unlock:
      if (!mobile.unlocks()) connection.issue(Step.Passive);
      return;
    case Step.Passive:
      return mobile.configure(Step.Context);
    case Step.Context:
      return access.userLen ? mobile.configure(Step.Account) : mobile.attach();
    case Step.Account:
      return mobile.attach();
    case Step.Attach:
      return at.seen ? connection.issueAs(Step.Active, FaultStep.Context) : mobile.search();
    case Step.Active:
      return at.seen ? connection.issue(Phase.HangUp) : connection.issueAs(Step.Activate, FaultStep.Context);
    case Step.Activate:
      return connection.issue(Phase.HangUp);
    default:
      connection.ready();
  }
}

/** The module says ERROR, or the number of one. */
function error(): void {
  if (connection.failed()) return;
  switch (at.step) {
    case Step.Locked:
    case Step.Unlock:
    case Step.Passive:
    case Step.Context:
    case Step.Account:
    case Step.Activate:
      return connection.trouble(FaultCause.Error);
    case Step.Attach:
      return mobile.search();
    default:
      mobile.refused();
      // There was no connection to close; the others are worth no more than an answer.
      if (at.step == Phase.HangUp || at.flags & Flag.Ok) done();
  }
}
