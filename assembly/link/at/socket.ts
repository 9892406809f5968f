// Longer than 400 lines: the choice of the next step, and the fate of a connection, share one state.
/**
 * One TCP connection through an AT module, as all families have it: what is asked next, how much is announced and read, and
 * what becomes of the connection when the module fails. A family adds its set-up and its words.
 *
 *     Idle -> Connect -> Idle -> Send -> Data -> Confirm -> Idle
 *                             -> Read                    -> Idle
 *                             -> HangUp                  -> Idle
 *
 * In an image with a tunnel there is no connection of the module: Send carries a request, and its answer ends Confirm.
 *
 * Bytes count as sent only when the module has confirmed them. If a driver no longer knows what the module did with
 * them, it gives up the connection, never the order of its bytes.
 */
import {
  AT_OPEN_MS,
  AT_POLL_MIN_MS,
  AT_POLL_MS,
  AT_REFUSALS,
  AT_SEND_MS,
  LINK_RX_BYTES,
  LINK_TX_BYTES,
} from "../../config";
import { Pipe } from "../../lib/pipe";
import { Status } from "../../lib/status";
import { FaultCause, FaultStep } from "../facts";
import * as fault from "../fault";
import * as ring from "../stream";
import {
  FAMILY_BYTES,
  family,
  LinkState,
  TUNNEL,
  TUNNEL_HEAD_BYTES,
  UDP,
  clear,
  due,
  lost,
  reset,
  stream,
  tx,
} from "../stream";
import * as text from "../text";
import * as tunnel from "../tunnel";
import * as engine from "./engine";
import { Engine, at, out } from "./engine";
import { BAUD } from "./rate";
import { Event, Phase } from "./step";

if (LINK_TX_BYTES > 1460) ERROR("LINK_TX_BYTES must be at most 1460: modules take no more in one send");

/** Data is asked for when this much fits, so that the commands do not outweigh it. */
const READ_ROOM: u32 = LINK_RX_BYTES / 2;


@unmanaged
export class Socket extends Engine {
  /** Time of the next request for data without a notice, and the pause to the one after. */
  pollAtMs: u32;
  pollMs: u32;
  /** The module is set up: 1; 0 when idle: it must be reset before the next connection. */
  home: u8;
  /** Connections refused since the last that was opened. */
  refusals: u8;
  /** The layers above want the connection closed; it may exist in the module; it is over at its end. */
  hangUp: u8;
  attached: u8;
  peerGone: u8;
  /** The last read was served before a send: 1. */
  sendNext: u8;
}

/** Parts of an exchange by datagrams, as bits of `at.seen` in step Confirm. */
const enum Part {
  Sent = 1,
  Answered = 2,
}

export const socket = changetype<Socket>(changetype<usize>(at));

/** The announced part of `tx`, as it is written. */
@lazy
const data = changetype<Pipe>(engine.more);


@lazy
const digits: usize = engine.more + offsetof<Pipe>();
if (engine.more + offsetof<Pipe>() + text.DECIMAL_BYTES > family + FAMILY_BYTES)
  ERROR("FAMILY_BYTES must hold the state of a driver for AT modules");

/** Begin to set up the module with these steps, from any state. `rate` is the command for another baud rate; 0: there is none. */
export function start(steps: usize, rate: usize, nowMs: u32): void {
  reset(nowMs);
  engine.start(steps, rate);
}

/** True while the layers above may count on the connection. */
export function isOpen(): boolean {
  return stream.state == LinkState.Open && !socket.peerGone;
}

/** Open a connection; `host` is kept by pointer. */
export function open(host: usize, hostLen: u32, port: u32): Status {
  if (TUNNEL) {
    clear();
    tunnel.open(host, hostLen, port);
    return Status.Ok;
  }
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
  return isOpen() ? LINK_TX_BYTES - stream.txLen : 0;
}

/** Close once the accepted bytes are sent, or acknowledge that the connection is gone. */
export function close(): void {
  stream.rxLen = 0;
  if (stream.state == LinkState.Ready) return;
  if (stream.state != LinkState.Down && socket.attached) socket.hangUp = 1;
  stream.state = LinkState.Down;
  choose();
}

/** Hand out up to `max` bytes for the UART. */
export function toModule(to: usize, max: u32): u32 {
  choose();
  let written: u32 = 0;
  while (written < max) {
    if (at.step == Phase.Data) {
      written += data.move(to + written, max - written);
      if (data.left == 0) at.step = Phase.Confirm;
      at.seen = 0;
      at.deadlineMs = stream.nowMs + (TUNNEL && !UDP ? AT_OPEN_MS : AT_SEND_MS);
    } else {
      const byte = engine.next();
      if (byte == text.END) break;
      store<u8>(to + written++, <u8>byte);
    }
  }
  return written;
}

