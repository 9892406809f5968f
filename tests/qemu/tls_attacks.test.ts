// weight: 45 s, 0.5 cores
/**
 * Every attack of `tools/attacker/tls_attacks.ts`, from inside the module, against the product's image inside TLS to `tools/server`; in the long form
 * also on the other roads, each with an image of its own.
 */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { TLS_ATTACKS, type TlsScene } from "../../tools/attacker/tls_attacks.ts";
import { missing } from "../../tools/demo/broker.ts";
import * as roads from "../../tools/demo/road.ts";
import type { Emulator } from "../../tools/emulator/qemu.ts";
import { ROADS, type RoadName } from "../../tools/firmware/choices.ts";
import { hex } from "../../tools/wire/bytes.ts";
import { refused, TLS_REFUSALS } from "../attacker/tls_refusals.ts";
import { FULL } from "../full.ts";

const BOARD = "mps2-an386";
const STEP_MS = 120_000;

it("every attack is listed", () => {
  assert.deepEqual(
    TLS_ATTACKS.map(({ name }) => name),
    Object.keys(TLS_REFUSALS),
  );
});

for (const name of FULL ? ROADS : (["tcp"] as const)) suite(name);

function suite(name: RoadName): void {
  describe(`attacks on TLS of ${BOARD} over ${name}`, { skip: name === "mqtt" && missing() }, () => {
    const folder = mkdtempSync(join(tmpdir(), "signet-tls-road-"));
    let road: roads.Road;
    let device: Emulator;
    let id: string;
    let scene: TlsScene;

    before(async () => {
      road = await roads.lay({
        board: BOARD,
        folder,
        link: "esp-at",
        road: name,
        port: 0,
        tls: true,
        reportIntervalMs: 200,
      });
      device = await roads.powerOn(road);
      id = hex((await device.waitFor("enrolled", STEP_MS)).data.subarray(0, 32));
      scene = roads.tlsScene(road, device, id);
      await device.waitFor("accepted", STEP_MS);
    });

    after(async () => {
      await device?.kill();
      if (road) await roads.close(road);
      rmSync(folder, { recursive: true });
    });

    for (const attack of TLS_ATTACKS) {
      it(
        `${attack.name} is refused by name, every report is stored once, and the device continues`,
        { timeout: 3 * STEP_MS },
        () => refused(attack, scene),
      );
    }

    it("left one device whose reports are one chain, and nothing readable on the UART", async () => {
      assert.equal((await road.server.devices()).length, 1);
      await roads.unbroken(road, id);
      assert.ok(device.events.every(({ name }) => name !== "epitaph"));
      assert.ok(road.sniffer.uartBytes > 10_000);
      assert.deepEqual(road.sniffer.find(await roads.secrets(road, device, id)), []);
    });
  });
}
