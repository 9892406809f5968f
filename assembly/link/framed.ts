/**
 * The framed link: one reliable stream to the bridge of a gateway or module that we may program. Its protocol is in
 * README.md:
 *
 *     device                      bridge
 *       | HELLO(session)             |   again and again until
 *       |--------------------------->|
 *       |           WELCOME(session) |   numbers start at 0
 *       |<---------------------------|
 *       | 0 OPEN(port, host)         |   each numbered frame is repeated until its ACK
 *       |--------------------------->|
 *       |           ACK 0   0 OPENED |   or CLOSE, without an answer
 *       |<---------------------------|
 *       | ACK 0   n DATA             |   both ways
 *       |<-------------------------->|
 *       | n CLOSE                    |   each side once, either first
 *       |<-------------------------->|
 */
import {
  FRAME_DATA_BYTES,
  FRAME_GREETING_MAX_MS,
  FRAME_OPEN_MS,
  FRAME_PROBE_MS,
  FRAME_RETRY_MS,
  FRAME_TRIES,
  LINK_RX_BYTES,
  LINK_TX_BYTES,
} from "../config";
import * as crc32c from "../lib/crc32c";
import { Pipe } from "../lib/pipe";
import { Status } from "../lib/status";
import * as cobs from "./_cobs";
import { FaultCause, FaultStep } from "./facts";
import * as fault from "./fault";
import * as ring from "./stream";
import { LinkState, FAMILY_BYTES, due, family, lost, put, reset, stream, tx } from "./stream";

const enum Kind {
  Hello = 1,
  Welcome = 2,
  Ack = 3,
  Reset = 4,
  /** Frames from here on have numbers. */
  Open = 16,
  Opened = 17,
  Data = 18,
  Close = 19,
}

const VERSION: u32 = 1;
const HEAD_BYTES: u32 = 3;
const CRC_BYTES: u32 = 4;
/** The longest frame as it is on the wire, code byte included, delimiters not. */
const FRAME_BYTES: u32 = HEAD_BYTES + FRAME_DATA_BYTES + CRC_BYTES + 1;
if (HEAD_BYTES + FRAME_DATA_BYTES + CRC_BYTES > cobs.MAX_BYTES)
  ERROR("FRAME_DATA_BYTES must be at most 247: COBS encodes a frame as one run of blocks");
if (LINK_TX_BYTES / 2 < FRAME_BYTES + 2)
  ERROR("LINK_TX_BYTES must hold two frames of FRAME_DATA_BYTES + 10 bytes: one that is repeated, one that is not");
if (FRAME_DATA_BYTES > LINK_RX_BYTES / 2)
  ERROR("FRAME_DATA_BYTES must be at most half of LINK_RX_BYTES: the bridge sends only what there is room for");

/** `inLen` while the frame being received is longer than any may be. */
const TOO_LONG: u32 = FRAME_BYTES + 1;


@unmanaged
class Framed {
  /** The bridge has greeted: 1. */
  up: u32;
  session: u32;
  greetAtMs: u32;
  greetMs: u32;
  /** A stream exists at the bridge, or will once it has our OPEN: 1. */
  live: u32;
  /** The layers above want the stream closed: 1. */
  hangUp: u32;
  oursClosed: u32;
  theirsClosed: u32;
  /** When an OPEN or a CLOSE must have had its effect. */
  deadlineMs: u32;
  /** Our next numbered frame, and the one expected from the bridge. */
  sendNumber: u32;
  recvNumber: u32;
  /** The numbered frame that waits for its ACK, ready for the wire; 0: none. */
  frameLen: u32;
  tries: u32;
  retryAtMs: u32;
  retryMs: u32;
  /** Amount of data that the peer accepts, and the amount that it may send us. */
  peerRoom: u32;
  advertised: u32;
  probeAtMs: u32;
  ackDue: u32;
  helloDue: u32;
  frameDue: u32;
  inLen: u32;
}


@lazy
const link = changetype<Framed>(family);

/** The frame on its way to the UART. */
@lazy
const out = changetype<Pipe>(family + offsetof<Framed>());

/** The frame that arrives. */
@lazy
const frameIn: usize = family + offsetof<Framed>() + offsetof<Pipe>();
if (!isDefined(WITHOUT_FRAMED) && offsetof<Framed>() + offsetof<Pipe>() + FRAME_BYTES > FAMILY_BYTES)
  ERROR("FAMILY_BYTES must hold the state of the framed link");
/** `tx` holds the numbered frame in its first half, and in its second the frames without a copy: ACK and HELLO. */
@lazy
const note: usize = tx + LINK_TX_BYTES / 2;
/** The place of the payload of the next numbered frame. */
@lazy
export const BODY: usize = tx + 2 + HEAD_BYTES;

/** Begin to greet the bridge. */
export function start(nowMs: u32): void {
  reset(nowMs);
  // Any value does, as long as it is rarely the one of the life before.
  link.session = nowMs;
  begin();
}

