/**
 * Carries one exchange at a time: opens a connection if there is none, asks, and reads the answer. It moves the bytes between the UART,
 * the link, TLS and the exchange, and never waits.
 */
import { ANSWER_BYTES, EXCHANGE_MS, RETRY_MAX_MS } from "../config";
import { MQTT, Question, Verdict } from "../exchange/exchange";
import * as exchange from "../exchange/road";
import * as keypair from "../identity/keypair";
import { Pipe } from "../lib/pipe";
import * as overlay from "../lib/overlay";
import * as scratch from "../lib/scratch";
import { Status } from "../lib/status";
import * as link from "../link/link";
import { Lines, LinkState } from "../link/link";
import * as module from "../port/module";
import * as uart from "../port/uart";
import * as channel from "./_channel";
import { own } from "./_key";
import * as event from "./event";
import { Event } from "./facts";
import { broker, settings } from "./settings";
import * as pubsub from "./pubsub";
import * as stream from "./stream";

const PIECE_BYTES: u32 = 64;
/** The ports that a URL need not name. */
const HTTP_PORT: u32 = 80;
const HTTPS_PORT: u32 = 443;


@unmanaged
class Carrier {
  verdict: Verdict;
  question: Question;
  /** The question was handed to the exchange. */
  asked: u32;
  startedMs: u32;
  /** State of the link at the last turn. */
  link: LinkState;
  /** State of the lines of the module, from 1 on; 0: they were not set in this life. */
  steered: u32;
  /** Baud rate of the UART; 0: the board's own. */
  baud: u32;
  message: usize;
  messageLen: u32;
}

const carrier = changetype<Carrier>(memory.data(offsetof<Carrier>(), 4));
/** Bytes for the module that the UART has no room for yet. */
const wire = changetype<Pipe>(memory.data(offsetof<Pipe>(), 4));
const outgoing: usize = memory.data(PIECE_BYTES, 4);

/** Begin to set up the module. */
export function start(nowMs: u32): void {
  memory.fill(changetype<usize>(carrier), 0, offsetof<Carrier>());
  wire.left = 0;
  link.start(settings.family, nowMs);
  if (link.BAUD) tune();
  if (settings.ssidLen) link.join(settings.ssid, settings.ssidLen, settings.secret, settings.secretLen);
  if (MQTT)
    exchange.introduce(
      broker.prefix,
      broker.prefixLen,
      broker.user,
      broker.userLen,
      broker.password,
      broker.passwordLen,
    );
}

/** Begin to ask `question` with the message, which is kept by pointer until the exchange ends. */
export function begin(question: Question, message: usize, messageLen: u32, nowMs: u32): void {
  carrier.verdict = Verdict.Pending;
  carrier.asked = 0;
  carrier.startedMs = nowMs;
  carrier.question = question;
  carrier.message = message;
  carrier.messageLen = messageLen;
}

/** Result of the question; Failed: there is no connection either. */
export function verdict(): Verdict {
  return carrier.verdict;
}

/** Return the size of the answer, or of the refusal, in bytes. It is in the overlay until the life acted upon it. */
export function answerLen(): u32 {
  return exchange.len();
}

/** Detail of the transport about the result: a number for the console. */
export function detail(): u32 {
  return exchange.detail();
}

/** For how long the server wants to be left alone, with the last answer: bounded, since it is not signed. */
export function restMs(): u32 {
  return min(exchange.retryAfterS(), RETRY_MAX_MS / 1000) * 1000;
}

/** End the exchange; the connection stays for the next one if `keep` and the server allow it. */
export function end(keep: boolean): void {
  const kept = keep && carrier.verdict >= Verdict.Answered && exchange.keeps();
  carrier.verdict = Verdict.None;
  if (!kept) hangUp();
}

/**
 * Carry what there is to carry; true if bytes moved. The order of a turn:
 *
 *     1. module -> link     before the timers, so that an answer that is here already does not time out
 *     2. the link's timers  then what became of the link is said
 *     3. link <-> TLS       before the channel's state is read: a connection that ended is seen in the same turn
 *     4. the connection     is the stream's if that holds it; else the exchange opens it, asks, and moves its bytes in one turn;
 *                           with no exchange, a connection that the server gave up is closed, and one to a broker is attended to
 *     5. the client of MQTT of the application, in its stream
 *     6. link -> module     last, so that what the steps before wrote leaves in this turn
 */
export function poll(nowMs: u32): bool {
  let moved = fromWire();
  if (link.TUNNEL) link.expect(carrier.verdict == Verdict.Pending || stream.holds() || !channel.isQuiet());
  link.tick(nowMs);
  steer(link.lines());
  if (link.BAUD) retune();
  follow();
  let worked = channel.poll(nowMs);
  const busy = carrier.verdict == Verdict.Pending;
  if (MQTT) exchange.tick(nowMs);
  if (!stream.turn(busy, isBegun(), nowMs)) {
    if (busy) worked = proceed(nowMs) || worked;
    else if (channel.state() == LinkState.PeerClosed || channel.state() == LinkState.Failed) channel.close();
    else if (MQTT && channel.state() == LinkState.Open) worked = attend() || worked;
  } else if (MQTT) part();
  worked = pubsub.turn(busy, nowMs) || worked;
  if (link.TUNNEL) link.work(worked);
  moved = moved || worked;
  return toWire() || moved;
}

