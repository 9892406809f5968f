/** Another baud rate for the module's UART, of each family of AT modules, over a wire that turns bytes at a wrong rate into noise. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { FamilyName } from "../../../tools/modem/families.ts";
import { FAMILIES } from "../../../tools/modem/families.ts";
import { type Bench, bench } from "./bench.ts";
import { Family, LinkState } from "./device.ts";
import { carry, converse, until } from "./session.ts";

const OWN = 115_200;
const FAST = 921_600;
/** It has no command for the rate. */
const FIXED: FamilyName = "nrf91";
const NAMES = (Object.keys(FAMILIES) as FamilyName[]).filter((name) => name !== FIXED);

/** Begin a life of the device whose page names this rate. */
function begin({ device, clock }: Bench, family: FamilyName, rate = FAST): void {
  device.guest.start(Family[family], Math.floor(clock.now()));
  device.guest.wantBaud(rate, 2);
}

/** Wait for the link and converse; returns the time until the link was ready, in ms. */
function works(setting: Bench): number {
  const beganMs = setting.clock.now();
  assert.ok(until(setting, 120_000, () => setting.device.state === LinkState.ready));
  const readyMs = setting.clock.now() - beganMs;
  assert.ok(converse(setting, 500));
  return readyMs;
}

for (const family of NAMES) {
  describe(`the baud rate of ${family}`, () => {
    it("becomes that of the page, without a fault, and a transfer takes less time", async () => {
      const setting = await bench([], 1, OWN, 0, family);
      const { device, module } = setting;
      const time = (): number => {
        assert.ok(until(setting, 60_000, () => device.state === LinkState.ready));
        const beganMs = setting.clock.now();
        assert.ok(carry(setting, 4000));
        return setting.clock.now() - beganMs;
      };
      const slowMs = time();
      begin(setting, family);
      const fastMs = time();
      assert.equal(module.baud, FAST);
      assert.equal(device.fault.step, "none");
      assert.ok(fastMs < 0.8 * slowMs, `${fastMs} ms, ${slowMs} ms at ${OWN} baud`);
    });

    it("is found where the module has kept it over a restart of the device", async () => {
      const setting = await bench([], 2, OWN, 0, family);
      begin(setting, family);
      works(setting);
      begin(setting, family);
      assert.equal(setting.device.guest.baud(), 0);
      works(setting);
      assert.equal(setting.module.baud, FAST);
    });

    it("is asked for again after a restart of the module, heard or not", async () => {
      const setting = await bench([], 3, OWN, 0, family);
      begin(setting, family);
      for (let times = 0; times < 10; times++) {
        works(setting);
        assert.equal(setting.module.baud, FAST);
        setting.module.reset();
        until(setting, setting.random.below(3000), () => false);
        // The restart is found out by a connection that fails.
        if (setting.device.state === LinkState.ready) carry(setting, 10);
      }
      works(setting);
    });

    it("stays that of the board where the module refuses, and the fault says so", async () => {
      const setting = await bench([], 4, OWN, 0, family);
      begin(setting, family, family === "esp-at" ? 6_000_000 : 123_456);
      assert.ok(until(setting, 60_000, () => setting.device.state === LinkState.ready));
      assert.equal(`${setting.device.fault.step} ${setting.device.fault.cause}`, "set-up error");
      assert.equal(setting.module.baud, OWN);
      works(setting);
    });

    it("stays that of the board, after a reset, where the wire cannot carry the page's", async () => {
      const setting = await bench([], 5, OWN, 0, family);
      const { device, module } = setting;
      const { fromModule } = device;
      device.fromModule = (bytes) => fromModule.call(device, device.guest.baud() ? Buffer.alloc(bytes.length) : bytes);
      begin(setting, family);
      let fastest = 0;
      const isReady = (): boolean => {
        fastest = Math.max(fastest, module.baud);
        return device.state === LinkState.ready;
      };
      assert.ok(until(setting, 60_000, isReady));
      assert.equal(`${fastest} ${module.baud} ${device.guest.baud()}`, `${FAST} ${OWN} 0`);
      assert.ok(converse(setting, 500));
    });
  });
}

it("is found, where a module without a command for it has the page's rate and not the board's", async () => {
  const setting = await bench([], 6, OWN, 0, FIXED);
  setting.module.ownBaud = FAST;
  setting.module.reset();
  begin(setting, FIXED);
  works(setting);
  assert.equal(setting.device.guest.baud(), FAST);
});
