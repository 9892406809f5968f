/** The firmware's ESP-AT driver against the emulated module with each of its quirks. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { EspAt } from "../../../tools/modem/espat.ts";
import type { Quirk } from "../../../tools/modem/quirks.ts";
import { bench } from "./bench.ts";
import { Family, LinkState } from "./device.ts";
import { passes } from "./kit.ts";
import { carry, converse, until } from "./session.ts";

/** Return the time for 4,000 bytes and their answers, in ms. */
async function pass(quirks: readonly Quirk[], baud: number): Promise<number> {
  const setting = await bench(quirks, 5, baud, 1);
  assert.ok(until(setting, 10_000, () => setting.device.state === LinkState.ready));
  const beganMs = setting.clock.now();
  assert.ok(carry(setting, 4000));
  return setting.clock.now() - beganMs;
}

describe("the ESP-AT driver", () => {
  passes({ family: "esp-at", seed: 100 });

  it("takes at most twice as long without a single notice", async () => {
    for (const baud of [9600, 115_200, 921_600]) {
      const [told, silent] = [await pass([], baud), await pass(["lost-notice"], baud)];
      assert.ok(silent < 2 * told, `${silent} ms at ${baud} baud, ${told} ms with notices`);
    }
  });

  it("joins a network before it is ready", async () => {
    const setting = await bench([], 3);
    setting.device.guest.start(Family["esp-at"], 0);
    setting.device.join('a "name", with \\', 'and, a "secret"');
    assert.ok(converse(setting, 100));
  });

  it("joins once and writes nothing to the flash of a module that stays on, and joins again after its restart", async () => {
    const setting = await bench([], 3);
    const { device, module, clock } = setting;
    assert.ok(module instanceof EspAt);
    for (const [restarts, joins] of [
      [false, 1],
      [false, 1],
      [true, 2],
      [false, 2],
    ] as const) {
      if (restarts) module.reset();
      device.guest.start(Family["esp-at"], Math.floor(clock.now()));
      device.join("a+b, 2", "secretsecret");
      assert.ok(converse(setting, 100));
      assert.equal(module.station.joins, joins);
    }
    device.guest.start(Family["esp-at"], Math.floor(clock.now()));
    device.join("a+b", "secretsecret");
    assert.ok(converse(setting, 100));
    assert.equal(`${module.station.joined} ${module.station.joins} ${module.station.flashWrites}`, "a+b 3 0");
  });

  it("reports the end of a connection by the peer, after its last byte", async () => {
    const setting = await bench([], 4);
    setting.network.endAfter = 700;
    const { device } = setting;
    assert.ok(until(setting, 10_000, () => device.state === LinkState.ready));
    device.open("signet.example", 80);
    assert.ok(until(setting, 10_000, () => device.state === LinkState.open));
    device.send(Buffer.alloc(400, 1));
    until(setting, 1000, () => false);
    device.send(Buffer.alloc(300, 2));
    let got = Buffer.alloc(0);
    const ended = until(setting, 10_000, () => {
      got = Buffer.concat([got, device.receive(7)]);
      return device.state === LinkState.peerClosed;
    });
    assert.ok(ended);
    assert.equal(Buffer.concat([got, device.receive()]).length, 700);
  });

  it("finds a module that waits for data from before the restart within three seconds", async () => {
    const setting = await bench([], 9);
    const { device, clock } = setting;
    for (let times = 0; times < 10; times++) {
      assert.ok(until(setting, 10_000, () => device.state === LinkState.ready));
      device.open("signet.example", 80);
      assert.ok(until(setting, 10_000, () => device.state === LinkState.open));
      device.send(Buffer.alloc(512, 0x41));
      until(setting, 10 + setting.random.below(60), () => false);
      device.guest.start(Family["esp-at"], Math.floor(clock.now()));
      assert.ok(until(setting, 3000, () => device.state === LinkState.ready));
    }
    assert.ok(converse(setting, 500));
  });
});
