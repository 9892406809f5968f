// weight: 34 s, 1 core
/**
 * A device on a machine that lacks what it needs: QEMU's netduinoplus2 has no noise, and its flash ignores what is written.
 * It makes no key, says why, and does not start over and over.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import type { Board } from "../../tools/firmware/board.ts";
import { buildImage } from "../../tools/firmware/build.ts";
import { ROOT } from "../../tools/firmware/root.ts";
import { type Emulator, type Options, startEmulator } from "../../tools/emulator/qemu.ts";
import { symbols } from "../../tools/firmware/symbols.ts";
import { SIGNET } from "../../tools/firmware/product.ts";

const BOARD = "stm32f405";
const STEP_MS = 120_000;
const HOUR_MS = 3_600_000;

/** RAM that the image does not use, between its data and its stack: as a store it takes what is written to it. */
const SPARE: Board["store"] = { origin: 0x2001_0000, pageBytes: 1024, pages: 16 };

async function start(context: TestContext, options: Pick<Options, "elf" | "halted">): Promise<Emulator> {
  const device = await startEmulator({ board: BOARD, timeoutMs: 0, ...options });
  context.after(() => device.kill());
  return device;
}

/** Let `ms` milliseconds pass on the device's clock. */
async function pass(device: Emulator, elf: string, ms: number): Promise<void> {
  const { address } = (await symbols(elf))("milliseconds");
  const gdb = await device.debug();
  const now = (await gdb.read(address, 4)).readUInt32LE();
  const then = Buffer.alloc(4);
  then.writeUInt32LE(now + ms);
  await gdb.write(address, then);
  await gdb.detach();
}

const names = ({ events }: Emulator): string[] => events.map(({ name }) => name);

describe(`${BOARD} in QEMU`, () => {
  it("without writable flash prints the reason, and ends an hour later", { timeout: 3 * STEP_MS }, async (context) => {
    const { elf } = await buildImage({ board: BOARD, image: SIGNET });
    const device = await start(context, { elf });
    const { data: rest } = await device.waitFor("resting", STEP_MS);
    assert.equal(rest.readUInt32BE(), HOUR_MS);
    await pass(device, elf, HOUR_MS);
    const { data } = await device.waitFor("epitaph", STEP_MS);
    assert.equal(data.toString(), "die 00000004");
    await device.waitFor("resting", STEP_MS, 5);
    const life = ["boot", "store-begun", "no-storage", "resting"];
    assert.deepEqual(names(device), [...life, "boot", "epitaph", ...life.slice(1)]);
  });

  it("without noise prints the reason, and waits before the third start", { timeout: 3 * STEP_MS }, async (context) => {
    const { elf } = await buildImage({
      board: BOARD,
      image: SIGNET,
      change: { store: SPARE },
      out: join(ROOT, "build", "refusal"),
    });
    const device = await start(context, { elf, halted: true });
    const gdb = await device.debug();
    await gdb.write(SPARE.origin, Buffer.alloc(SPARE.pageBytes * SPARE.pages, 0xff));
    await gdb.detach();
    await device.waitFor("resting", 2 * STEP_MS);
    const refusals = device.events.filter(({ name }) => name === "no-entropy");
    assert.ok(refusals.length >= 2);
    assert.ok(refusals.every(({ data }) => data.readUInt32BE() === 6));
    assert.equal(device.events.find(({ name }) => name === "epitaph")?.data.toString(), "die 00000006");
    assert.ok(!names(device).some((name) => name === "key-made" || name === "link-up" || name === "no-storage"));
  });
});
