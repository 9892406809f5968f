// weight: 40 s, 0.4 cores
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { ATTACKS, type Scene } from "../../tools/attacker/attacks.ts";
import * as roads from "../../tools/demo/road.ts";
import type { Emulator } from "../../tools/emulator/qemu.ts";
import { USUAL } from "../../tools/facts/family.ts";
import { hex } from "../../tools/wire/bytes.ts";
import { importKey } from "../../tools/wire/ed25519.ts";
import { LINKS } from "../../tools/wire/factory.ts";
import { hash } from "../../tools/wire/key.ts";
import { readReport } from "../../tools/wire/messages.ts";
import { open, verify } from "../../tools/wire/sign1.ts";
import { FULL } from "../full.ts";

const BOARD = "mps2-an386";
const STEP_MS = 60_000;

/** The refusing side of each attack, and its reason. */
const REFUSALS: Record<string, [by: string, reason: RegExp]> = {
  read: ["device", /^no key in \d+ bytes heard$/],
  flip: ["server", /^bad-signature$/],
  "flip-receipt": ["device", /^forged$/],
  truncate: ["server", /^malformed$/],
  drop: ["device", /^sent again until it was answered$/],
  "drop-receipt": ["device", /^sent again, stored once$/],
  replay: ["server", /^stored once, answered with the same receipt$/],
  reorder: ["server", /^stored once, answered with the same receipt$/],
  inject: ["server", /^bad-signature$/],
  "inject-receipt": ["device", /^forged$/],
  "false-server": ["device", /^forged$/],
  impersonate: ["server", /^bad-signature$/],
};

/** The short form runs the links of the image as shipped; tests/flow runs the attacks over every link with the firmware as WebAssembly. */
for (const link of FULL ? LINKS : USUAL) {
  describe(`attacks on ${BOARD} behind ${link}`, () => {
    const folder = mkdtempSync(join(tmpdir(), "signet-road-"));
    let road: roads.Road;
    let device: Emulator;
    let id: string;
    let scene: Scene;

    before(async () => {
      road = await roads.lay({ board: BOARD, folder, link, port: 0, reportIntervalMs: 200 });
      device = await roads.powerOn(road);
      id = hex((await device.waitFor("enrolled", STEP_MS)).data.subarray(0, 32));
      scene = await roads.scene(road, device, id);
    });

    after(async () => {
      await device?.kill();
      if (road) await roads.close(road);
      rmSync(folder, { recursive: true });
    });

    /** Every stored report of the device, in order. */
    const rows = async (): Promise<string[]> =>
      (await road.server.reports(id)).map(({ counter, hash, message }) => `${counter} ${hash} ${message}`).toSorted();

    it("are all listed here", () => {
      assert.deepEqual(
        ATTACKS.map(({ name }) => name),
        Object.keys(REFUSALS),
      );
    });

    for (const { name, perform } of ATTACKS) {
      it(`${name} is refused by name, changes no row, and the device continues`, { timeout: 3 * STEP_MS }, async () => {
        await roads.decided(road, roads.isNewReport(id), STEP_MS);
        const stored = await rows();
        const { by, reason } = await perform(scene);
        assert.equal(by, REFUSALS[name]![0]);
        assert.match(reason, REFUSALS[name]![1]);
        const now = new Set(await rows());
        for (const row of stored) assert.ok(now.has(row), "a stored row changed");
        for (let more = 0; more < 3; more++) await roads.decided(road, roads.isNewReport(id), STEP_MS);
      });
    }

    it("left one unbroken chain, each link verified with the device's key", async () => {
      await device.kill();
      const stored = (await road.server.reports(id)).toSorted((a, b) => a.counter - b.counter);
      const key = importKey(scene.deviceKey)!;
      let prev = hex(new Uint8Array(32));
      for (const { message } of stored) {
        const bytes = Buffer.from(message, "hex");
        const sealed = open(bytes);
        assert.ok(verify(sealed, key));
        assert.equal(hex(readReport(sealed).prev), prev);
        prev = hex(hash(bytes));
      }
      assert.ok(stored.length > 3 * ATTACKS.length);
    });
  });
}