/** Bring the exchange on: true if bytes moved. */
function proceed(nowMs: u32): bool {
  if (!carrier.asked) connect(nowMs);
  return carrier.asked ? converse(nowMs) : false;
}

/** True if the present exchange has bytes on the wire, and so must end before the stream begins. */
function isBegun(): boolean {
  return carrier.verdict == Verdict.Pending && (carrier.asked != 0 || link.state() > LinkState.Ready);
}

/** True if the module is set up and nothing is under way: the main loop may take longer turns. */
export function isQuiet(): boolean {
  const idle = stream.holds() ? stream.isQuiet() : carrier.verdict != Verdict.Pending;
  return idle && link.state() != LinkState.Down && wire.left == 0 && channel.isQuiet();
}

/** True if the module is ready. */
export function isUp(): boolean {
  return link.state() != LinkState.Down;
}

/** Report the state of the link. */
function follow(): void {
  const fault = link.faultNews();
  if (fault) event.number(Event.LinkFault, fault);
  const now = link.state();
  if (now == carrier.link) return;
  if (now == LinkState.Ready && carrier.link == LinkState.Down) event.say(Event.LinkUp);
  if (now == LinkState.Failed) event.number(Event.LinkFailed, now);
  carrier.link = now;
}

function connect(nowMs: u32): void {
  const state = channel.state();
  if (state == LinkState.Ready) {
    if (MQTT) exchange.open(keypair.id(own));
    if (channel.open(settings.host, settings.hostLen, settings.port, MQTT) != Status.Ok) fail();
  } else if (state == LinkState.PeerClosed) {
    // The server gave up a connection that was kept.
    channel.close();
  } else if (state == LinkState.Failed) {
    fail();
  } else if (state == LinkState.Open) {
    carrier.asked = 1;
    carrier.startedMs = nowMs;
    overlay.claim(overlay.Owner.Answer);
    exchange.ask(
      overlay.place,
      ANSWER_BYTES,
      carrier.question,
      settings.host,
      settings.hostLen,
      settings.port == (channel.secured() ? HTTPS_PORT : HTTP_PORT) ? 0 : settings.port,
      carrier.message,
      carrier.messageLen,
    );
  }
}

/** Move message and answer between the exchange and the link. */
function converse(nowMs: u32): bool {
  let moved = pull();
  while (exchange.verdict() == Verdict.Pending) {
    const len = channel.left();
    if (len == 0) break;
    exchange.push(channel.at(), len);
    channel.take(len);
    moved = true;
  }
  const state = channel.state();
  const verdict = exchange.verdict();
  if (verdict == Verdict.Failed) {
    event.number(Event.ResponseRefused, exchange.fault());
    fail();
  } else if (verdict != Verdict.Pending) carrier.verdict = verdict;
  else if (state != LinkState.Open && !moved) fail();
  else if (nowMs - carrier.startedMs > EXCHANGE_MS) fail();
  return moved;
}

/** Move bytes from the exchange to the link. */
@inline
function pull(): bool {
  let moved = false;
  while (true) {
    const room = channel.room();
    const len = room ? exchange.pull(channel.body(), room) : 0;
    if (len == 0) break;
    channel.send(len);
    moved = true;
  }
  return moved;
}

/** Attend to the connection between two questions. */
function attend(): bool {
  let moved = pull();
  while (exchange.verdict() != Verdict.Failed) {
    const len = channel.left();
    if (len == 0) return moved;
    exchange.push(channel.at(), len);
    channel.take(len);
    moved = true;
  }
  event.number(Event.ResponseRefused, exchange.fault());
  exchange.reset();
  hangUp();
  return true;
}

/** Leave the broker in order, so that it does not publish the will. */
function part(): void {
  exchange.leave();
  if (channel.state() == LinkState.Open) pull();
  exchange.reset();
}

function fail(): void {
  carrier.verdict = Verdict.Failed;
  exchange.reset();
  hangUp();
}

function hangUp(): void {
  if (MQTT) part();
  const state = channel.state();
  if (state == LinkState.Opening || state == LinkState.Open) channel.close();
  if (state == LinkState.PeerClosed || state == LinkState.Failed) channel.close();
}

/** Pass changes on to the lines of the module; the first turn of a life sets them. */
function steer(lines: Lines): void {
  if (carrier.steered == lines + 1) return;
  carrier.steered = lines + 1;
  module.reset(u32(lines == Lines.Reset));
  module.power(u32(lines != Lines.PowerOff));
}

/** Take the baud rate of the factory page, if the board can have it. The search for the module begins at the board's own. */
function tune(): void {
  if (!settings.baud || !uart.baud(settings.baud)) return;
  uart.baud(0);
  link.wantBaud(settings.baud, settings.flow);
}

/** Pass a change of the baud rate on to the UART. */
function retune(): void {
  if (carrier.baud == link.baud()) return;
  carrier.baud = link.baud();
  uart.baud(carrier.baud);
}

function fromWire(): boolean {
  const piece = scratch.take(PIECE_BYTES);
  const got = uart.read(piece, PIECE_BYTES);
  if (got) link.fromModule(piece, got);
  scratch.release(piece);
  return got != 0;
}

function toWire(): boolean {
  if (wire.left == 0) wire.hold(outgoing, link.toModule(outgoing, PIECE_BYTES));
  if (wire.left == 0) return false;
  const taken = uart.write(wire.at, wire.left);
  wire.drop(taken);
  return taken != 0;
}
