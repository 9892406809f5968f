/**
 * The driver for SIMCom modules of the dialect of SIM7070, SIM7080 and SIM7090, one TCP connection whose data the module keeps until they are read:
 *
 *     ATE0, AT+CPIN?, AT+CPIN="pin", AT+CGDCONT=1,"IP","apn", AT+CNCFG=0,1,"apn","user","password",1     set up
 *     AT+CGATT?                      -> +CGATT: 1, again and again until then
 *     AT+CNACT?, AT+CNACT=0,1        -> OK, later +APP PDP: 0,ACTIVE
 *     AT+CAOPEN=0,0,"TCP","host",port -> +CAOPEN: 0,0 or the number of an error, and OK
 *     AT+CASEND=0,n                  -> >, then n bytes -> OK, in some versions later +CASEND: 0,0,n or the number of an error
 *     +CADATAIND: 0 (any time)       -> AT+CARECV=0,m -> +CARECV: k,<k bytes>, OK; or +CARECV: 0
 *     +CASTATE: 0,0 (any time)       the peer ended the connection
 *     AT+CACLOSE=0                   -> OK
 *
 * OK means that the module has the bytes. Not every version says more, so the driver does not wait for `+CASEND`: if it comes with an error, bytes that
 * counted as sent are lost, and the connection has failed.
 */
import { FaultCause, FaultStep } from "../facts";
import { Step, Word, rate, steps } from "./_sim7080";
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
      at.within = Within.Block;
      return;
    case Word.Sent:
      // The number so far is the result; that of bytes follows.
      network.before = <u16>at.hint;
      at.within = Within.Number;
      return;
    case Word.Fault:
    case Word.Opened:
    case Word.Result:
      at.within = Within.Number;
      return;
    case Word.Attached:
      if (at.step == Step.Attach) at.seen = 1;
      return;
    case Word.HasAddress:
      if (at.step == Step.Active) at.seen = 1;
      return;
    default:
  }
}

/** Act on a line; false if it means nothing. */
function say(line: u32): boolean {
  switch (line) {
    case Word.Ok:
      if (engine.ok()) done();
      else if (at.step == Phase.Confirm) connection.sent();
      else if (at.part == 4) half(Half.Ok);
      return true;
    case Word.Error:
    case Word.Fault:
      if (engine.error()) error();
      return true;
    case Word.Activated:
      if (at.step == Step.Activate) half(Half.Good);
      return true;
    case Word.Opened:
      if (at.step == Phase.Connect) half(mobile.result());
      return true;
    case Word.Sent:
      reported();
      return true;
    case Word.Arrived:
      at.pending = 1;
      return true;
    case Word.Closed:
      connection.closed();
      return true;
    case Word.NoContext:
      if (at.step == Step.Activate) half(Half.Bad);
      else mobile.lost();
      return true;
    case Word.NeedsPin:
      network.locked = 1;
      return true;
    case Word.Ready:
    case Word.PowerDown:
      connection.restarted();
      return true;
    default:
      return false;
  }
}

/** The module says what became of a send that it had taken. */
function reported(): void {
  at.hint &= ~mobile.NUMBER;
  if (network.before && connection.isOpen()) connection.trouble(FaultCause.Error);
}

/** One of the two lines of a command with a result came: act once both are there. */
function half(line: Half): void {
  const verdict = mobile.half(line);
  if (verdict == Half.None) return;
  if (at.step == Phase.Connect) return verdict == Half.Good ? connection.connected() : connection.refused();
  if (at.step == Step.Activate) return verdict == Half.Good ? done() : connection.trouble(FaultCause.Error);
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
      if (!mobile.unlocks()) mobile.configure(Step.Context);
      return;
    case Step.Context:
      return mobile.configure(access.userLen ? Step.Account : Step.Network);
    case Step.Network:
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
    case Step.Context:
    case Step.Activate:
      return connection.trouble(FaultCause.Error);
    case Step.Attach:
      return mobile.search();
    default:
      mobile.refused();
      // The others are worth no more than an answer: a module with a context of the life before takes no settings for it.
      if (at.flags & Flag.Ok) done();
  }
}
