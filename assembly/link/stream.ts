/**
 * State shared by the families: the state that the layers above see, and the bytes in progress. Only one family is in use.
 */
import { FRAME_DATA_BYTES, LINK_RX_BYTES, LINK_TX_BYTES } from "../config";

/** True if the road of the image carries requests and answers: its streams travel in a tunnel. */
export const TUNNEL: bool = isDefined(ROAD_HTTP) || isDefined(ROAD_UDP);
/** True if the requests are datagrams of CoAP. */
export const UDP: bool = isDefined(ROAD_UDP);
/** Room before `tx` for the head of a request of the tunnel, and that of CoAP. */
export const TUNNEL_HEAD_BYTES: u32 = TUNNEL ? (UDP ? 27 : 20) : 0;

if (TUNNEL && isDefined(WITHOUT_TLS)) ERROR("a tunnel carries TLS: ROAD_HTTP and ROAD_UDP exclude WITHOUT_TLS");

if (LINK_RX_BYTES < 64 || (LINK_RX_BYTES & (LINK_RX_BYTES - 1)) != 0)
  ERROR("LINK_RX_BYTES must be a power of two, at least 64: the receive ring wraps by a mask");

/** State of the link. */
export const enum LinkState {
  /** The module is being set up or repaired, or a connection is being closed. */
  Down,
  /** The module is set up; there is no connection. */
  Ready,
  /** A connection is being opened. */
  Opening,
  /** Bytes flow. */
  Open,
  /** The peer ended the connection; what arrived before can still be received. */
  PeerClosed,
  /** The connection was lost or could not be opened; nothing more will be received. */
  Failed,
}

/** States of the lines of the module. */
export const enum Lines {
  /** It has power and runs. */
  Released,
  /** It is held in reset. */
  Reset,
  /** Its power is off. */
  PowerOff,
}


@unmanaged
export class Stream {
  state: LinkState;
  /** Time of the last `tick`. */
  nowMs: u32;
  /** Bytes in `tx`. */
  txLen: u32;
  /** Place of the oldest byte of the ring `rx`, and the number of bytes. */
  rxAt: u32;
  rxLen: u32;
  /** The last fault: a word of `fault.ts`. */
  fault: u32;
  /** The same for the next report: a byte of a peer does not clear it. */
  outage: u32;
  host: usize;
  hostLen: u32;
  port: u32;
}

export const stream = changetype<Stream>(memory.data(offsetof<Stream>(), 8));

/** Bytes from the layers above; how they lie here is the family's business. */
export const tx: usize = memory.data(TUNNEL_HEAD_BYTES + LINK_TX_BYTES, 4) + TUNNEL_HEAD_BYTES;

const rx: usize = memory.data(LINK_RX_BYTES, 4);

/** Bytes that a family has for its state: what the framed link takes with the frame that arrives, or a driver for AT modules. */
export const FAMILY_BYTES: u32 = isDefined(WITHOUT_FRAMED) ? 164 : FRAME_DATA_BYTES + 104;
/** State of the family in use, which lays it out. `reset` wipes it, so no family reads the bytes of another. */
export const family: usize = memory.data(FAMILY_BYTES, 8);

/** Begin with nothing. */
export function reset(nowMs: u32): void {
  stream.state = LinkState.Down;
  stream.nowMs = nowMs;
  memory.fill(family, 0, FAMILY_BYTES);
  clear();
}

/** Forget all bytes, both ways. */
export function clear(): void {
  stream.txLen = 0;
  stream.rxLen = 0;
}

/** The module is lost, and with it the connection if there is one. */
export function lost(): void {
  if (stream.state == LinkState.Opening || stream.state == LinkState.Open) {
    stream.state = LinkState.Failed;
    clear();
  } else if (stream.state == LinkState.Ready) {
    stream.state = LinkState.Down;
  }
}

/** Room for further received bytes. */
@inline
export function room(): u32 {
  return LINK_RX_BYTES - stream.rxLen;
}

/** Keep one received byte, which ends a fault; without room it is dropped. Families ask for no more than there is room for. */
export function put(byte: u32): void {
  stream.fault = 0;
  if (stream.rxLen == LINK_RX_BYTES) return;
  store<u8>(rx + ((stream.rxAt + stream.rxLen) & (LINK_RX_BYTES - 1)), <u8>byte);
  stream.rxLen++;
}

/** Return the place of the oldest received bytes. */
export function at(): usize {
  return rx + stream.rxAt;
}

/** Return the number of these bytes up to the end of the ring. */
export function left(): u32 {
  return min(stream.rxLen, LINK_RX_BYTES - stream.rxAt);
}

/** Step over the first `len` of them. Bounds: `len` is at most `left`. */
export function take(len: u32): void {
  stream.rxAt = (stream.rxAt + len) & (LINK_RX_BYTES - 1);
  stream.rxLen -= len;
}

/** True if the time `atMs` has come; times are compared by difference, since the clock wraps. */
@inline
export function due(atMs: u32): boolean {
  return <i32>(stream.nowMs - atMs) >= 0;
}
