// weight: 29 s, 1 core
/** The real image boots on every board that QEMU has, and each way to die leaves its epitaph for the next life to print. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import type { Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { type Board, loadBoard } from "../../../tools/firmware/board.ts";
import { buildImage } from "../../../tools/firmware/build.ts";
import { type Emulator, startEmulator } from "../../../tools/emulator/qemu.ts";
import { symbols } from "../../../tools/firmware/symbols.ts";
import PROBE from "./image.ts";

/** The commands of guest.ts, and what each leaves behind. */
const DEATHS: readonly [name: string, command: string, epitaph: RegExp][] = [
  ["an access out of bounds", "o", /^trap oob pc=[0-9a-f]{8}$/],
  ["unreachable", "u", /^trap unreachable pc=[0-9a-f]{8}$/],
  ["running over the stack", "s", /^stack overflow sp=[0-9a-f]{8}$/],
  ["programming the factory page", "p", /^trap oob pc=[0-9a-f]{8}$/],
  ["erasing the factory page", "x", /^trap oob pc=[0-9a-f]{8}$/],
  ["the guest's own end", "d", /^die 00000007$/],
];

/** An instruction that is none: `udf #0`. */
const UNDEFINED = Buffer.from([0x00, 0xde]);

/** Send a command and wait for an answer of `bytes` bytes. */
async function ask(uart: Socket, command: string, bytes: number): Promise<Buffer> {
  let have = Buffer.alloc(0);
  const answered = new Promise<void>((resolve) => {
    const hear = (part: Buffer): void => {
      have = Buffer.concat([have, part]);
      if (have.length < bytes) return;
      uart.off("data", hear);
      resolve();
    };
    uart.on("data", hear);
  });
  uart.write(command);
  await answered;
  return have;
}

for (const board of ["mps2-an386", "mps2-an385", "mps2-an500", "mps2-an505", "microbit", "stm32f405"]) {
  const { qemu }: Board = await loadBoard(board);
  const skip = qemu?.lacks ? `QEMU's ${qemu.machine} has no ${qemu.lacks}` : false;
  describe(board, () => {
    const folder = mkdtempSync(join(tmpdir(), "signet-boot-"));
    const flash = join(folder, "flash");
    let elf = "";
    let emulator: Emulator;
    let uart: Socket;
    const start = async (): Promise<void> => {
      emulator = await startEmulator({ board, elf, module: "here", flash, timeoutMs: 100_000 });
      uart = await emulator.uart();
      await emulator.waitFor("boot", 30_000);
    };
    before(async () => {
      elf = (await buildImage({ board, image: PROBE })).elf;
      await start();
    });
    after(async () => {
      await emulator.kill();
      rmSync(folder, { recursive: true });
    });

    test("prints its board, and has no epitaph", () => {
      assert.equal(emulator.events[0]?.data.toString(), board);
      assert.equal(emulator.events.length, 1);
    });

    for (const [name, command, epitaph] of DEATHS) {
      test(`${name} leaves an epitaph`, async () => {
        const seen = emulator.events.length;
        uart.write(command);
        assert.match((await emulator.waitFor("epitaph", 30_000, seen)).data.toString(), epitaph);
      });
    }

    test("a fault leaves an epitaph with its kind and address", async () => {
      const seen = emulator.events.length;
      const reset = (await symbols(elf))("Reset_Handler").address & ~1;
      const gdb = await emulator.debugThread();
      const at = await gdb.counter();
      const there = await gdb.read(at, UNDEFINED.length);
      await gdb.write(at, UNDEFINED);
      await gdb.breakAt([reset]);
      assert.ok(await gdb.runToBreak("c", 30_000));
      // Reset brings it back where QEMU's flash is RAM, and not where it is ROM.
      await gdb.write(at, there);
      await gdb.unbreak([reset]);
      await gdb.detach();
      const text = (await emulator.waitFor("epitaph", 30_000, seen)).data.toString();
      assert.match(text, new RegExp(`^fault (hard|usage) pc=${at.toString(16).padStart(8, "0")} lr=[0-9a-f]{8}`));
    });

    test("an acknowledged epitaph is not reported again", async () => {
      uart.write("b");
      await ask(uart, "t", 4);
      await emulator.kill();
      await start();
      assert.deepEqual(emulator.lines.length, 1);
    });

    test("flash is erased at first, and keeps its data through a power cut", { skip }, async () => {
      const written = Buffer.from([0x78, 0x56, 0x34, 0x12]);
      const none = Buffer.alloc(4);
      assert.deepEqual(await ask(uart, "f", 12), Buffer.concat([Buffer.alloc(4, 0xff), written, none]));
      await emulator.kill();
      await start();
      assert.deepEqual(await ask(uart, "f", 12), Buffer.concat([written, written, none]));
    });

    test("entropy differs from read to read", { skip }, async () => {
      // A slow source has little at once: ask until there is enough.
      let noise = Buffer.alloc(0);
      uart.on("data", (part: Buffer) => (noise = Buffer.concat([noise, part])));
      for (let tries = 0; noise.length < 64 && tries < 100; tries++) {
        uart.write("e");
        await new Promise((done) => setTimeout(done, 50));
      }
      assert.ok(noise.length >= 64);
      assert.notDeepEqual(noise.subarray(0, 32), noise.subarray(32, 64));
    });
  });
}

test("without semihosting mps2-an386 boots, and has no entropy", async () => {
  const { elf } = await buildImage({ board: "mps2-an386", image: PROBE });
  const emulator = await startEmulator({ board: "mps2-an386", elf, module: "here", semihosting: false });
  try {
    const uart = await emulator.uart();
    await emulator.waitFor("boot", 30_000);
    uart.write("e");
    assert.equal((await ask(uart, "t", 4)).length, 4);
    assert.equal(emulator.events.length, 1);
  } finally {
    await emulator.kill();
  }
});
