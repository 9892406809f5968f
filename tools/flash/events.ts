/** The console's events as sentences. */
import { type EVENTS, REFUSED_NUMBERS, RESPONSE_FAULTS } from "../facts/device.ts";
import { names } from "../facts/table.ts";
import * as outage from "../wire/outage.ts";
import type { DeviceEvent } from "../emulator/qemu.ts";

/** The events of the firmware, and the two that the C of a board writes. */
export type EventName = keyof typeof EVENTS | "boot" | "epitaph";

/** The device's id, if an event carries it. */
export function idOf({ name, data }: DeviceEvent): string | undefined {
  const tells = (name === "key-made" || name === "key-loaded" || name === "rotated") && data.length === 32;
  return tells ? data.toString("hex") : undefined;
}

const REFUSED_NAMES = names(REFUSED_NUMBERS);
const FAULT_NAMES = names(RESPONSE_FAULTS);

// prettier-ignore
const WORDS: Readonly<Record<EventName, (data: Buffer, first: number) => string>> = {
  boot: (data) => `started: ${printable(data)}`,
  epitaph: (data) => `the previous life ended with: ${printable(data)}`,
  booted: (_, first) => `start number ${first}`,
  "key-made": (data) => `made its key; its id is ${data.toString("hex")}`,
  "key-loaded": (data) => `loaded its key; its id is ${data.toString("hex")}`,
  "no-entropy": (_, first) => `has no usable randomness (${first}), so it makes no key`,
  unconfigured: () => "has no valid factory page and stays off the network",
  "link-up": () => "the module is ready",
  "link-failed": (_, first) => `the connection failed (link state ${first})`,
  enrolled: (data) => `enrolled as ${data.subarray(0, 32).toString("hex")}; the head of its chain is ${data.length >= 36 ? data.readUInt32BE(32) : "?"}`,
  sent: (_, first) => `sent report ${first}`,
  accepted: (_, first) => `has the receipt for report ${first}`,
  refused: (_, first) => `was refused (reason ${first})`,
  "answer-forged": (_, first) => `ignored an answer that its server did not sign (status -${first})`,
  silenced: () => "is revoked: it tries again once a day",
  "head-ahead": (_, first) =>
    `learned of report ${first}, which it cannot have sent: its flash was restored, or another device has its key`,
  "number-refused": (data, first) =>
    `refused a number beyond its limit: ${data.length >= 8 ? data.readUInt32BE(4) : "?"}, ${REFUSED_NAMES.get(first) ?? "unknown"}`,
  command: (_, first) => `executed command ${first}`,
  "command-ignored": (_, first) => `ignored command ${first}: it is old or expired`,
  "store-begun": () => "initialised an empty store",
  "no-storage": () => "its flash does not keep written data: it makes no key",
  "flash-damaged": (_, first) => `found ${first} damaged records in its store, and repairs them from their copies`,
  "identity-lost": () => "cannot read its key and makes no other: erase the store to make a new device",
  retry: (_, first) => `tries again in ${first} ms`,
  "answer-unknown": (_, first) => `received HTTP status ${first}, which the protocol does not use`,
  "response-refused": (_, first) => `refused a response: ${FAULT_NAMES.get(first) ?? `fault ${first}`}`,
  "link-fault": (_, first) => outage.inWords(outage.read(first)),
  resting: (_, first) => `pauses for ${first} ms after repeated faults`,
  secured: (_, first) => (first ? "resumed TLS 1.3 with a ticket" : "established TLS 1.3 with a server whose key it trusts"),
  "tls-failed": (data, first) => (first === 256 ? "TLS failed: the connection was lost" : `TLS failed with alert ${first}, sent by the ${data.length >= 8 && data.readUInt32BE(4) === 1 ? "server" : "device"}`),
  rotating: (data) => `made its next key, as ordered; the id of that key is ${data.toString("hex")}`,
  "key-p256": (data) => `has a key on P-256 for TLS with others; its pin is ${data.toString("hex")}`,
  "certificate-refused": (_, first) => `does not use the certificate of its factory page: ${first === 3 ? "its key is not the device's" : "it is malformed"}`,
  rotated: (data) => `completed the rotation; its id is ${data.toString("hex")}`,
};

function printable(data: Buffer): string {
  return data.toString("latin1").replace(/[^ -~]/g, "?");
}

/** Write an event as a sentence; undefined if its name is unknown. */
export function inWords({ name, data }: DeviceEvent): string | undefined {
  const words = Object.hasOwn(WORDS, name) ? WORDS[name as EventName] : undefined;
  return words?.(data, data.length >= 4 ? data.readUInt32BE(0) : 0);
}
