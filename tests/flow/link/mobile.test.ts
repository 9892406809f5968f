/** The firmware's drivers for modules in a mobile network against the emulated modules, with each of their quirks. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { FamilyName } from "../../../tools/modem/families.ts";
import { MobileModule } from "../../../tools/modem/mobile.ts";
import type { Quirk } from "../../../tools/modem/quirks.ts";
import { type Bench, bench } from "./bench.ts";
import { Family, LinkState } from "./device.ts";
import { passes } from "./kit.ts";
import { carry, converse, converseOften, until } from "./session.ts";

type Mobile = Exclude<FamilyName, "esp-at">;

/** The number of the error when a host refuses; 0 if the module gives none. */
const REFUSED: Readonly<Record<Mobile, number>> = { quectel: 566, simcom: 10, nrf91: 0, sim7080: 27, ublox: 0 };

for (const family of Object.keys(REFUSED) as Mobile[]) suite(family);

function suite(family: Mobile): void {
  const make = (quirks: readonly Quirk[], seed: number, baud?: number, rate?: number): Promise<Bench> =>
    bench(quirks, seed, baud, rate, family);

  describe(`the driver ${family}`, () => {
    passes({ family, seed: 200, refusal: REFUSED[family] });

    it("takes at most twice as long without a single notice", async () => {
      const time = async (quirks: readonly Quirk[]): Promise<number> => {
        const setting = await make(quirks, 5, 115_200, 1);
        assert.ok(until(setting, 30_000, () => setting.device.state === LinkState.ready));
        const beganMs = setting.clock.now();
        assert.ok(carry(setting, 4000));
        return setting.clock.now() - beganMs;
      };
      const [told, silent] = [await time([]), await time(["lost-notice"])];
      assert.ok(silent < 2 * told, `${silent} ms, ${told} ms with notices`);
    });

    it("waits for a network for two minutes without a fault, and does not reset the module", async () => {
      const setting = await make(["slow-attach"], 3);
      const { device } = setting;
      assert.ok(!until(setting, 100_000, () => device.state !== LinkState.down));
      assert.equal(device.fault.step, "none");
      assert.ok(until(setting, 30_000, () => device.state === LinkState.ready));
    });

    it("finds the network after a restart of the module that it did not hear", async () => {
      const setting = await make(["slow-attach"], 3);
      const { device, module } = setting;
      assert.ok(!until(setting, 20_000, () => device.state !== LinkState.down));
      module.reset();
      // The greeting is lost.
      const { fromModule } = device;
      device.fromModule = () => {};
      until(setting, 1000, () => false);
      device.fromModule = fromModule;
      assert.ok(until(setting, 400_000, () => device.state === LinkState.ready));
      assert.ok(converse(setting, 100));
    });

    it("unlocks the SIM, and says so if it cannot", async () => {
      const setting = await make([], 4);
      assert.ok(setting.module instanceof MobileModule);
      setting.module.pin = "4711";
      setting.module.reset();
      const { device } = setting;
      assert.ok(!until(setting, 20_000, () => device.state === LinkState.ready));
      assert.equal(`${device.fault.step} ${device.fault.cause}`, "sim error");
      device.guest.start(Family[family], Math.floor(setting.clock.now()));
      device.attach("internet", "4711");
      assert.ok(converse(setting, 100));
    });

    it("gives the module the commands of the factory page, and names one that the module refuses", async () => {
      const setting = await make([], 9);
      const { device, module } = setting;
      assert.ok(module instanceof MobileModule);
      device.guest.start(Family[family], Math.floor(setting.clock.now()));
      device.order(['+CPSMS=1,,,"10100101","00100001"', "+NOSUCH=1", '+CEDRXS=1,4,"0101"']);
      assert.ok(until(setting, 60_000, () => device.state === LinkState.ready));
      assert.equal(module.settings.get("+CPSMS"), '1,,,"10100101","00100001"');
      assert.equal(module.settings.get("+CEDRXS"), '1,4,"0101"');
      assert.equal(`${device.fault.step} ${device.fault.cause} ${device.fault.times}`, "set-up error 1");
      assert.ok(converse(setting, 100));
    });

    it("offers a PIN that the SIM refuses once", async () => {
      const setting = await make([], 5);
      assert.ok(setting.module instanceof MobileModule);
      setting.module.pin = "4711";
      setting.module.reset();
      const { device } = setting;
      let said = "";
      const write = (bytes: Buffer): void => {
        said += bytes.toString("latin1");
        setting.write(bytes);
      };
      device.guest.start(Family[family], Math.floor(setting.clock.now()));
      device.attach("internet", "0000");
      until({ ...setting, write }, 120_000, () => device.state === LinkState.ready);
      assert.equal(said.match(/AT\+CPIN="/g)?.length, 1);
      assert.equal(device.fault.step, "sim");
    });

    it("reports the end of a connection by the peer, after its last byte", async () => {
      const setting = await make([], 4);
      setting.network.endAfter = 700;
      const { device } = setting;
      assert.ok(until(setting, 10_000, () => device.state === LinkState.ready));
      device.open("signet.example", 80);
      assert.ok(until(setting, 10_000, () => device.state === LinkState.open));
      let sent = 0;
      let got = Buffer.alloc(0);
      const ended = until(setting, 20_000, () => {
        if (device.state === LinkState.open && sent < 700)
          sent += device.send(Buffer.alloc(Math.min(100, 700 - sent), 1));
        got = Buffer.concat([got, device.receive(7)]);
        return device.state === LinkState.peerClosed;
      });
      assert.ok(ended);
      assert.equal(Buffer.concat([got, device.receive()]).length, 700);
    });
  });
}

it("loses nothing to a Quectel module whose buffer is full", async () => {
  const setting = await bench(["send-full"], 11, 115_200, 0.5, "quectel");
  assert.equal(converseOften(setting, 10, 0).done, 10);
});