/** Open a stream to `host`, which is kept by pointer. */
export function open(host: usize, hostLen: u32, port: u32): Status {
  stream.host = host;
  stream.hostLen = hostLen;
  stream.port = port;
  stream.state = LinkState.Opening;
  link.deadlineMs = stream.nowMs + FRAME_OPEN_MS;
  return Status.Ok;
}

/** Return the number of bytes for the peer that it takes now: one frame at a time. */
export function room(): u32 {
  if (stream.state != LinkState.Open || link.hangUp || !vacant()) return 0;
  return min(FRAME_DATA_BYTES, link.peerRoom);
}

/** Send the `len` bytes at BODY as a frame. */
export function send(len: u32): void {
  build(Kind.Data, len);
}

/** Act on received bytes that were taken: report to the bridge when there is room for a full frame again. */
export function taken(): void {
  if (link.advertised < FRAME_DATA_BYTES && ring.room() >= FRAME_DATA_BYTES) link.ackDue = link.up;
}

/** End the stream after the sent bytes; the link is Ready again when both sides have ended it. */
export function close(): void {
  stream.rxLen = 0;
  if (stream.state == LinkState.Ready) return;
  stream.state = LinkState.Down;
  if (link.live && !link.hangUp) {
    link.hangUp = 1;
    link.deadlineMs = stream.nowMs + FRAME_OPEN_MS;
  }
  settle();
}

/** Act on the time. */
export function tick(): void {
  if (!link.up) {
    if (!link.helloDue && due(link.greetAtMs)) {
      // The greeting before this one was not answered.
      if (link.greetMs != FRAME_RETRY_MS) fault.note(FaultStep.Module, FaultCause.Silence, 0);
      link.helloDue = 1;
      link.greetAtMs = stream.nowMs + link.greetMs;
      link.greetMs = min(link.greetMs * 2, FRAME_GREETING_MAX_MS);
    }
    return;
  }
  if (link.frameLen && !link.frameDue && due(link.retryAtMs)) {
    if (link.tries == FRAME_TRIES) return lose(FaultCause.Silence);
    link.retryMs *= 2;
    link.frameDue = 1;
  }
  if (due(link.deadlineMs)) {
    if (link.hangUp) return lose(FaultCause.Silence);
    if (stream.state == LinkState.Opening) refuse(FaultCause.Silence);
  }
  work();
}

/** Build the frame that the state asks for, if the one before it has arrived. */
function work(): void {
  if (!vacant()) return;
  if (stream.state == LinkState.Opening && !link.live) {
    link.live = 1;
    link.oursClosed = 0;
    link.theirsClosed = 0;
    store<u16>(BODY, <u16>stream.port);
    memory.copy(BODY + 2, stream.host, stream.hostLen);
    build(Kind.Open, 2 + stream.hostLen);
  } else if (link.hangUp && !link.oursClosed) {
    link.oursClosed = 1;
    build(Kind.Close, 0);
  } else if (stream.state == LinkState.Open && link.peerRoom == 0 && due(link.probeAtMs)) {
    link.probeAtMs = stream.nowMs + FRAME_PROBE_MS;
    build(Kind.Data, 0);
  }
}

/** True if a numbered frame can be built: there is none that waits for its ACK, and none half-way to the UART. */
function vacant(): boolean {
  return link.up != 0 && link.frameLen == 0 && (out.left == 0 || out.at >= note);
}

/** The bridge opened no connection. */
function refuse(cause: FaultCause): void {
  fault.note(FaultStep.Connect, cause, 0);
  stream.state = LinkState.Failed;
}

/** The link or the bridge's memory of it is lost. */
function lose(cause: FaultCause): void {
  fault.note(FaultStep.Module, cause, 0);
  begin();
}

/** Begin again, under a new session. */
function begin(): void {
  lost();
  link.up = 0;
  link.live = 0;
  link.hangUp = 0;
  link.frameLen = 0;
  link.frameDue = 0;
  link.ackDue = 0;
  out.left = 0;
  link.session = (link.session + 1) & 0xff;
  link.greetMs = FRAME_RETRY_MS;
  link.greetAtMs = stream.nowMs;
}

function settle(): void {
  if (link.hangUp && link.oursClosed && link.theirsClosed && link.frameLen == 0) {
    link.live = 0;
    link.hangUp = 0;
  }
  if (link.up && !link.live && stream.state == LinkState.Down) stream.state = LinkState.Ready;
}

/** Build a numbered frame in `tx` around the `len` bytes at BODY. */
function build(kind: Kind, len: u32): void {
  link.frameLen = finish(tx, kind, link.sendNumber, 2 + HEAD_BYTES + len);
  link.sendNumber = (link.sendNumber + 1) & 0xff;
  link.frameDue = 1;
  link.tries = 0;
  link.retryMs = FRAME_RETRY_MS;
}

/** Build a frame without repetition in `note`; both kinds carry the amount of data that we accept. */
function buildNote(kind: Kind, number: u32): void {
  let at = note + 2 + HEAD_BYTES;
  if (kind == Kind.Hello) store<u8>(at++, <u8>VERSION);
  link.advertised = ring.room();
  store<u16>(at, <u16>link.advertised);
  out.hold(note, finish(note, kind, number, <u32>(at + 2 - note)));
}

