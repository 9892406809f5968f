// weight: 8 s, 1 core
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import * as roads from "../../tools/demo/road.ts";
import { startEmulator, type Emulator } from "../../tools/emulator/qemu.ts";
import { hex } from "../../tools/wire/bytes.ts";

const BOARD = "mps2-an386";
const STEP_MS = 60_000;

describe("a stuck source of noise that is repaired", () => {
  const folder = mkdtempSync(join(tmpdir(), "signet-entropy-"));
  /** The board's source of noise: a name that leads to another file after the repair. */
  const source = join(folder, "noise");
  let road: roads.BoardRoad;
  let device: Emulator;

  before(async () => {
    symlinkSync("/dev/zero", source);
    road = await roads.lay({ board: BOARD, folder, link: "esp-at", port: 0, reportIntervalMs: 200 });
    const module = "unix" in road.modem.address ? road.modem.address : { tcp: road.modem.address };
    device = await startEmulator({
      board: BOARD,
      elf: road.built.elf,
      module,
      flash: road.flash,
      entropy: source,
      timeoutMs: 0,
    });
  });

  after(async () => {
    await device?.kill();
    if (road) await roads.close(road);
    rmSync(folder, { recursive: true });
  });

  it("makes no key, leaves an epitaph, and rests before the third start", { timeout: STEP_MS }, async () => {
    await device.waitFor("resting", STEP_MS);
    const { events } = device;
    assert.ok(events.filter(({ name }) => name === "no-entropy").length >= 2);
    assert.ok(events.every(({ name, data }) => name !== "no-entropy" || data.readUInt32BE(0) === 2));
    assert.ok(events.every(({ name }) => name !== "key-made" && name !== "link-up"));
    assert.equal(events.find(({ name }) => name === "epitaph")?.data.toString(), "die 00000002");
  });

  it("has its key once there is noise, and reports the epitaph", { timeout: 2 * STEP_MS }, async () => {
    rmSync(source);
    symlinkSync("/dev/urandom", source);
    const { data: id } = await device.waitFor("key-made", STEP_MS);
    await device.waitFor("accepted", STEP_MS);
    await device.waitFor("accepted", STEP_MS, device.events.length);
    const told = (await road.server.reports(hex(id))).filter(({ epitaph }) => epitaph !== null);
    assert.deepEqual(
      told.map(({ epitaph }) => Buffer.from(epitaph!, "hex").toString()),
      ["die 00000002"],
    );
  });
});
