import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { firmware } from "../../tools/guest/firmware.ts";
import { Flash } from "../../tools/guest/flash.ts";
import { Guest } from "../../tools/guest/guest.ts";
import * as noises from "../../tools/guest/noise.ts";
import { page } from "./life.ts";
import { Witness } from "./witness.ts";
import { SIGNET } from "../../tools/firmware/product.ts";

/** The watchdog's limit of a board between two feedings (boards/common/port.h). */
const WATCHDOG_MS = 8_000;
/** Time in which a start leaves the store alone (assembly/config.ts). */
const START_MS = 500;
/** Maximum time of the firmware in a state without progress (assembly/config.ts). */
const PROGRESS_MS = 90_000;
const MINUTE_MS = 60_000;

/** A device whose module never says a word, in time that passes as the device sleeps. */
class Alone {
  now = 0;
  /** The longest time between two feedings. */
  longestMs = 0;
  readonly guest: Guest;

  constructor(module: WebAssembly.Module, flash: Flash) {
    this.guest = new Guest({ firmware: module, flash, noise: noises.seeded(1), clock: () => this.now });
    this.guest.boot();
  }

  live(ms: number): void {
    for (const until = this.now + ms; this.now < until;) {
      this.now += Math.max(1, this.guest.turn());
      this.longestMs = Math.max(this.longestMs, this.now - this.guest.fedMs);
    }
  }
}

describe("progress", async () => {
  const module = await firmware(SIGNET.entry);

  function alone(): Alone {
    const flash = new Flash({ pageBytes: 1024, pages: 3 });
    flash.provision(page(new Witness()));
    return new Alone(module, flash);
  }

  it("is detected in an hour without a module: waiting is no fault", () => {
    const device = alone();
    device.live(60 * MINUTE_MS);
    assert.ok(device.longestMs < WATCHDOG_MS / 2, `${device.longestMs} ms without feeding`);
    assert.equal(device.guest.deaths, 0);
  });

  it("is detected on a device without configuration", () => {
    const device = new Alone(module, new Flash({ pageBytes: 1024, pages: 3 }));
    device.live(10 * MINUTE_MS);
    assert.ok(device.longestMs < WATCHDOG_MS / 2);
  });

  it("ends by name after an hour if the flash cannot be written", () => {
    const flash = new Flash({ pageBytes: 1024, pages: 3 });
    flash.broken.add(1).add(2);
    const device = new Alone(module, flash);
    device.live(59 * MINUTE_MS);
    assert.equal(device.guest.deaths, 0);
    assert.ok(device.longestMs < WATCHDOG_MS / 2);
    device.live(2 * MINUTE_MS);
    assert.equal(device.guest.deaths, 1);
    assert.equal(device.guest.epitaph, "die 4");
  });

  it("wears no flash in starts that end early: the store is written only after the rest", () => {
    const device = alone();
    const { flash } = device.guest;
    for (let start = 0; start < 1_000; start++) {
      device.live(START_MS - 10);
      device.guest.reset();
    }
    assert.equal(flash.operations, 0);
    device.live(MINUTE_MS);
    assert.ok(flash.operations > 0);
  });

  it("wears no flash where the module's first transmission breaks the supply down", () => {
    const device = alone();
    device.live(MINUTE_MS);
    const { flash } = device.guest;
    const { operations } = flash;
    for (let start = 0; start < 1_000; start++) {
      device.guest.reset();
      device.live(START_MS + 4_000);
    }
    assert.equal(flash.operations, operations);
    assert.equal(device.guest.events.filter(({ name }) => name === "booted").length, 1);
    device.live(2_000);
    assert.ok(flash.operations > operations, "a device without a module never starts");
  });

  it("wears little flash in repeated starts that end in a fault", () => {
    const flash = new Flash({ pageBytes: 1024, pages: 3 });
    flash.provision(page(new Witness()));
    const device = new Alone(module, flash);
    device.guest.noise = noises.stuck(7);
    device.live(24 * 60 * MINUTE_MS);
    // Pauses double from 2 s to an hour: a dozen lives in the first two hours, and one an hour after that.
    assert.ok(device.guest.deaths > 20 && device.guest.deaths < 50, `${device.guest.deaths} lives`);
    assert.ok(Math.max(...flash.erasures) <= 10, `erasures ${flash.erasures}`);
  });

  it("rests before any write, and forgets no fault in it", () => {
    const flash = new Flash({ pageBytes: 1024, pages: 3 });
    flash.provision(page(new Witness()));
    const device = new Alone(module, flash);
    device.guest.noise = noises.stuck(7);
    while (device.guest.deaths < 5) device.live(1);
    const { operations } = flash;
    // Resets in the pause: the epitaph stays, the pause does not get shorter, and nothing is written.
    for (let start = 0; start < 100; start++) {
      device.live(START_MS + 1_000);
      assert.equal(device.guest.epitaph, "die 2");
      device.guest.reset();
    }
    assert.equal(flash.operations, operations);
  });

  it("ends when the device polls without progress: the watchdog resets it", () => {
    const device = alone();
    device.live(MINUTE_MS);
    // The state stands four words before the time of the last turn; one that does not exist leads nowhere.
    const memory = device.guest.memory();
    const words = new DataView(memory.buffer);
    let found = 0;
    device.now += 123_457;
    device.guest.turn();
    for (let at = 16; at + 4 <= words.byteLength; at += 4) {
      if (words.getUint32(at, true) !== device.now || words.getUint32(at - 16, true) !== device.guest.status())
        continue;
      words.setUint32(at - 16, 99, true);
      if (device.guest.status() === 99) found++;
    }
    assert.equal(found, 1);
    device.live(PROGRESS_MS + WATCHDOG_MS);
    const unfed = device.now - device.guest.fedMs;
    assert.ok(unfed >= WATCHDOG_MS - 500, `fed ${unfed} ms ago`);
  });
});
