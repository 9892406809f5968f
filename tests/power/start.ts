/** One start of a device that never reaches its server, up to its key. */
import assert from "node:assert/strict";
import { firmware } from "../../tools/guest/firmware.ts";
import type { Flash } from "../../tools/guest/flash.ts";
import { Guest } from "../../tools/guest/guest.ts";
import * as noises from "../../tools/guest/noise.ts";
import { SIGNET } from "../../tools/firmware/product.ts";

const module = await firmware(SIGNET.entry);
const ENDS: ReadonlySet<string> = new Set(["key-made", "key-loaded", "identity-lost", "no-storage", "no-entropy"]);
const HOUR_MS = 3_600_000;

/**
 * Start a device and let it live until it has its key, or says why it has none. It has no factory page meanwhile, so it does not
 * wait for a module. Throws PowerCut where its flash says so.
 */
export function start(flash: Flash): Guest {
  const page = flash.bytes.slice(0, flash.shape.pageBytes);
  flash.bytes.fill(0xff, 0, page.length);
  try {
    return untilKey(flash);
  } finally {
    flash.bytes.set(page);
  }
}

function untilKey(flash: Flash): Guest {
  let now = 0;
  const guest = new Guest({ firmware: module, flash, noise: noises.seeded("rot"), clock: () => now });
  guest.boot();
  while (!guest.events.some(({ name }) => ENDS.has(name))) {
    assert.ok(now < HOUR_MS && guest.deaths === 0, `no key: ${guest.epitaph}`);
    now += Math.max(1, guest.turn());
  }
  return guest;
}

/** Return the data of the first event of a name. */
export function named(guest: Guest, name: string): Uint8Array | undefined {
  return guest.events.find((event) => event.name === name)?.data;
}