/**
 * Give the frame whose payload lies behind `at + 2 + HEAD_BYTES` and ends at `at + end` its head, checksum, stuffing and
 * delimiters; returns its length. The first delimiter ends garbage from before.
 */
function finish(at: usize, kind: Kind, number: u32, end: u32): u32 {
  store<u8>(at + 2, <u8>kind);
  store<u8>(at + 3, <u8>link.session);
  store<u8>(at + 4, <u8>number);
  store<u32>(at + end, crc32c.sum(at + 2, end - 2));
  store<u8>(at, 0);
  const len = cobs.encode(at + 1, at + 2, end - 2 + CRC_BYTES);
  store<u8>(at + 1 + len, 0);
  return len + 2;
}

/** Hand out up to `max` bytes for the UART. */
export function toModule(to: usize, max: u32): u32 {
  let written: u32 = 0;
  while (written < max && (out.left || choose())) {
    written += out.move(to + written, max - written);
    if (out.left == 0 && out.at < note) link.retryAtMs = stream.nowMs + link.retryMs;
  }
  return written;
}

/** Choose the frame to send next; ACK first, since the bridge waits for it. */
function choose(): boolean {
  if (link.ackDue) {
    link.ackDue = 0;
    buildNote(Kind.Ack, (link.recvNumber - 1) & 0xff);
  } else if (link.helloDue) {
    link.helloDue = 0;
    buildNote(Kind.Hello, 0);
  } else if (link.frameDue) {
    link.frameDue = 0;
    link.tries++;
    link.retryAtMs = stream.nowMs + link.retryMs;
    out.hold(tx, link.frameLen);
  }
  return out.left != 0;
}

/** Accept bytes from the UART: bytes that are no frame with a right checksum have no effect. */
export function fromModule(bytes: usize, len: u32): void {
  for (let i: u32 = 0; i < len; i++) {
    const byte = load<u8>(bytes + i);
    if (byte) {
      if (link.inLen < FRAME_BYTES) store<u8>(frameIn + link.inLen++, byte);
      else link.inLen = TOO_LONG;
    } else {
      if (link.inLen <= FRAME_BYTES) delimit();
      link.inLen = 0;
    }
  }
}

function delimit(): void {
  const len = cobs.decode(frameIn, link.inLen);
  const frame = frameIn + 1;
  if (len < <i32>(HEAD_BYTES + CRC_BYTES)) return;
  const payloadLen = <u32>len - HEAD_BYTES - CRC_BYTES;
  const payload = frame + HEAD_BYTES;
  if (load<u32>(payload + payloadLen) != crc32c.sum(frame, HEAD_BYTES + payloadLen)) return;
  if (load<u8>(frame + 1) != link.session) return;
  handle(load<u8>(frame), load<u8>(frame + 2), payload, payloadLen);
}

function handle(kind: u32, number: u32, payload: usize, len: u32): void {
  if (kind == Kind.Welcome) {
    if (!link.up && len == 3 && load<u8>(payload) == VERSION) welcome(load<u16>(payload + 1));
    return;
  }
  if (!link.up) return;
  if (kind == Kind.Reset) return lose(FaultCause.Restart);
  if (kind == Kind.Ack) {
    if (len == 2) acknowledged(number, load<u16>(payload));
    return;
  }
  if (kind < <u32>Kind.Open) return;
  if (number == link.recvNumber) {
    if (!accept(kind, payload, len)) return;
    link.recvNumber = (number + 1) & 0xff;
    link.ackDue = 1;
    settle();
  } else if (number == ((link.recvNumber - 1) & 0xff)) {
    // Our ACK was lost.
    link.ackDue = 1;
  }
}

function welcome(peerRoom: u32): void {
  link.up = 1;
  link.helloDue = 0;
  link.sendNumber = 0;
  link.recvNumber = 0;
  link.peerRoom = peerRoom;
  settle();
}

function acknowledged(number: u32, peerRoom: u32): void {
  if (link.peerRoom == 0) link.probeAtMs = stream.nowMs + FRAME_PROBE_MS;
  link.peerRoom = peerRoom;
  if (link.frameLen && number == ((link.sendNumber - 1) & 0xff)) {
    link.frameLen = 0;
    link.frameDue = 0;
    settle();
    work();
  }
}

/** Take the next numbered frame; false leaves it to be sent again. */
function accept(kind: u32, payload: usize, len: u32): boolean {
  switch (kind) {
    case Kind.Opened:
      if (stream.state == LinkState.Opening) stream.state = LinkState.Open;
      return true;
    case Kind.Data:
      if (stream.state != LinkState.Open) return true;
      if (len > ring.room()) return false;
      for (let i: u32 = 0; i < len; i++) put(load<u8>(payload + i));
      return true;
    case Kind.Close:
      link.theirsClosed = 1;
      if (stream.state == LinkState.Opening) refuse(FaultCause.Error);
      if (stream.state == LinkState.Open) stream.state = LinkState.PeerClosed;
      return true;
    default:
      return true;
  }
}
