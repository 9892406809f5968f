// weight: 12 s, 0.9 cores
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { loadBoard } from "../../tools/firmware/board.ts";
import type { Probe } from "../../tools/flash/probe.ts";
import * as probes from "../../tools/flash/probes.ts";
import { release } from "../../tools/flash/pyocd.ts";
import { FirstWords, Lines } from "../../tools/flash/console.ts";
import { ROOT } from "../../tools/check/tree.ts";
import { Trouble } from "../../tools/trouble.ts";
import { adapterScript, Nrf51, serve } from "./nrf51.ts";

const isThere = (program: string): boolean => spawnSync(program, ["--version"]).error === undefined;
const skip = isThere("openocd") ? false : "openocd is not installed";
const skipPyocd = release() ? false : "python3-pyocd is not installed";

/** Firmware that only has a vector table: its stack, its entry. */
function firmware(): Buffer {
  const image = Buffer.alloc(3000, 0x5a);
  image.writeUInt32LE(0x2000_1000, 0);
  image.writeUInt32LE(0x0000_0201, 4);
  return image;
}

describe("OpenOCD 0.12 and a modelled nRF51", { skip }, () => {
  const folder = mkdtempSync(join(tmpdir(), "signet-openocd-test-"));
  const script = join(folder, "adapter.cfg");
  const chip = new Nrf51();
  let end: () => void;

  before(async () => {
    const { port, close } = await serve(chip);
    writeFileSync(script, adapterScript(port));
    end = close;
  });

  after(() => {
    end();
    rmSync(folder, { recursive: true });
  });

  const open = async (): Promise<Probe> => probes.open("auto", await loadBoard("microbit"), "microbit", script);

  it("writes and reads back, and touches no other page", { timeout: 60_000 }, async () => {
    chip.flash.fill(0x77, 0x3c400, 0x3c800);
    const page = Buffer.alloc(1024, 0x33);
    let written = 0;
    const probe = await open();
    await probe.write(
      [
        { address: 0, bytes: firmware() },
        { address: 0x3c000, bytes: page },
      ],
      (sum) => (written = sum),
    );
    assert.equal(written, 3000 + 1024);
    assert.deepEqual(Buffer.from(chip.flash.subarray(0, 3000)), firmware());
    assert.deepEqual(Buffer.from(chip.flash.subarray(0x3c000, 0x3c400)), page);
    assert.ok(chip.flash.subarray(0x3c400, 0x3c800).every((byte) => byte === 0x77));
    assert.equal(chip.erasedPages, 4);
    assert.deepEqual(Buffer.from(await probe.read(0x3c000, 1024)), page);
  });

  it("resets and lets the chip run", { timeout: 60_000 }, async () => {
    const before = chip.resets;
    await (await open()).reset();
    assert.ok(chip.resets > before);
    assert.equal(chip.halted, false);
  });

  it("receives the first lines by semihosting", { timeout: 60_000 }, async () => {
    const id = "ab".repeat(32);
    chip.says = ["@ boot 6d\n", "@ key-", "made ", id, "\n"];
    const words = new FirstWords(() => undefined);
    const lines = new Lines(words.hear);
    words.within(30_000);
    await (await open()).listen((text) => lines.take(text), words.id);
    assert.equal(await words.id, id);
    assert.deepEqual(
      words.events.map(({ name }) => name),
      ["boot", "key-made"],
    );
  });

  it("writes the settings that lock the chip", { timeout: 60_000 }, async () => {
    const { lock } = (await loadBoard("microbit")).probe!;
    assert.ok("openocd" in lock);
    await (await open()).lock(lock.openocd);
    // RBPCONF.PALL is bits 8 to 15 of the word at 4 (nRF51 reference manual, UICR).
    assert.equal(Buffer.from(chip.uicr).readUInt32LE(4), 0xffff_00ff);
    assert.ok(chip.uicr.every((byte, i) => i === 5 || byte === 0xff));
  });

  it(
    "reports that the chip does not answer when nothing is connected to the adapter",
    { timeout: 60_000 },
    async () => {
      const dead = join(folder, "dead.cfg");
      writeFileSync(dead, adapterScript(1));
      const probe = await probes.open("auto", await loadBoard("microbit"), "microbit", dead);
      await assert.rejects(probe.reset(), (error) => error instanceof Trouble && error.hint.length > 0);
    },
  );
});

