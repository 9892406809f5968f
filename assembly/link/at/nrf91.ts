/**
 * The driver for the Serial Modem of nRF91 modules (from its version 2: each command names its socket), one TCP connection:
 *
 *     ATE0, AT+CGDCONT=0,"IP","apn", AT+CFUN=1, AT+CPIN?, AT+CPIN="pin"     set up
 *     AT+CEREG?                      -> +CEREG: 0,1 or 0,5, again and again until then
 *     AT#XAPOLL=,1,1                 -> OK: notices for all sockets
 *     AT#XSOCKET=1,1,0               -> #XSOCKET: h,1,6, OK: h is the number of the socket
 *     AT#XCONNECT=h,"host",port      -> #XCONNECT: h,1, OK; or ERROR
 *     AT#XSEND=h,2,0,n               -> OK, then n bytes -> #XDATAMODE: 0, or a negative number
 *     #XAPOLL: h,1 (any time)        -> AT#XRECV=h,0,64,0,m -> #XRECV: h,0,k, a line end, k bytes, OK; or ERROR: there are none
 *     AT#XCLOSE                      -> OK: all sockets
 *
 * In `#XAPOLL` 1 is POLLIN, 8 POLLERR, 16 POLLHUP, 32 POLLNVAL: the last three end the connection. A number in `at.hint` is lost when a step begins, so an
 * unsolicited line has a word for each sum.
 *
 * The module holds its notices back while it takes data. A failed send leaves it dropping what it hears until `+++`: the engine sends that.
 */
import { FaultCause, FaultStep } from "../facts";
import * as text from "../text";
import { Step, Word, steps } from "./_nrf91";
import * as engine from "./engine";
import { at, out } from "./engine";
import * as mobile from "./mobile";
import { access, network } from "./mobile";
import * as connection from "./socket";
import { Event, Flag, Phase, Within } from "./step";

/** The number of the socket, in digits. */
@lazy
const handle: usize = memory.data(text.DECIMAL_BYTES);

/** Begin to set up the module, from any state. */
export function start(nowMs: u32): void {
  mobile.clear();
  connection.start(steps, 0, nowMs);
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
      at.hint &= ~mobile.NUMBER;
      at.within = Within.Head;
      return;
    case Word.Fault:
    case Word.Made:
    case Word.Dialled:
    case Word.Read:
    case Word.Unsent:
    case Word.Polled:
      at.within = Within.Number;
      return;
    case Word.Home:
    case Word.Roaming:
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
      return true;
    case Word.Error:
    case Word.Fault:
      if (engine.error()) error();
      return true;
    case Word.MadeTcp:
      if (at.step == Phase.Connect) made(at.hint & mobile.NUMBER);
      return true;
    case Word.Opened:
      if (at.step == Step.Dial) at.seen = 1;
      return true;
    case Word.Refused:
      at.hint &= ~mobile.NUMBER;
      return true;
    case Word.Sent:
      if (at.step == Phase.Confirm) connection.sent();
      return true;
    case Word.Unsent:
      if (at.step == Phase.Confirm) connection.trouble(FaultCause.Error);
      return true;
    case Word.Readable:
      at.pending = 1;
      return true;
    case Word.Broken:
    case Word.BrokenRest:
    case Word.Closed:
    case Word.ClosedRest:
    case Word.Aborted:
    case Word.AbortedRest:
    case Word.Invalid:
      at.hint &= ~mobile.NUMBER;
      connection.closed();
      return true;
    case Word.NeedsPin:
      network.locked = 1;
      return true;
    case Word.Ready:
      connection.restarted();
      return true;
    default:
      return false;
  }
}

/** The module has made a socket of this number. */
function made(number: u32): void {
  at.seen = 1;
  out.secondLen = text.decimal(handle + text.DECIMAL_BYTES, number);
  out.second = handle + text.DECIMAL_BYTES - out.secondLen;
}

/** A step has ended well. */
function done(): void {
  if (at.step == Phase.Connect) return connection.issueAs(Step.Dial, FaultStep.Connect);
  if (at.step == Phase.Send) return connection.react(Event.Prompt);
  if (at.step == Phase.Read && at.seen) at.pending = 1;
  if (connection.done()) return;
  switch (at.step) {
    case Step.Echo:
      return connection.issue(Step.Errors);
    case Step.Errors:
    case Step.Extra:
      if (mobile.extra()) return;
      return access.apnLen ? mobile.configure(Step.Context) : connection.issue(Step.Radio);
    case Step.Context:
      return access.userLen ? mobile.configure(Step.Account) : connection.issue(Step.Radio);
    case Step.Account:
      return connection.issue(Step.Radio);
    case Step.Radio:
      return mobile.askPin();
    case Step.Locked:
    case Step.Unlock:
      if (!mobile.unlocks()) mobile.attach();
      return;
    case Step.Attach:
      return at.seen ? connection.issue(Step.Notices) : mobile.search();
    case Step.Notices:
      return connection.issue(Phase.HangUp);
    case Step.Dial:
      return connection.connected();
    default:
      connection.ready();
  }
}

/** The module says ERROR, or the number of one. */
function error(): void {
  if (at.step == Step.Dial) return connection.refused();
  if (connection.failed()) return;
  switch (at.step) {
    case Step.Context:
    case Step.Account:
    case Step.Radio:
    case Step.Locked:
    case Step.Unlock:
    case Step.Notices:
      return connection.trouble(FaultCause.Error);
    case Step.Attach:
      return mobile.search();
    default:
      mobile.refused();
      // The others are worth no more than an answer.
      if (at.flags & Flag.Ok) done();
  }
}
