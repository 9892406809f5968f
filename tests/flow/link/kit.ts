/** The tests that every driver for AT modules passes against the emulated module of its family. */
import assert from "node:assert/strict";
import { it } from "node:test";
import type { FamilyName } from "../../../tools/modem/families.ts";
import { QUIRKS, type Quirk, quirksOf } from "../../../tools/modem/quirks.ts";
import { type Bench, bench } from "./bench.ts";
import { Family, Lines, LinkState } from "./device.ts";
import { converse, converseOften, until } from "./session.ts";

interface Given {
  readonly family: FamilyName;
  /** The seed of the first quirk. */
  readonly seed: number;
  /** The number of the error when a host refuses, if the module gives one. */
  readonly refusal?: number;
}

/** Add the tests to the group at hand. */
export function passes({ family, seed: first, refusal }: Given): void {
  const make = (quirks: readonly Quirk[], seed: number, baud?: number, rate?: number): Promise<Bench> =>
    bench(quirks, seed, baud, rate, family);

  it("carries all bytes over a wire that splits and delays", async () => {
    for (const baud of [9600, 115_200, 921_600]) {
      const outcome = converseOften(await make([], 1, baud), 10, 0);
      assert.equal(outcome.failed, 0);
    }
  });

  for (const quirk of quirksOf(family)) {
    it(`works with a module that can ${JSON.stringify(QUIRKS[quirk].says)}`, async (test) => {
      const seed = Object.keys(QUIRKS).indexOf(quirk) + first;
      const outcome = converseOften(await make([quirk], seed), 6, 60);
      test.diagnostic(`seed ${seed}: ${outcome.done} connections went well, ${outcome.failed} did not`);
    });
  }

  it("works with all quirks at once, and recovers afterwards", async (test) => {
    // A module that resets itself every minute never finds a network that takes two.
    const every = quirksOf(family).filter((quirk) => quirk !== "slow-attach");
    const setting = await make(every, 7, 115_200, 0.02);
    const outcome = converseOften(setting, 6, 200);
    test.diagnostic(`seed 7: ${outcome.done} connections went well, ${outcome.failed} did not`);
    setting.module.mischief.quirks.clear();
    setting.module.reset();
    assert.equal(converseOften(setting, 6, 2).done, 6);
  });

  it("reports a host that refuses, and continues", async () => {
    const setting = await make([], 5);
    setting.network.refusing = true;
    for (let times = 0; times < 6; times++) assert.equal(converse(setting, 10), false);
    if (refusal !== undefined)
      assert.deepEqual(setting.device.fault, { step: "connect", cause: "error", number: refusal, times: 6 });
    setting.network.refusing = false;
    assert.ok(converse(setting, 10));
  });

  it("recovers when the module resets at any moment", async () => {
    const setting = await make([], 6);
    for (let times = 0; times < 40; times++) {
      setting.clock.after(setting.random.below(600), () => setting.module.reset());
      converse(setting, 1 + setting.random.below(1500));
    }
    until(setting, 1000, () => false);
    assert.ok(converse(setting, 500));
  });

  for (const [line, name] of [
    [Lines.reset, "reset line"],
    [Lines.powerOff, "power"],
  ] as const) {
    it(`ends the silence of a module by its ${name}`, async () => {
      const setting = await make([], 9);
      assert.ok(converse(setting, 100));
      setting.module.hang();
      assert.ok(until(setting, 600_000, () => setting.device.guest.lines() === line));
      const heldAt = setting.clock.now();
      assert.ok(until(setting, 10_000, () => setting.device.guest.lines() === Lines.released));
      assert.ok(setting.clock.now() - heldAt >= 2000, "long enough for any module");
      setting.module.reset();
      assert.ok(converse(setting, 100));
    });
  }

  it("finds a module with an open connection from before the restart", async () => {
    const setting = await make([], 8);
    for (let times = 0; times < 20; times++) {
      until(setting, setting.random.below(1500), () => {
        if (setting.device.state === LinkState.ready) setting.device.open("signet.example", 80);
        if (setting.device.state === LinkState.open) setting.device.send(Buffer.alloc(100, 0x2b));
        return false;
      });
      setting.device.guest.start(Family[family], Math.floor(setting.clock.now()));
    }
    assert.ok(converseOften(setting, 3, 1).done === 3);
  });
}
