/**
 * The device's side of a tunnel: a stream of bytes that travels in the bodies of requests and answers (README, "Tunnel"). It knows
 * no module: a driver sends the `write` bytes before the end of `tx`, gives each byte of the answer to `hear`, and says at
 * the end `answered` or `failed`. One request is under way at a time.
 *
 *     wants -> write -> hear ... -> answered   the bytes that the server has leave `tx`
 *                                -> failed     the same bytes again, after a pause
 */
import {
  AT_POLL_MS,
  LINK_RX_BYTES,
  LINK_TX_BYTES,
  TUNNEL_ACK_MS,
  TUNNEL_POLL_MS,
  TUNNEL_LOST_MS,
  TUNNEL_TRIES,
} from "../config";
import * as bytes from "../lib/bytes";
import { TunnelFlag } from "./facts";
import * as ring from "./stream";
import { LinkState, TUNNEL_HEAD_BYTES, UDP, clear, due, stream, tx } from "./stream";
import * as text from "./text";

const VERSION: u32 = 1;
const ID_BYTES: u32 = 8;
/** The head of CoAP: confirmable POST, message ID, Uri-Path "t", the marker; and that of the answer: acknowledgement, 2.04, ID, marker. */
const COAP_BYTES: u32 = UDP ? 7 : 0;
const COAP_ANSWER_BYTES: u32 = UDP ? 5 : 0;
const COAP_POST: u32 = 0x4002;
const COAP_PATH: u32 = 0xb174;
const COAP_CHANGED: u32 = 0x6044;
const MARKER: u32 = 0xff;
const ANSWER_HEAD_BYTES: u32 = COAP_ANSWER_BYTES + 18;
/** The most bytes of data in an answer: a datagram has at most 1,024. */
const ROOM_MOST: u32 = UDP ? 1_024 - ANSWER_HEAD_BYTES : 65_535;
/** The longest name of a host, a colon, a port. */
const AUTHORITY_BYTES: u32 = 64 + 1 + 5;
const COLON: u32 = 0x3a;

/** Places of the fields of a segment. */
const FLAGS: usize = 1;
const ID: usize = 2;
const FROM: usize = 10;
const NEXT: usize = 14;
const ROOM: usize = 18;


@unmanaged
class Tunnel {
  /** Offset of the first byte of `tx`. */
  base: u32;
  /** Bytes of `tx` in the request under way. */
  sent: u32;
  /** Bytes of the server so far, and when the request was written; the room that the request told. */
  received: u32;
  before: u32;
  room: u32;
  /** Bytes of the answer so far; those of a foreign one are ignored: 1. */
  heard: u32;
  ignored: u32;
  /** The layers above expect bytes: 1; the last answer was full, so more are likely to wait: 1. */
  expects: u32;
  more: u32;
  /** The layers above work: 1. */
  works: u32;
  /** Time of the next request for bytes, or after a failure, and the pause to the one after. */
  atMs: u32;
  pauseMs: u32;
  /** Failures in a row. */
  failures: u32;
  /** CoAP's message ID, and whether the message under it was not answered: 1. A repetition has the same bytes of `tx`. */
  message: u32;
  written: u32;
}


@lazy
const tunnel = changetype<Tunnel>(memory.data(offsetof<Tunnel>(), 4));


@lazy
const name: usize = memory.data(ID_BYTES, 4);

/** The head of the answer. */
@lazy
const head: usize = memory.data(ANSWER_HEAD_BYTES, 4);
/** The head of its segment. */
const SEGMENT: usize = COAP_ANSWER_BYTES;


@lazy
const authority: usize = memory.data(AUTHORITY_BYTES, 4);

/** Take the name of the next connection: 8 random bytes. */
export function identify(id: usize): void {
  bytes.copy(name, id, ID_BYTES);
}

/** Begin a connection; the server hears of it with the first bytes. Bounds: `hostLen` is at most 64, `port` at most 65535. */
export function open(host: usize, hostLen: u32, port: u32): void {
  memory.fill(changetype<usize>(tunnel), 0, offsetof<Tunnel>());
  stream.state = LinkState.Open;
  if (UDP) {
    tunnel.message = bytes.load16be(name);
    stream.host = host;
    stream.hostLen = hostLen;
    stream.port = port;
    return;
  }
  bytes.copy(authority, host, hostLen);
  store<u8>(authority + hostLen, <u8>COLON);
  const end = authority + AUTHORITY_BYTES;
  const digits = text.decimal(end, port);
  memory.copy(authority + hostLen + 1, end - digits, digits);
  stream.host = authority;
  stream.hostLen = hostLen + 1 + digits;
}

/** Say whether the layers above expect bytes: only then a request without data is made. */
export function expect(isExpected: boolean): void {
  if (isExpected && !tunnel.expects) tunnel.works = 1;
  tunnel.expects = u32(isExpected);
}

/**
 * Say whether the layers above work. If so, no request is made unless `tx` is full, and for a while none without data: the server
 * would hold it, and bytes that come soon would wait behind it.
 */
export function work(isWorking: boolean): void {
  tunnel.works = u32(isWorking);
}

/** True if a request is to be made now. */
export function wants(): boolean {
  if (stream.state != LinkState.Open) return false;
  if (tunnel.failures) return due(tunnel.atMs);
  if (stream.txLen == LINK_TX_BYTES) return true;
  if (tunnel.works) {
    // From now on, not from when it was said: a turn can take a second.
    poll(TUNNEL_POLL_MS);
    return false;
  }
  if (stream.txLen) return true;
  // The client of TLS speaks first.
  if (!tunnel.expects || tunnel.base == 0 || ring.room() < LINK_RX_BYTES / 2) return false;
  return tunnel.more != 0 || due(tunnel.atMs);
}