/** Return the number of bytes that the last send has announced. */
export function given(): u32 {
  return <u32>(data.at - tx);
}

/** Choose the next step, if there is nothing to wait for. */
export function choose(): void {
  if (at.step != Phase.Idle) return;
  at.flags = 0;
  if (!socket.home && stream.state == LinkState.Down) return issue(Phase.Reset);
  if (UDP && socket.hangUp) return issue(Phase.HangUp);
  if (socket.hangUp) return issue(stream.txLen && !socket.peerGone ? Phase.Send : Phase.HangUp);
  if (stream.state == LinkState.Down) stream.state = LinkState.Ready;
  if (TUNNEL) {
    if (tunnel.wants()) issue(UDP && !socket.attached ? Phase.Connect : Phase.Send);
    return;
  }
  if (stream.state == LinkState.Opening) return issue(Phase.Connect);
  if (stream.state != LinkState.Open) return;
  if (socket.peerGone) {
    stream.txLen = 0;
    if (!at.pending) {
      stream.state = LinkState.PeerClosed;
      return;
    }
  }
  const canRead = ring.room() >= READ_ROOM && (at.pending || due(socket.pollAtMs));
  if (stream.txLen && (socket.sendNext || !canRead)) return issue(Phase.Send);
  if (canRead) issue(Phase.Read);
}

/** Begin a step that is a command. */
export function issue(step: u32): void {
  at.tries = 0;
  at.hint = 0;
  write(step);
}

/** Begin a step of the set-up whose faults are named `place`. */
export function issueAs(step: u32, place: FaultStep): void {
  issue(step);
  at.hint = fault.hint(place, 0);
}

/** Write the command of a step, again or for the first time. */
function write(step: u32): void {
  let number = stream.port;
  if (step == Phase.Connect) {
    socket.attached = 1;
    socket.peerGone = 0;
    at.pending = 0;
    out.first = stream.host;
    out.firstLen = stream.hostLen;
  } else if (step == Phase.Send) {
    number = TUNNEL ? tunnel.write() : stream.txLen;
    data.hold(tx - TUNNEL_HEAD_BYTES, number);
    if (TUNNEL) {
      out.first = stream.host;
      out.firstLen = stream.hostLen;
    }
    socket.sendNext = 0;
  } else if (step == Phase.Read) {
    number = ring.room();
    at.pending = 0;
    socket.sendNext = 1;
  }
  out.fourthLen = text.decimal(digits + text.DECIMAL_BYTES, number);
  out.fourth = digits + text.DECIMAL_BYTES - out.fourthLen;
  engine.write(step);
}

/** Act on what the engine found, and no line is needed for. */
export function react(event: Event): void {
  if (event == Event.Prompt) engine.enter(Phase.Data, AT_SEND_MS);
  else if (event == Event.Late) late();
  else if (event == Event.Trouble) trouble(FaultCause.Garbage);
  else if (UDP && event == Event.Datagram) arrived();
}

/** A step that all families have has ended well; false: it is none, or a part of the set-up. */
export function done(): boolean {
  if (BAUD) {
    if (at.step == Phase.Rate) {
      engine.rated(true);
      return true;
    }
  }
  switch (at.step) {
    case Phase.HangUp:
      socket.hangUp = 0;
      socket.attached = 0;
      if (!socket.home) return false;
      idle();
      return true;
    case Phase.Connect:
      connected();
      return true;
    case Phase.Read:
      readDone();
      return true;
    default:
      return false;
  }
}

/** The module says ERROR in a step that all families have; false: it is none. */
export function failed(): boolean {
  if (BAUD) {
    if (at.step == Phase.Rate) {
      fault.note(FaultStep.SetUp, FaultCause.Error, at.hint);
      engine.rated(false);
      return true;
    }
  }
  switch (at.step) {
    case Phase.Connect:
      refused();
      return true;
    case Phase.Send:
    case Phase.Confirm:
      gone(FaultCause.Error);
      return true;
    default:
      return false;
  }
}

/** The step took too long. */
function late(): void {
  if (at.step == Phase.Full) return issue(Phase.Send);
  if (UDP && at.step == Phase.Confirm && at.seen) {
    fault.note(FaultStep.Receive, FaultCause.Silence, 0);
    tunnel.late();
    return idle();
  }
  if (!engine.again()) return trouble(engine.cause());
  write(at.step);
}

