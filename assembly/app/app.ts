/**
 * The application: the measurements of a device and the commands that it obeys. This is the file to edit. The device signs the
 * bytes that `sample` writes, and the server stores them unchanged. A C program with its own readings passes them to
 * `signet_send` instead.
 */
import { Writer } from "../lib/writer";
import * as cbor from "../cose/cbor";
import * as sensor from "../port/sensor";

/** The firmware's name and its version: the server receives them at each start. */
export const NAME: usize = memory.data<u8>(["signet"]);
export const NAME_BYTES: u32 = bytesOf(NAME);
export const VERSION: usize = memory.data<u8>(["0.1.0"]);
export const VERSION_BYTES: u32 = bytesOf(VERSION);

/** Keys of a reading's map. */
const enum Key {
  /** Thousandths of a degree Celsius. */
  Temperature = 1,
  /** Seconds since the start. */
  Uptime = 2,
}

/** Write one reading, at most 512 bytes, or nothing if there is none now. With OWN_READINGS, only `send` gives readings. */
export function sample(out: Writer, nowMs: u32): void {
  if (isDefined(OWN_READINGS)) return;
  cbor.map(out, 2);
  cbor.int(out, Key.Temperature);
  cbor.int(out, sensor.read(0));
  cbor.int(out, Key.Uptime);
  cbor.uint(out, nowMs / 1_000);
}

/** When the next reading is due, given the interval of the factory page. */
export function nextMs(nowMs: u32, intervalMs: u32): u32 {
  return nowMs + intervalMs;
}

/**
 * Obey a command: `len` bytes that the server signed for this device alone. It comes once, never twice, also over a
 * restart. The next report acknowledges it.
 */
export function obey(data: usize, len: u32): void {
  // A thermometer has nothing to switch; the console shows the command.
}
