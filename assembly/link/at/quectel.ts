/**
 * The driver for Quectel modules of one dialect (BG95, BG96, EC2x, EG91, EC200), one TCP connection in buffer access mode:
 *
 *     ATE0, AT+CPIN?, AT+CPIN="pin", AT+QICSGP=1,1,"apn","user","password",1     set up
 *     AT+CGATT?                      -> +CGATT: 1, again and again until then
 *     AT+QIACT?, AT+QIACT=1          -> OK
 *     AT+QIOPEN=1,0,"TCP","host",port,0,0 -> OK, later +QIOPEN: 0,0 or the number of an error
 *     AT+QISEND=0,n                  -> >, then n bytes -> SEND OK, or SEND FAIL: there was no room
 *     +QIURC: "recv",0 (any time)    -> AT+QIRD=0,m -> +QIRD: k, a line end, k bytes, OK
 *     AT+QICLOSE=0                   -> OK
 *
 * With datagrams, for a tunnel over CoAP, direct push mode:
 *
 *     AT+QIOPEN=1,0,"UDP","host",port,0,1 -> OK, later +QIOPEN: 0,0
 *     +QIURC: "recv",0,n, a line end, n bytes (any time)
 *
 * The source is Quectel's "BG95&BG77&BG600L Series TCP/IP Application Note". SEND OK means that the module has the bytes. A module that says neither is found again, and the connection has failed.
 * The module says `recv` once, until all is read: after a read that gave something there may be more.
 */
import { AT_BUSY_MS } from "../../config";
import { FaultCause, FaultStep } from "../facts";
import { UDP } from "../stream";
import { Step, Word, rate, steps, udpSteps } from "./_quectel";
import * as engine from "./engine";
import { at } from "./engine";
import * as mobile from "./mobile";
import { network } from "./mobile";
import { BAUD } from "./rate";
import { socket } from "./socket";
import * as connection from "./socket";
import { Event, Flag, Phase, Within } from "./step";

/** Begin to set up the module, from any state. */
export function start(nowMs: u32): void {
  mobile.clear();
  connection.start(UDP ? udpSteps : steps, BAUD ? rate : 0, nowMs);
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
  if (UDP && at.notice == Word.Datagram) {
    at.within = Within.Head;
    return;
  }
  switch (at.notice) {
    case Word.Received:
      at.within = Within.Head;
      return;
    case Word.Opened:
    case Word.Fault:
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
      return true;
    case Word.Error:
    case Word.Fault:
      if (engine.error()) error();
      return true;
    case Word.SendOk:
      if (UDP) connection.took();
      else if (at.step == Phase.Confirm) connection.sent();
      return true;
    case Word.SendFail:
      if (at.step == Phase.Confirm) engine.enter(Phase.Full, AT_BUSY_MS);
      return true;
    case Word.Opened:
      if (at.step == Phase.Connect) opened();
      return true;
    case Word.Arrived:
      at.pending = 1;
      return true;
    case Word.Closed:
      if (UDP) socket.attached = 0;
      else connection.closed();
      return true;
    case Word.NoContext:
      mobile.lost();
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

/** The module says how the connection was opened. */
function opened(): void {
  if (at.hint) connection.refused();
  else connection.connected();
}

/** A step has ended well. */
function done(): void {
  if (at.step == Phase.Read && at.seen) at.pending = 1;
  if (connection.done()) return;
  switch (at.step) {
    case Step.Echo:
      return connection.issue(Step.Errors);
    case Step.Errors:
      return connection.issue(Step.Quiet);
    case Step.Quiet:
    case Step.Extra:
      if (!mobile.extra()) mobile.askPin();
      return;
    case Step.Locked:
    case Step.Unlock:
      if (!mobile.unlocks()) mobile.configure(Step.Context);
      return;
    case Step.Context:
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
      // The others are worth no more than an answer.
      if (at.flags & Flag.Ok) done();
  }
}
