// weight: 35 s, 1 core
/** A short life of every board that something here runs: key, sign-up, reports, and the same again after a cut of power. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { type Board, boardNames, loadBoard } from "../../tools/firmware/board.ts";
import type { Emulator } from "../../tools/emulator/qemu.ts";
import { hex } from "../../tools/wire/bytes.ts";
import * as fields from "./field.ts";

const STEP_MS = 120_000;

for (const name of boardNames()) {
  const { qemu, rp2040js }: Board = await loadBoard(name);
  if ((!qemu || qemu.lacks) && !rp2040js) continue;
  describe(name, () => {
    const folder = mkdtempSync(join(tmpdir(), "signet-life-"));
    let field: fields.Field;

    before(async () => {
      field = await fields.lay(name, folder, 100);
    });

    after(async () => {
      if (field) await fields.close(field);
      rmSync(folder, { recursive: true });
    });

    /** Switch on, wait for two receipts, switch off. */
    async function live(): Promise<Emulator> {
      const device = await fields.powerOn(field);
      try {
        await device.waitFor("accepted", STEP_MS);
        await device.waitFor("accepted", STEP_MS, device.events.length);
      } finally {
        await device.kill();
      }
      return device;
    }

    const idOf = (device: Emulator, event: string): string | undefined => {
      const told = device.events.find((each) => each.name === event);
      return told && hex(told.data);
    };

    it("enrols with its own key, and keeps it", { timeout: 3 * STEP_MS }, async () => {
      const first = await live();
      const second = await live();
      const id = idOf(first, "key-made");
      assert.ok(id !== undefined);
      assert.equal(first.events[0]?.data.toString(), name);
      assert.equal(idOf(second, "key-loaded"), id);
      assert.equal(idOf(second, "key-made"), undefined);
      for (const { events } of [first, second]) assert.ok(!events.some((event) => event.name === "epitaph"));
      assert.deepEqual(
        (await field.server.devices()).map((device) => device.id),
        [id],
      );
      // Each was verified with the key that signed up.
      const counters = (await fields.reports(field)).map(({ counter }) => counter);
      assert.ok(counters.length >= 4);
      assert.equal(new Set(counters).size, counters.length);
    });
  });
}
