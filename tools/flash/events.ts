/** What a device says on its console, in words. */
import { type EVENTS, REFUSED_NUMBERS } from "../facts/device.ts";
import { names } from "../facts/table.ts";
import { parseEvent, type DeviceEvent } from "../emulator/qemu.ts";

/** The id in an event that tells who the device is. */
export function idOf({ name, data }: DeviceEvent): string | undefined {
  const tells = (name === "key-made" || name === "key-loaded" || name === "rotated") && data.length === 32;
  return tells ? data.toString("hex") : undefined;
}

const REFUSED_NAMES = names(REFUSED_NUMBERS);

// prettier-ignore
const WORDS: Readonly<Record<keyof typeof EVENTS | "boot" | "epitaph", (data: Buffer, first: number) => string>> = {
  boot: (data) => `started: ${printable(data)}`,
  epitaph: (data) => `its life before ended with: ${printable(data)}`,
  booted: (_, first) => `start number ${first}`,
  "key-made": (data) => `made its key; its id is ${data.toString("hex")}`,
  "key-loaded": (data) => `has its key; its id is ${data.toString("hex")}`,
  "no-entropy": (_, first) => `has no randomness it can trust (${first}), so it makes no key`,
  unconfigured: () => "has no factory page it can read, and stays off the network",
  "link-up": () => "the module is ready",
  "link-failed": (_, first) => `no connection (${first})`,
  enrolled: (data) => `signed up; the head of its chain is ${data.length >= 36 ? data.readUInt32BE(32) : "?"}`,
  sent: (_, first) => `sent report ${first}`,
  accepted: (_, first) => `has the receipt for report ${first}`,
  refused: (_, first) => `was refused (reason ${first})`,
  "answer-forged": (_, first) => `ignored an answer that the server did not sign (${first})`,
  silenced: () => "is revoked, and silent for a day",
  "head-ahead": (_, first) =>
    `hears of report ${first}, which it can not have sent: its flash went back, or somebody else has its key`,
  "number-refused": (data, first) =>
    `refused a number beyond its limit: ${data.length >= 8 ? data.readUInt32BE(4) : "?"}, ${REFUSED_NAMES.get(first) ?? "unknown"}`,
  command: (_, first) => `acted upon command ${first}`,
  "command-ignored": (_, first) => `ignored command ${first}`,
  "store-begun": () => "began an empty store",
  "no-storage": () => "has flash that takes nothing, and begins nothing",
  "flash-damaged": (_, first) => `found ${first} damaged places in its store, and repairs them from their copies`,
  "identity-lost": () => "held a key that can not be read any more: erase the board to make it another device",
  retry: (_, first) => `tries again in ${first} ms`,
  "answer-unknown": (_, first) => `got HTTP status ${first}`,
  resting: (_, first) => `rests for ${first} ms after faults`,
  secured: (_, first) => (first ? "resumed TLS" : "established TLS"),
  "tls-failed": (_, first) => `TLS failed (alert ${first})`,
  rotating: (data) => `made its next key, as ordered; its id will be ${data.toString("hex")}`,
  rotated: (data) => `has handed over to its next key; its id is ${data.toString("hex")}`,
};

function printable(data: Buffer): string {
  return data.toString("latin1").replace(/[^ -~]/g, "?");
}

/** Say a console line in words; undefined if it is no event, or one of a name not known here. */
export function inWords(line: string): string | undefined {
  const event = parseEvent(line);
  if (!event) return undefined;
  const words = Object.hasOwn(WORDS, event.name) ? WORDS[event.name as keyof typeof WORDS] : undefined;
  return words?.(event.data, event.data.length >= 4 ? event.data.readUInt32BE(0) : 0);
}