/** In which step the link is. */
function place(): FaultStep {
  switch (at.step) {
    case Phase.Idle:
    case Phase.Sync:
    case Phase.Reset:
      return FaultStep.Module;
    case Phase.Connect:
      return FaultStep.Connect;
    case Phase.Read:
      return FaultStep.Receive;
    case Phase.Send:
    case Phase.Gap:
    case Phase.Data:
    case Phase.Confirm:
      return FaultStep.Send;
    default:
      return FaultStep.SetUp;
  }
}

/** The connection, if there is one, and the module's set-up are lost. */
export function lose(cause: FaultCause): void {
  fault.note(place(), cause, at.hint);
  if (!TUNNEL || stream.state == LinkState.Ready) lost();
  else if (at.step == Phase.Send || at.step == Phase.Data || at.step == Phase.Confirm) tunnel.failed();
  if (at.step == Phase.Send || at.step == Phase.Gap || at.step == Phase.Data) at.debt = data.left + 2;
  socket.home = 0;
  socket.hangUp = 0;
  socket.attached = 0;
  if (!TUNNEL) stream.txLen = 0;
  engine.drop();
}

/** The module has started again: it does not finish its step, and owes no answer. */
export function restarted(): void {
  // A module without power says nothing: this was noise.
  if (at.step == Phase.Pulse) return;
  if (!engine.isLooking()) lose(FaultCause.Restart);
  at.debt = 0;
  engine.sync();
}

/** The peer ended the connection; what the module holds of it can still be read. */
export function closed(): void {
  if (stream.state != LinkState.Open) return;
  socket.peerGone = 1;
  at.pending = 1;
}

/** Give up the work in progress, and find the module again after a pause. */
export function trouble(cause: FaultCause): void {
  lose(cause);
  engine.rest();
}

/** There is nothing to wait for. */
export function idle(): void {
  at.step = Phase.Idle;
  choose();
}

/** The module is set up. */
export function ready(): void {
  socket.home = 1;
  idle();
}

/** The connection is open. */
export function connected(): void {
  if (stream.state == LinkState.Opening) stream.state = LinkState.Open;
  poll(AT_POLL_MS);
  socket.refusals = 0;
  // It works, up to here: one more trouble is worth a reset, but no longer pauses.
  at.strikes = min(at.strikes, 3);
  idle();
}

/** The connection was not opened. */
export function refused(): void {
  if (UDP) tunnel.failed();
  if (stream.state == LinkState.Opening) stream.state = LinkState.Failed;
  socket.refusals++;
  if (socket.refusals % AT_REFUSALS == 0) return trouble(FaultCause.Error);
  fault.note(FaultStep.Connect, FaultCause.Error, at.hint);
  socket.hangUp = 1;
  idle();
}

function readDone(): void {
  poll(at.seen ? AT_POLL_MIN_MS : socket.pollMs * 2);
  idle();
}

/** Act on the end of announced data. */
export function sent(): void {
  if (TUNNEL) {
    if (tunnel.answered()) socket.refusals = 0;
    else fault.note(FaultStep.Receive, FaultCause.Garbage, 0);
    return idle();
  }
  stream.txLen -= given();
  memory.copy(tx, data.at, stream.txLen);
  // No further step: an answer is due, and its notice can be lost.
  if (!stream.txLen) poll(AT_POLL_MIN_MS);
  idle();
}

/** The module has sent the datagram of an exchange. */
export function took(): void {
  part(Part.Sent);
}

/** A datagram came, which may be the answer of the exchange. */
function arrived(): void {
  if (tunnel.isWhole()) part(Part.Answered);
}

/** One part of an exchange is over; with the other, the exchange is. */
function part(over: Part): void {
  if (at.step != Phase.Confirm) return;
  at.seen |= <u8>over;
  if (at.seen == (Part.Sent | Part.Answered)) return sent();
  at.deadlineMs = stream.nowMs + tunnel.patienceMs();
}

/** The module can no longer send, or must not; the bytes that it still holds can be read. */
export function gone(cause: FaultCause): void {
  fault.note(FaultStep.Send, cause, TUNNEL ? at.hint : 0);
  if (TUNNEL) {
    tunnel.failed();
    if (UDP) socket.hangUp = 1;
    if (++socket.refusals % AT_REFUSALS == 0) return trouble(cause);
    return idle();
  }
  stream.txLen = 0;
  socket.peerGone = 1;
  at.pending = 1;
  idle();
}

/** Ask for data after `ms`, whether it is announced or not. */
function poll(ms: u32): void {
  socket.pollMs = min(ms, AT_POLL_MS);
  socket.pollAtMs = stream.nowMs + socket.pollMs;
}
