/** The application of a C program of one's own: its readings come by `send`, its names and commands go through here. */
import { Writer } from "../lib/writer";

/** Most bytes of the name, and of the version: those of the protocol. */
const TEXT_MOST: u32 = 32;

/** The firmware's name and its version: the program puts them here before `init`. */
export const NAME: usize = memory.data(32);
export const VERSION: usize = memory.data(32);
export let NAME_BYTES: u32 = 0;
export let VERSION_BYTES: u32 = 0;

/** Where the command of the last turn is, and its length. */
export let commandAt: usize = 0;
export let commandBytes: u32 = 0;

/** Take the lengths of both texts. */
export function name(nameBytes: u32, versionBytes: u32): void {
  NAME_BYTES = min(nameBytes, TEXT_MOST);
  VERSION_BYTES = min(versionBytes, TEXT_MOST);
}

/** Write no reading: the program gives its own. */
export function sample(out: Writer, nowMs: u32): void {}

/** When the next reading is due, given the interval of the factory page. */
export function nextMs(nowMs: u32, intervalMs: u32): u32 {
  return nowMs + intervalMs;
}

/** Keep a command for the program: it takes it behind the turn, when its counter is stored. */
export function obey(data: usize, len: u32): void {
  commandAt = data;
  commandBytes = len;
}