/** Run the real program; what it says is told in two lines. */
function refused(...args: string[]): { error: string; hint: string } {
  const { status, stderr } = spawnSync(process.execPath, ["--import", "./tools/load.mjs", "tools/signet.ts", ...args], {
    cwd: ROOT,
    encoding: "utf8",
    env: { ...process.env, NODE_TEST_CONTEXT: undefined },
  });
  const lines = stderr.trimEnd().split("\n");
  assert.equal(status, 1, stderr);
  assert.equal(lines.length, 2, stderr);
  return { error: lines[0]!, hint: lines[1]! };
}

describe("without a probe", () => {
  it("OpenOCD finds none, and reports it", { skip }, () => {
    const { error, hint } = refused("lock", "--board", "microbit", "--probe", "openocd", "--yes");
    assert.match(error, /^error: OpenOCD finds no probe$/);
    assert.match(hint, /^hint: connect a probe/);
  });

  it("pyOCD finds none, and reports it", { skip: skipPyocd }, async () => {
    const probe = await probes.open("pyocd", await loadBoard("microbit"), "microbit");
    const image = [{ address: 0, bytes: firmware() }];
    await assert.rejects(
      probe.write(image, () => undefined),
      /pyOCD finds no probe/,
    );
    await assert.rejects(probe.read(0, 16), /pyOCD finds no probe/);
    await assert.rejects(probe.reset(), /pyOCD finds no probe/);
  });

  it("auto finds none, and names the program to install", { skip }, () => {
    const { error, hint } = refused("lock", "--board", "microbit", "--yes");
    assert.match(error, /^error: OpenOCD and pyOCD find no probe/);
    assert.match(hint, /apt-get install openocd/);
  });

  it("a missing gdb server is named", () => {
    const { error } = refused("lock", "--board", "microbit", "--probe", "gdb://127.0.0.1:1", "--yes");
    assert.match(error, /^error: no gdb server answers at 127\.0\.0\.1:1/);
  });

  it("a board unknown to the probe is named", () => {
    assert.match(refused("lock", "--board", "mps2-an386", "--yes").error, /^error: no lock is known for mps2-an386$/);
  });

  it("locking without --yes does nothing", () => {
    assert.match(refused("lock", "--board", "microbit").error, /^error: nothing was done$/);
  });

  it("an irreversible lock asks for the board's name again, and is not available on every board", () => {
    const board = ["lock", "--board", "stm32f405", "--for-good"];
    assert.match(refused(...board).error, /^error: nothing was done$/);
    for (const more of [[], ["--confirm", "yes"], ["--confirm", "microbit"]])
      assert.match(refused(...board, "--yes", ...more).error, /^error: nothing was done: this lock is irreversible$/);
    assert.match(refused("lock", "--board", "microbit", "--for-good", "--yes").error, /no irreversible lock$/);
    assert.match(refused("lock", "--board", "pico", "--yes").error, /the RP2040 has no read-out protection/);
  });

  it("a missing program is named with its package", async () => {
    const path = process.env["PATH"];
    process.env["PATH"] = "/nowhere";
    try {
      const board = await loadBoard("microbit");
      await assert.rejects(probes.open("openocd", board, "microbit"), (error) => {
        assert.ok(error instanceof Trouble);
        assert.equal(error.message, "openocd is not installed");
        assert.equal(error.hint, "apt-get install openocd");
        return true;
      });
    } finally {
      process.env["PATH"] = path;
    }
  });
});
