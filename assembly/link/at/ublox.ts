/**
 * The driver for u-blox modules of the dialect of SARA-R4 and SARA-R5, one TCP connection:
 *
 *     ATE0, AT+CPIN?, AT+CPIN="pin", AT+CGDCONT=1,"IP","apn", AT+CGAUTH=1,1,"user","password"     set up
 *     AT+CGATT?                      -> +CGATT: 1, again and again until then
 *     AT+UPSND=0,8, AT+UPSD=0,100,1, AT+UPSDA=0,3 -> OK, later +UUPSDA: 0,"address"; or ERROR: this module needs no such profile
 *     AT+USOCR=6                     -> +USOCR: s, OK: s is the number of the socket
 *     AT+USOCO=s,"host",port         -> OK or ERROR
 *     AT+USOWR=s,n                   -> @, 50 ms later n bytes -> +USOWR: s,k, OK: the module took k of them
 *     +UUSORD: s,n (any time)        -> AT+USORD=s,m -> +USORD: s,k,"<k bytes>", OK; or +USORD: s,""
 *     +UUSOCL: s (any time)          the connection is over
 *     AT+USOCL=s                     -> OK
 *
 * The module does not say that it has restarted: after a refused connection the driver looks for network and context again.
 */
import { AT_GAP_MS, AT_SEND_MS, LINK_RX_BYTES, LINK_TX_BYTES } from "../../config";
import { FaultCause, FaultStep } from "../facts";
import { Step, Word, rate, steps } from "./_ublox";
import * as engine from "./engine";
import { at, out } from "./engine";
import * as mobile from "./mobile";
import { Half, access, network } from "./mobile";
import { socket } from "./socket";
import { BAUD } from "./rate";
import * as connection from "./socket";
import { Event, Flag, Phase, Within } from "./step";

if (isDefined(WITH_UBLOX) && (LINK_TX_BYTES > 1024 || LINK_RX_BYTES > 1024))
  ERROR("LINK_TX_BYTES and LINK_RX_BYTES must be at most 1024: u-blox modules take and give no more at a time");

/** Sockets of a module. */
const SOCKETS: u8 = 7;
const ZERO: u8 = 0x30;

/** The number of the socket, as a digit. */
@lazy
const handle: usize = memory.data(1);

/** Begin to set up the module, from any state. */
export function start(nowMs: u32): void {
  mobile.clear();
  connection.start(steps, BAUD ? rate : 0, nowMs);
  name(0);
}

/** Use the socket of this number. */
function name(number: u8): void {
  store<u8>(handle, ZERO + number);
  out.second = handle;
  out.secondLen = 1;
}

/** Act on an event of the engine. */
export function react(event: Event): void {
  if (event == Event.Byte) begun();
  else if (event == Event.Line) {
    if (!say(at.said)) at.cut = at.said;
  } else if (event == Event.Prompt) engine.enter(Phase.Gap, AT_GAP_MS);
  else if (event == Event.Late && at.step == Phase.Gap) engine.enter(Phase.Data, AT_SEND_MS);
  else mobile.react(event);
}

/** Act on the beginning of a line. */
function begun(): void {
  switch (at.notice) {
    case Word.Received:
      at.within = Within.Quoted;
      return;
    case Word.HasAddress:
      // The result is known; the address has no meaning here.
      if (at.step == Step.Activate) half(mobile.result());
      return;
    case Word.Fault:
    case Word.Made:
    case Word.Wrote:
    case Word.Sent:
    case Word.Read:
    case Word.Announced:
    case Word.Arrived:
    case Word.Closed:
    case Word.Activated:
      at.within = Within.Number;
      return;
    case Word.Attached:
      if (at.step == Step.Attach) at.seen = 1;
      return;
    case Word.IsActive:
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
      else if (at.part == 4) half(Half.Ok);
      return true;
    case Word.Error:
    case Word.Fault:
      if (engine.error()) error();
      return true;
    case Word.Made:
      if (at.step == Phase.Connect) made(at.hint & mobile.NUMBER);
      return true;
    case Word.Sent:
      if (at.step == Phase.Confirm) half(connection.given() == (at.hint & mobile.NUMBER) ? Half.Good : Half.Bad);
      return true;
    case Word.Arrived:
      at.hint &= ~mobile.NUMBER;
      at.pending = 1;
      return true;
    case Word.Closed:
      at.hint &= ~mobile.NUMBER;
      connection.closed();
      return true;
    case Word.Activated:
      if (at.step == Step.Activate) half(mobile.result());
      return true;
    case Word.NoContext:
      mobile.lost();
      return true;
    case Word.NeedsPin:
      network.locked = 1;
      return true;
    default:
      return false;
  }
}

/** The module has made a socket of this number. */
function made(number: u32): void {
  if (number >= SOCKETS) return;
  at.seen = 1;
  name(<u8>number);
}

/** One of the two lines of a command with a result came: act once both are there. */
function half(line: Half): void {
  const verdict = mobile.half(line);
  if (verdict == Half.None) return;
  const good = verdict == Half.Good;
  if (at.step == Phase.Confirm) return good ? connection.sent() : connection.gone(FaultCause.Error);
  if (at.step == Step.Activate) return good ? done() : connection.trouble(FaultCause.Error);
}

/** A step has ended well. */
function done(): void {
  if (at.step == Phase.Connect) return connection.issueAs(Step.Dial, FaultStep.Connect);
  if (at.step == Phase.HangUp && !socket.home) return hungUp();
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
      return access.userLen ? mobile.configure(Step.Account) : sweep();
    case Step.Account:
      return sweep();
    case Step.Attach:
      return at.seen ? connection.issueAs(Step.Active, FaultStep.Context) : mobile.search();
    case Step.Active:
      return at.seen ? connection.ready() : connection.issueAs(Step.Map, FaultStep.Context);
    case Step.Map:
      return connection.issueAs(Step.Activate, FaultStep.Context);
    case Step.Dial:
      return connection.connected();
    default:
      connection.ready();
  }
}

/** Close the sockets of the device's life before, from the first on. The module gives the lowest number that is free. */
function sweep(): void {
  name(0);
  connection.issue(Phase.HangUp);
}

/** A socket is closed: close the next. */
function hungUp(): void {
  const next = load<u8>(handle) - ZERO + 1;
  if (next == SOCKETS) return look();
  name(next);
  connection.issue(Phase.HangUp);
}

/** No further socket is open: look for the network. */
function look(): void {
  socket.hangUp = 0;
  socket.attached = 0;
  mobile.attach();
}

/** The module says ERROR, or the number of one. */
function error(): void {
  if (at.step == Phase.Connect || at.step == Step.Dial) return refused();
  if (at.step == Phase.HangUp && !socket.home) return look();
  if (connection.failed()) return;
  switch (at.step) {
    case Step.Locked:
    case Step.Unlock:
    case Step.Context:
    case Step.Account:
      return connection.trouble(FaultCause.Error);
    case Step.Attach:
      return mobile.search();
    case Step.Activate:
      return done();
    default:
      mobile.refused();
      // The others are worth no more than an answer.
      if (at.flags & Flag.Ok) done();
  }
}

/** The connection was not opened: sockets, network and context are looked at before the next. */
function refused(): void {
  socket.home = 0;
  if (at.step == Phase.Connect) name(0);
  connection.refused();
}
