/**
 * The link: one byte stream at a time to a host on the internet, through whatever module the board has.
 *
 * It does no I/O and never waits: the main loop carries bytes between the UART and `fromModule`/`toModule`, calls `tick`
 * at each turn, and looks at `state`. What goes wrong with the module is repaired in here; what goes wrong with a
 * connection shows as Failed or PeerClosed until `close`.
 */
import { Status } from "../lib/status";
import { LinkState, stream, take } from "./_stream";
import * as espat from "./espat";
import * as framed from "./framed";

export { LinkState };

/** The kinds of module there are drivers for; the values are those of the factory page. */
export const enum Family {
  Framed = 0,
  EspAt = 1,
}

/** The longest host name: what ESP-AT takes. */
export const HOST_BYTES: u32 = 64;

let espAt: u32 = 0;

/** Whether there is a driver for this family. */
@inline
export function known(family: u32): boolean {
  return family <= <u32>Family.EspAt;
}

/** Begin to set up the module, which may be in any state. A family not `known` is a bug of ours and traps. */
export function start(family: u32, nowMs: u32): void {
  if (!known(family)) unreachable();
  espAt = u32(family == Family.EspAt);
  if (espAt) espat.start(nowMs);
  else framed.start(nowMs);
}

/**
 * Have the module join this network. Call it right after `start`, or not at all where the module knows its network or
 * has no need of one. Both texts are kept by pointer: at most 32 and 64 bytes.
 */
export function join(ssid: usize, ssidLen: u32, secret: usize, secretLen: u32): void {
  if (espAt) espat.join(ssid, ssidLen, secret, secretLen);
}

/**
 * Open a connection; only in state Ready, else Unexpected. `host` is a name or an address and kept by pointer.
 * Malformed: it is empty, too long, or holds a character that no name has.
 */
export function open(host: usize, hostLen: u32, port: u32): Status {
  if (stream.state != LinkState.Ready) return Status.Unexpected;
  if (hostLen == 0 || hostLen > HOST_BYTES || port == 0 || port > 65535) return Status.Malformed;
  for (let i: u32 = 0; i < hostLen; i++) {
    if (!isHostByte(load<u8>(host + i))) return Status.Malformed;
  }
  return espAt ? espat.open(host, hostLen, port) : framed.open(host, hostLen, port);
}

/** Letters, digits, `.`, `-`, `_`, and `:` for addresses: what can not end a quoted string. */
function isHostByte(byte: u32): boolean {
  return (byte | 0x20) - 0x61 < 26 || byte - 0x2d < 2 || byte - 0x30 < 11 || byte == 0x5f;
}

/** Take up to `len` bytes for the peer; returns how many were taken, 0 when not Open or when there is no room now. */
export function send(data: usize, len: u32): u32 {
  return espAt ? espat.send(data, len) : framed.send(data, len);
}

/** Write up to `max` bytes from the peer to `out`; returns how many. */
export function receive(out: usize, max: u32): u32 {
  return espAt ? take(out, max) : framed.receive(out, max);
}

/** Close after what was already taken, or acknowledge that the connection is gone: Ready comes back by itself. */
export function close(): void {
  if (espAt) espat.close();
  else framed.close();
}

/** How the link is now. */
export function state(): LinkState {
  return stream.state;
}

/** Let time pass. */
export function tick(nowMs: u32): void {
  stream.nowMs = nowMs;
  if (espAt) espat.tick();
  else framed.tick();
}

/** Take bytes read from the UART. */
export function fromModule(bytes: usize, len: u32): void {
  if (espAt) espat.fromModule(bytes, len);
  else framed.fromModule(bytes, len);
}

/** Write up to `max` bytes for the UART to `out`; returns how many. */
export function toModule(out: usize, max: u32): u32 {
  return espAt ? espat.toModule(out, max) : framed.toModule(out, max);
}
