/**
 * One HTTP exchange at a time over the link: open a connection if there is none, send the request, read the answer. It
 * carries the bytes between the UART, the link and HTTP, and never waits.
 */
import { EXCHANGE_MS } from "../config";
import { Status } from "../lib/status";
import * as http from "../link/http";
import { Exchange } from "../link/http";
import * as link from "../link/link";
import { LinkState } from "../link/link";
import * as uart from "../port/uart";
import * as channel from "./_channel";
import * as event from "./event";
import { Event } from "./event";
import { settings } from "./settings";
import * as stream from "./stream";

export const enum Progress {
  Idle,
  Busy,
  /** There is an answer: `http.code`, `http.bodyLen`. */
  Done,
  /** There is none, and no connection. */
  Failed,
}

const PIECE_BYTES: u32 = 64;


@unmanaged
class Carrier {
  progress: Progress;
  /** The request was handed to HTTP. */
  asked: u32;
  startedMs: u32;
  /** What the link was at the last turn. */
  link: LinkState;
  /** Bytes of the request that the link has no room for yet. */
  outAt: u32;
  outLen: u32;
  /** Bytes for the module that the UART has no room for yet. */
  wireAt: u32;
  wireLen: u32;
  path: usize;
  pathLen: u32;
  type: usize;
  typeLen: u32;
  body: usize;
  bodyLen: u32;
  answer: usize;
  answerRoom: u32;
}

const carrier = changetype<Carrier>(memory.data(offsetof<Carrier>(), 4));
const out: usize = memory.data(PIECE_BYTES, 4);
const wire: usize = memory.data(PIECE_BYTES, 4);
const piece: usize = memory.data(PIECE_BYTES, 4);

/** Begin to set up the module; bodies of answers are put at `answer`. */
export function start(answer: usize, answerRoom: u32, nowMs: u32): void {
  memory.fill(changetype<usize>(carrier), 0, offsetof<Carrier>());
  carrier.answer = answer;
  carrier.answerRoom = answerRoom;
  link.start(settings.family, nowMs);
  if (settings.ssidLen) link.join(settings.ssid, settings.ssidLen, settings.secret, settings.secretLen);
}

/** Begin `POST path` with a body of `application/type`. All of them are kept by pointer until the exchange ends. */
export function begin(
  path: usize,
  pathLen: u32,
  type: usize,
  typeLen: u32,
  body: usize,
  bodyLen: u32,
  nowMs: u32,
): void {
  carrier.progress = Progress.Busy;
  carrier.asked = 0;
  carrier.startedMs = nowMs;
  carrier.outLen = 0;
  carrier.path = path;
  carrier.pathLen = pathLen;
  carrier.type = type;
  carrier.typeLen = typeLen;
  carrier.body = body;
  carrier.bodyLen = bodyLen;
}

/** How the exchange is. */
export function progress(): Progress {
  return carrier.progress;
}

/** End the exchange; the connection stays for the next one if `keep` and the server allow it. */
export function end(keep: boolean): void {
  const kept = keep && carrier.progress == Progress.Done && http.keepAlive();
  carrier.progress = Progress.Idle;
  if (!kept) hangUp();
}

/** Carry what there is to carry; true if bytes moved. */
export function poll(nowMs: u32): boolean {
  let moved = fromWire();
  link.tick(nowMs);
  follow();
  moved = channel.poll(nowMs) || moved;
  const busy = carrier.progress == Progress.Busy;
  if (stream.turn(busy, isBegun(), nowMs)) {
    // The connection is the stream's; the exchange begins when that has ended.
  } else if (busy) {
    if (!carrier.asked) connect(nowMs);
    if (carrier.asked) moved = converse(nowMs) || moved;
  } else if (channel.state() == LinkState.PeerClosed || channel.state() == LinkState.Failed) {
    channel.close();
  }
  return toWire() || moved;
}

/** Whether the exchange at hand has something of its own on the wire, and so must end before the stream begins. */
function isBegun(): boolean {
  return carrier.progress == Progress.Busy && (carrier.asked != 0 || link.state() > LinkState.Ready);
}

/** Whether the module is set up and nothing is under way: the main loop may take longer turns. */
export function isQuiet(): boolean {
  const idle = stream.holds() ? stream.isQuiet() : carrier.progress != Progress.Busy;
  return idle && link.state() != LinkState.Down && carrier.wireLen == 0 && channel.isQuiet();
}

/** Whether the module is ready. */
export function isUp(): boolean {
  return link.state() != LinkState.Down;
}

/** Say what became of the link. */
function follow(): void {
  const now = link.state();
  if (now == carrier.link) return;
  if (now == LinkState.Ready && carrier.link == LinkState.Down) event.say(Event.LinkUp);
  if (now == LinkState.Failed) event.number(Event.LinkFailed, now);
  carrier.link = now;
}

function connect(nowMs: u32): void {
  const state = channel.state();
  if (state == LinkState.Ready) {
    if (channel.open(settings.host, settings.hostLen, settings.port) != Status.Ok) fail();
  } else if (state == LinkState.PeerClosed) {
    // The server gave up a connection that was kept.
    channel.close();
  } else if (state == LinkState.Failed) {
    fail();
  } else if (state == LinkState.Open) {
    carrier.asked = 1;
    carrier.startedMs = nowMs;
    http.request(
      carrier.answer,
      carrier.answerRoom,
      settings.host,
      settings.hostLen,
      carrier.path,
      carrier.pathLen,
      carrier.type,
      carrier.typeLen,
      carrier.body,
      carrier.bodyLen,
    );
  }
}

/** Move request and answer between HTTP and the link. */
function converse(nowMs: u32): boolean {
  let moved = false;
  while (true) {
    if (carrier.outLen == 0) {
      carrier.outAt = 0;
      carrier.outLen = http.pull(out, PIECE_BYTES);
    }
    const sent = carrier.outLen ? channel.send(out + carrier.outAt, carrier.outLen) : 0;
    carrier.outAt += sent;
    carrier.outLen -= sent;
    if (sent == 0) break;
    moved = true;
  }
  while (http.state() == Exchange.Busy) {
    const got = channel.receive(piece, PIECE_BYTES);
    if (got == 0) break;
    http.push(piece, got);
    moved = true;
  }
  const state = channel.state();
  if (http.state() == Exchange.Done) carrier.progress = Progress.Done;
  else if (http.state() == Exchange.Failed) fail();
  else if (state != LinkState.Open && !moved) fail();
  else if (nowMs - carrier.startedMs > EXCHANGE_MS) fail();
  return moved;
}

function fail(): void {
  carrier.progress = Progress.Failed;
  http.reset();
  hangUp();
}

function hangUp(): void {
  const state = channel.state();
  if (state == LinkState.Opening || state == LinkState.Open) channel.close();
  if (state == LinkState.PeerClosed || state == LinkState.Failed) channel.close();
}

function fromWire(): boolean {
  const got = uart.read(piece, PIECE_BYTES);
  if (got) link.fromModule(piece, got);
  return got != 0;
}

function toWire(): boolean {
  if (carrier.wireLen == 0) {
    carrier.wireAt = 0;
    carrier.wireLen = link.toModule(wire, PIECE_BYTES);
  }
  if (carrier.wireLen == 0) return false;
  const taken = uart.write(wire + carrier.wireAt, carrier.wireLen);
  carrier.wireAt += taken;
  carrier.wireLen -= taken;
  return taken != 0;
}
