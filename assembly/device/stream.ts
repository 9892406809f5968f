/**
 * A stream of bytes of the application's own, inside TLS, to any server that the factory page's keys prove. The device shows its
 * own key there, as it does for reports. There is one connection, and the two take turns with it:
 *
 *     Closed    -> open    Waiting   for a request that is under way, and for the module
 *               ->         Opening   reports wait from here on, signed and kept
 *               ->         Open      -> close, Ended, Failed
 *     Ended     the server closed in order, and all it sent was read    -> open, close
 *     Failed    not opened, not proven, or cut off                      -> open, close
 *
 * In the last two, and once closed, the connection is the reports' again: one that waits goes first, before another stream.
 * Nothing here waits. Never in the clear: without TLS in the factory page, or in the build, there is no stream. Each function asks
 * first whether this build has TLS: asc then leaves it out with all its memory.
 */
import { STREAM_OPEN_MS } from "../config";
import { Status } from "../lib/status";
import * as bytes from "../lib/bytes";
import { HOST_BYTES, LinkState } from "../link/link";
import * as tls from "../tls/client";
import * as channel from "./_channel";
import { PROTOCOL_MOST, StreamState } from "./facts";
import * as features from "./features";
import { settings } from "./settings";


@unmanaged
class Stream {
  state: StreamState;
  port: u32;
  hostLen: u32;
  /** Opening: the connection is being made for the stream, since when. */
  dialed: u32;
  sinceMs: u32;
  /** The reports' turn comes before the next stream. */
  yields: u32;
}


@lazy
const stream = changetype<Stream>(memory.data(offsetof<Stream>(), 4));


@lazy
const host: usize = memory.data(HOST_BYTES, 4);

/** Place of the host's name, which may be written before `open`; 0: there are no streams in this build. */
export function name(): usize {
  if (!features.TLS) return 0;
  return host;
}

/**
 * Ask for a connection to a host, a name or an address of at most 64 bytes, which is copied. An empty one is the host of the
 * factory page, port 0 its port. Unexpected: there is a stream already, or no TLS; TooLong, Malformed: no such name or port. A name that
 * cannot be one fails later.
 */
export function open(from: usize, len: u32, port: u32): Status {
  if (!features.TLS) return Status.Unexpected;
  if (!channel.secured() || holds() || stream.state == StreamState.Waiting) return Status.Unexpected;
  if (len > HOST_BYTES) return Status.TooLong;
  if (port > 65535) return Status.Malformed;
  stream.hostLen = len ? len : settings.hostLen;
  bytes.copy(host, len ? from : settings.host, stream.hostLen);
  stream.port = port ? port : settings.port;
  stream.state = StreamState.Waiting;
  return Status.Ok;
}

/** Place for the name of an application protocol; 0: this image asks for none, or there is a stream. */
export function protocol(): usize {
  if (!features.PROTOCOL) return 0;
  const isFree = stream.state == StreamState.Closed || stream.state >= StreamState.Ended;
  return isFree ? channel.protocol : 0;
}

/**
 * Ask for the application protocol (RFC 7301) of `len` bytes at `protocol` on each stream from now on; 0: for none. A server that chooses another one is refused; one that
 * chooses none is not. Unexpected: this image asks for none, or there is a stream; TooLong: more than 32 bytes.
 */
export function ask(len: u32): Status {
  if (!features.PROTOCOL) return Status.Unexpected;
  if (protocol() == 0) return Status.Unexpected;
  if (len > PROTOCOL_MOST) return Status.TooLong;
  channel.ask(len);
  return Status.Ok;
}

/** State of the stream. */
export function state(): StreamState {
  if (!features.TLS) return StreamState.Closed;
  return stream.state;
}

/** Return the capacity of the next record in bytes; 0 while there is no room, or no stream. */
export function room(): u32 {
  if (!features.TLS) return 0;
  return isOpen() ? tls.room() : 0;
}

/** Return the place for the bytes of `send`. */
export function outbox(): usize {
  if (!features.TLS) return 0;
  return tls.body();
}

/** Send the first `len` bytes of the outbox; returns how many were taken. */
export function send(len: u32): u32 {
  if (!features.TLS) return 0;
  const taken = min<u32>(room(), len);
  if (taken) tls.send(taken);
  return taken;
}

/** Return the number of bytes to read in one piece. */
export function left(): u32 {
  if (!features.TLS) return 0;
  return isOpen() ? tls.left() : 0;
}

/** Return their place. */
export function inbox(): usize {
  if (!features.TLS) return 0;
  return tls.at();
}

/** Be done with the first `len` of them; returns how many there were. */
export function take(len: u32): u32 {
  if (!features.TLS) return 0;
  const taken = min<u32>(left(), len);
  if (taken) tls.take(taken);
  return taken;
}

/** Change the keys of this side, and ask the server to change its own. Unexpected: not open; Again: no room yet. */
export function rekey(): Status {
  if (!features.TLS) return Status.Unexpected;
  return isOpen() ? tls.update() : Status.Unexpected;
}

/** End it: accepted bytes are still sent, received ones are dropped. */
export function close(): void {
  if (!features.TLS) return;
  if (holds()) release(StreamState.Closed);
  else stream.state = StreamState.Closed;
}

/** True if the connection is the stream's. */
export function holds(): bool {
  if (!features.TLS) return false;
  return stream.state == StreamState.Opening || stream.state == StreamState.Open;
}

/** True if the server is proven and bytes flow. */
export function isOpen(): bool {
  if (!features.TLS) return false;
  return stream.state == StreamState.Open;
}

/** True if nothing is under way but waiting for the server. */
export function isQuiet(): bool {
  return isOpen() && left() == 0;
}

/**
 * Move on, after `channel.poll`; returns whether the connection is the stream's. `busy`: there is an exchange; `begun`: it cannot be
 * held up any more.
 */
export function turn(busy: bool, begun: bool, nowMs: u32): bool {
  if (!features.TLS) return false;
  if (!busy) stream.yields = 0;
  switch (stream.state) {
    case StreamState.Waiting:
      if (begun || stream.yields) return false;
      stream.state = StreamState.Opening;
      stream.dialed = 0;
      stream.sinceMs = nowMs;
      break;
    case StreamState.Opening:
      opening(nowMs);
      break;
    case StreamState.Open:
      if (channel.state() == LinkState.PeerClosed) release(StreamState.Ended);
      else if (channel.state() != LinkState.Open) release(StreamState.Failed);
      break;
    default:
  }
  return holds();
}

/** Give a connection up that reports kept, make one, and see whether its server is proven. */
function opening(nowMs: u32): void {
  const now = channel.state();
  if (nowMs - stream.sinceMs > STREAM_OPEN_MS) release(StreamState.Failed);
  else if (stream.dialed) {
    if (now == LinkState.Open) stream.state = StreamState.Open;
    else if (now != LinkState.Opening) release(StreamState.Failed);
  } else if (now == LinkState.Ready) {
    stream.dialed = 1;
    if (channel.open(host, stream.hostLen, stream.port, true) != Status.Ok) release(StreamState.Failed);
  } else if (now != LinkState.Down && now != LinkState.Opening) channel.close();
}

/** Leave the connection to the reports. */
function release(last: StreamState): void {
  stream.state = last;
  stream.yields = 1;
  const now = channel.state();
  if (now != LinkState.Ready && now != LinkState.Down) channel.close();
}