/** Write the head of a request before the bytes of `tx`; returns the length of the segment, which ends with them. */
export function write(): u32 {
  if (!UDP || !tunnel.written) tunnel.sent = stream.txLen;
  if (UDP) writeCoap();
  const out = tx - TUNNEL_HEAD_BYTES + COAP_BYTES;
  store<u8>(out, <u8>VERSION);
  const open = tunnel.base | tunnel.received ? 0 : <u32>TunnelFlag.Open;
  const more = tunnel.sent < LINK_TX_BYTES ? 0 : <u32>TunnelFlag.More;
  store<u8>(out + FLAGS, <u8>(open | more));
  bytes.copy(out + ID, name, ID_BYTES);
  bytes.store32be(out + FROM, tunnel.base);
  bytes.store32be(out + NEXT, tunnel.received);
  tunnel.room = min(ring.room(), ROOM_MOST);
  bytes.store16be(out + ROOM, tunnel.room);
  tunnel.before = tunnel.received;
  begin();
  return TUNNEL_HEAD_BYTES + tunnel.sent;
}

/** Write the head of CoAP. */
function writeCoap(): void {
  const out = tx - TUNNEL_HEAD_BYTES;
  if (!tunnel.written) tunnel.message++;
  tunnel.written = 1;
  bytes.store16be(out, COAP_POST);
  bytes.store16be(out + 2, tunnel.message);
  bytes.store16be(out + 4, COAP_PATH);
  store<u8>(out + 6, <u8>MARKER);
}

/** An answer begins. */
export function begin(): void {
  tunnel.heard = 0;
  tunnel.ignored = 0;
}

/** True if all of an answer to the request under way was heard. */
export function isWhole(): boolean {
  return tunnel.heard >= ANSWER_HEAD_BYTES && !tunnel.ignored;
}

/** Take a byte of the answer. A byte of another connection, or one that came before, is ignored. */
export function hear(byte: u32): void {
  const at = tunnel.heard++;
  if (at < ANSWER_HEAD_BYTES) {
    store<u8>(head + at, <u8>byte);
    if (at + 1 == ANSWER_HEAD_BYTES) tunnel.ignored = u32(!isOurs());
  } else if (
    !tunnel.ignored &&
    bytes.load32be(head + SEGMENT + FROM) + (at - ANSWER_HEAD_BYTES) == tunnel.received &&
    ring.room() != 0
  ) {
    ring.put(byte);
    tunnel.received++;
  }
}

/** True if the head is that of an answer to this connection, and claims nothing that cannot be. */
function isOurs(): boolean {
  if (UDP) {
    if (bytes.load16be(head) != COAP_CHANGED || load<u8>(head + 4) != MARKER) return false;
    if (bytes.load16be(head + 2) != (tunnel.message & 0xffff)) return false;
  }
  const segment = head + SEGMENT;
  if (stream.state != LinkState.Open || load<u8>(segment) != VERSION) return false;
  if (!bytes.same(segment + ID, name, ID_BYTES)) return false;
  return bytes.load32be(segment + NEXT) - tunnel.base <= tunnel.sent;
}

/** Act on the whole answer; false if it is none. */
export function answered(): boolean {
  if (stream.state != LinkState.Open) return true;
  if (!isWhole()) {
    failed();
    return false;
  }
  tunnel.failures = 0;
  tunnel.written = 0;
  const segment = head + SEGMENT;
  const flags = <u32>load<u8>(segment + FLAGS);
  if (flags & TunnelFlag.Unknown) {
    fail();
    return true;
  }
  const taken = bytes.load32be(segment + NEXT) - tunnel.base;
  tunnel.base += taken;
  stream.txLen -= taken;
  memory.copy(tx, tx + taken, stream.txLen);
  const moved = taken != 0 || tunnel.received != tunnel.before;
  poll(moved ? TUNNEL_POLL_MS : min(2 * tunnel.pauseMs, AT_POLL_MS));
  const len = tunnel.heard - ANSWER_HEAD_BYTES;
  tunnel.more = u32(len >= tunnel.room);
  const end = bytes.load32be(segment + FROM) + len;
  if (flags & TunnelFlag.End && end == tunnel.received) stream.state = LinkState.PeerClosed;
  return true;
}

/** The request or its answer was lost: make it again after a pause, which doubles. */
export function failed(): void {
  if (stream.state != LinkState.Open) return;
  if (++tunnel.failures > TUNNEL_TRIES) return fail();
  tunnel.atMs = stream.nowMs + (TUNNEL_LOST_MS << (tunnel.failures - 1));
}

/** No answer came in the time for it, which was the pause. */
export function late(): void {
  failed();
  tunnel.atMs = stream.nowMs;
}

/** The time for an answer to a datagram: it doubles with each repetition. */
export function patienceMs(): u32 {
  return TUNNEL_ACK_MS << tunnel.failures;
}

/** End the connection. */
function fail(): void {
  stream.state = LinkState.Failed;
  clear();
}

function poll(pauseMs: u32): void {
  tunnel.pauseMs = pauseMs;
  tunnel.atMs = stream.nowMs + pauseMs;
}
