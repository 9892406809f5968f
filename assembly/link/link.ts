/**
 * The link: one byte stream at a time to a host on the internet, through the module of the board.
 *
 * It does no I/O and never waits: the main loop carries bytes between the UART and `fromModule`/`toModule`, calls `tick` at
 * each turn, and reads `state`. The link repairs faults of the module itself; a fault of a connection shows as Failed or
 * PeerClosed until `close`.
 */
import { Status } from "../lib/status";
import * as ring from "./stream";
import { Lines, LinkState, TUNNEL, UDP, stream, tx } from "./stream";
import * as families from "./_families";
import { AT, ESP_AT, FRAMED, Family, MOBILE, NRF91, QUECTEL, SIM7080, SIMCOM, UBLOX, family } from "./_families";
import * as engine from "./at/engine";
import * as espatHttp from "./at/espat_http";
import * as espatUdp from "./at/espat_udp";
import { access } from "./at/mobile";
import * as rate from "./at/rate";
import { BAUD } from "./at/rate";
import * as socket from "./at/socket";
import { Event } from "./at/step";
import * as wifi from "./at/wifi";
import * as fault from "./fault";
import * as framed from "./framed";
import * as tunnel from "./tunnel";

export { BAUD, Family, Lines, LinkState, MOBILE, TUNNEL, access };

/** Maximum host name: the limit of ESP-AT. */
export const HOST_BYTES: u32 = 64;

if (!FRAMED && !AT) ERROR("an image needs the driver of a module: WITHOUT_FRAMED or WITHOUT_ESP_AT, not both");

if (TUNNEL && !UDP && (FRAMED || MOBILE || !ESP_AT))
  ERROR("ROAD_HTTP is for the driver of ESP-AT alone: with WITHOUT_FRAMED");
if (UDP && (FRAMED || ESP_AT == QUECTEL || SIMCOM || NRF91 || SIM7080 || UBLOX))
  ERROR("ROAD_UDP is for the driver of ESP-AT or of Quectel modules alone");

/** True if the module in use takes AT commands. */
@inline
function isAt(): boolean {
  return AT && family() != Family.Framed;
}

/** True if the image has a driver for this family. */
@inline
export function known(family: u32): boolean {
  return families.known(family);
}

/** Begin to set up the module, which may be in any state. A family not `known` is a bug of ours and traps. */
export function start(wanted: u32, nowMs: u32): void {
  if (!known(wanted)) unreachable();
  families.use(wanted);
  if (UDP && ESP_AT) espatUdp.start(nowMs);
  else if (TUNNEL && !UDP) espatHttp.start(nowMs);
  else if (isAt()) families.start(nowMs);
  else if (FRAMED) framed.start(nowMs);
}

/**
 * Let the module join this network. Call it right after `start`, or not at all where the module knows its network or needs
 * none. Both texts are kept by pointer: at most 32 and 64 bytes.
 */
export function join(ssid: usize, ssidLen: u32, secret: usize, secretLen: u32): void {
  if (ESP_AT && family() == Family.EspAt) wifi.join(ssid, ssidLen, secret, secretLen);
}

/** Name the next connection, where it travels in a tunnel: 8 random bytes, which are copied. Call it right before `open`. */
export function identify(id: usize): void {
  if (TUNNEL) tunnel.identify(id);
}

/** Say whether the layers above wait for bytes: a tunnel asks for them only then. */
export function expect(isExpected: boolean): void {
  if (TUNNEL) tunnel.expect(isExpected);
}

/** Say whether bytes moved in the layers above in this turn: more are likely to follow, and go in the same request of a tunnel. */
export function work(isWorking: boolean): void {
  if (TUNNEL) tunnel.work(isWorking);
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
  if (isAt()) return socket.open(host, hostLen, port);
  return FRAMED ? framed.open(host, hostLen, port) : unreachable();
}

/** Letters, digits, `.`, `-`, `_`, and `:` for addresses: none can end a quoted string. */
function isHostByte(byte: u32): boolean {
  return (byte | 0x20) - 0x61 < 26 || byte - 0x2d < 2 || byte - 0x30 < 11 || byte == 0x5f;
}

/** Return the number of bytes for the peer that it takes now; 0 when not Open. */
export function room(): u32 {
  if (isAt()) return socket.room();
  return FRAMED ? framed.room() : unreachable();
}

/** Return the place of these bytes, to be written before `send` in the same turn. */
export function body(): usize {
  if (isAt()) return tx + stream.txLen;
  return FRAMED ? framed.BODY : unreachable();
}

/** Send the `len` bytes at `body`. Bounds: `len` is 1 to `room`. */
export function send(len: u32): void {
  if (isAt()) stream.txLen += len;
  else if (FRAMED) framed.send(len);
}

/** Return the number of bytes from the peer at `at`. */
export function left(): u32 {
  return ring.left();
}

/** Return the place of the bytes from the peer. */
export function at(): usize {
  return ring.at();
}

/** Step over the first `len` of them. Bounds: `len` is at most `left`. */
export function take(len: u32): void {
  ring.take(len);
  if (FRAMED && family() == Family.Framed) framed.taken();
}

/** Close after the accepted bytes, or acknowledge that the connection is gone: the link returns to Ready by itself. */
export function close(): void {
  if (isAt()) socket.close();
  else if (FRAMED) framed.close();
}

/** State of the link. */
export function state(): LinkState {
  return stream.state;
}

/** The last fault, until a byte of a peer arrives: a word of `fault.ts`; 0: none. */
export function lastFault(): u32 {
  return fault.last();
}

/** The same, once each time it is news; else 0. */
export function faultNews(): u32 {
  return fault.news();
}

/** Use this baud rate of the factory page, and these lines of the module for flow control. Call it right after `start`; no other family takes it. */
export function wantBaud(baud: u32, flow: u32): void {
  if (isAt()) rate.want(baud, flow);
}

/** The baud rate that the UART is to have now; 0: the board's own. */
export function baud(): u32 {
  return isAt() ? rate.now() : 0;
}

/** The last fault since `settle`, for a report; 0: none. */
export function outage(): u32 {
  return fault.outage();
}

/** Forget the fault that was returned for a report: it has its receipt, or the server does not take it. */
export function settle(): void {
  fault.settle();
}

/** Return the state that the lines of the module are to have now. */
export function lines(): Lines {
  return isAt() ? engine.lines() : Lines.Released;
}

/** Let time pass. */
export function tick(nowMs: u32): void {
  stream.nowMs = nowMs;
  if (isAt()) {
    react(engine.tick());
    socket.choose();
  } else if (FRAMED) framed.tick();
}

/** Take bytes read from the UART. */
export function fromModule(bytes: usize, len: u32): void {
  if (isAt()) {
    engine.heard(len);
    for (let i: u32 = 0; i < len; i++) react(engine.hear(load<u8>(bytes + i)));
    socket.choose();
  } else if (FRAMED) framed.fromModule(bytes, len);
}

/** Have the driver act on what the engine found. */
function react(event: Event): void {
  if (event == Event.None) return;
  if (UDP && ESP_AT) espatUdp.react(event);
  else if (TUNNEL && !UDP) espatHttp.react(event);
  else families.react(event);
}

/** Write up to `max` bytes for the UART to `out`; returns how many. */
export function toModule(out: usize, max: u32): u32 {
  if (isAt()) return socket.toModule(out, max);
  return FRAMED ? framed.toModule(out, max) : unreachable();
}
