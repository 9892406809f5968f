/** The firmware's ESP-AT driver against the emulated module with each of its quirks. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { QUIRKS, type Quirk, quirksOf } from "../../../tools/modem/quirks.ts";
import { bench } from "./bench.ts";
import { Family, LinkState } from "./device.ts";
import { carry, converse, converseOften, until } from "./session.ts";

/** Return the time for 4,000 bytes and their answers, in ms. */
async function pass(quirks: readonly Quirk[], baud: number): Promise<number> {
  const setting = await bench(quirks, 5, baud, 1);
  assert.ok(until(setting, 10_000, () => setting.device.state === LinkState.ready));
  const beganMs = setting.clock.now();
  assert.ok(carry(setting, 4000));
  return setting.clock.now() - beganMs;
}

describe("the ESP-AT driver", () => {
  it("carries all bytes over a wire that splits and delays", async () => {
    for (const baud of [9600, 115_200, 921_600]) {
      const outcome = converseOften(await bench([], 1, baud), 10, 0);
      assert.equal(outcome.failed, 0);
    }
  });

  it("takes at most twice as long without a single notice", async () => {
    for (const baud of [9600, 115_200, 921_600]) {
      const [told, silent] = [await pass([], baud), await pass(["lost-notice"], baud)];
      assert.ok(silent < 2 * told, `${silent} ms at ${baud} baud, ${told} ms with notices`);
    }
  });

  for (const quirk of quirksOf("esp-at")) {
    it(`works with a module that can ${JSON.stringify(QUIRKS[quirk].says)}`, async (test) => {
      const seed = Object.keys(QUIRKS).indexOf(quirk) + 100;
      const outcome = converseOften(await bench([quirk], seed), 6, 60);
      test.diagnostic(`seed ${seed}: ${outcome.done} connections went well, ${outcome.failed} did not`);
    });
  }

  it("works with all quirks at once, and recovers afterwards", async (test) => {
    const every = quirksOf("esp-at");
    const setting = await bench(every, 7, 115_200, 0.02);
    const outcome = converseOften(setting, 6, 200);
    test.diagnostic(`seed 7: ${outcome.done} connections went well, ${outcome.failed} did not`);
    setting.module.mischief.quirks.clear();
    setting.module.reset();
    const later = converseOften(setting, 6, 2);
    assert.equal(later.done, 6);
  });

  it("joins a network before it is ready", async () => {
    const setting = await bench([], 3);
    setting.device.guest.start(Family["esp-at"], 0);
    setting.device.join('a "name", with \\', 'and, a "secret"');
    assert.ok(converse(setting, 100));
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

  it("reports a host that refuses, and continues", async () => {
    const setting = await bench([], 5);
    setting.network.refusing = true;
    for (let times = 0; times < 6; times++) assert.equal(converse(setting, 10), false);
    setting.network.refusing = false;
    assert.ok(converse(setting, 10));
  });

  it("recovers when the module resets at any moment", async () => {
    const setting = await bench([], 6);
    for (let times = 0; times < 40; times++) {
      setting.clock.after(setting.random.below(600), () => setting.module.reset());
      converse(setting, 1 + setting.random.below(1500));
    }
    until(setting, 1000, () => false);
    assert.ok(converse(setting, 500));
  });

  it("finds a module with an open connection from before the restart", async () => {
    const setting = await bench([], 8);
    for (let times = 0; times < 20; times++) {
      until(setting, setting.random.below(1500), () => {
        if (setting.device.state === LinkState.ready) setting.device.open("signet.example", 80);
        if (setting.device.state === LinkState.open) setting.device.send(Buffer.alloc(100, 0x2b));
        return false;
      });
      setting.device.guest.start(Family["esp-at"], Math.floor(setting.clock.now()));
    }
    assert.ok(converseOften(setting, 3, 1).done === 3);
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
