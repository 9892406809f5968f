// weight: 158 s, 0.9 cores
/** Every board's image, those that nothing here can run among them: it fits, and lies where the chip looks for it. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { type Board, boardNames, loadBoard, type Region } from "../../tools/firmware/board.ts";
import { buildImage } from "../../tools/firmware/build.ts";
import { choicesOf } from "../../tools/firmware/choices.ts";
import { symbols } from "../../tools/firmware/symbols.ts";
import { SIGNET } from "../../tools/firmware/product.ts";

const PT_LOAD = 1;

interface Segment {
  /** Address at run time, and address in the flash. */
  readonly address: number;
  readonly load: number;
  readonly bytes: Buffer;
  readonly memoryBytes: number;
}

/** An ELF's loadable segments ("ELF for the Arm Architecture", 32 bits, little-endian). */
function segments(elf: Buffer): Segment[] {
  const [start, size, count] = [elf.readUInt32LE(28), elf.readUInt16LE(42), elf.readUInt16LE(44)];
  return Array.from({ length: count }, (_, i) => {
    const at = start + i * size;
    const [type, offset, address, load, fileBytes, memoryBytes] = Array.from({ length: 6 }, (_, word) =>
      elf.readUInt32LE(at + 4 * word),
    ) as [number, number, number, number, number, number];
    return { type, address, load, bytes: elf.subarray(offset, offset + fileBytes), memoryBytes };
  }).filter(({ type, memoryBytes }) => type === PT_LOAD && memoryBytes > 0);
}

function isInside(address: number, bytes: number, region: Region): boolean {
  return address >= region.origin && address + bytes <= region.origin + region.bytes;
}

/** List the faults in the placement of an image in a board's memories. */
function faults(elf: Buffer, board: Board, vectors: number): string[] {
  const found: string[] = [];
  const parts = segments(elf);
  const say = (what: string, at: number): void => void found.push(`${what} at ${at.toString(16)}`);
  for (const { address, load, bytes, memoryBytes } of parts) {
    if (bytes.length > 0 && !isInside(load, bytes.length, board.flash)) say("flashed outside the flash", load);
    if (!isInside(address, memoryBytes, board.flash) && !isInside(address, memoryBytes, board.ram))
      say("in neither memory", address);
  }
  const home = parts.find(({ load, bytes }) => vectors >= load && vectors < load + bytes.length);
  if (!home) return [...found, "no vector table"];
  const table = home.bytes.subarray(vectors - home.load);
  if (!isInside(table.readUInt32LE(0) - 4, 4, board.ram)) say("the first stack", table.readUInt32LE(0));
  const isCode = (handler: number): boolean => (handler & 1) === 1 && isInside(handler - 1, 2, board.flash);
  if (!isCode(table.readUInt32LE(4))) say("the entry", table.readUInt32LE(4));
  // The core's own: what it does not have is 0.
  for (let number = 2; number < 16; number++) {
    const handler = table.readUInt32LE(4 * number);
    if (handler !== 0 && !isCode(handler)) say(`exception ${number}`, handler);
  }
  return found;
}

/** Most bytes of flash of a board's image, its choices behind a colon: some 1 % more than on 2026-11-29. A larger image is a step back. */
const MOST: Readonly<Record<string, number>> = {
  "mps2-an386": 61_100,
  "mps2-an386:small,pins,esp-at": 48_860,
  "mps2-an386:cloud": 96_000,
  "mps2-an385": 63_570,
  microbit: 64_970,
  "microbit:small,pins,esp-at": 53_248,
  bluepill: 51_200,
};

for (const [key, most] of Object.entries(MOST))
  test(`${key} takes at most ${most} bytes of flash`, async () => {
    const [board, choices = ""] = key.split(":");
    const { size } = await buildImage({ board: board!, image: SIGNET, choices: choicesOf(choices) });
    assert.ok(size.flash <= most, `${size.flash} bytes`);
  });

for (const name of boardNames()) {
  describe(name, async () => {
    const board: Board = await loadBoard(name);

    test("has a store of whole pages, apart from its image and its RAM", () => {
      const { origin, pageBytes, pages } = board.store;
      assert.ok(pages >= 3 && pageBytes >= 512 && (pageBytes & (pageBytes - 1)) === 0);
      assert.equal(origin % pageBytes, 0);
      const end = origin + pageBytes * pages;
      for (const region of [board.flash, board.ram])
        assert.ok(end <= region.origin || origin >= region.origin + region.bytes);
    });

    test("links no code of the C library", async () => {
      const { map } = await buildImage({ board: name, image: SIGNET });
      const taken = readFileSync(map, "utf8").split("Linker script and memory map")[1]!;
      const code = [...taken.matchAll(/^ \.text\S*\s+0x\w{8}(?:\w{8})?\s+(0x\w+) (\S+)$/gm)];
      assert.ok(code.length > 50);
      const foreign = code.filter(([, bytes, from]) => Number(bytes) > 0 && /libc\.a/.test(from!));
      assert.deepEqual(foreign, []);
    });

    test("builds within its budgets, and lies inside its memories", async () => {
      const built = await buildImage({ board: name, image: SIGNET });
      assert.ok(built.size.flash <= board.budget.flash && built.size.linear <= board.budget.linear);
      assert.ok(built.size.flash > 32 * 1024 && built.size.linear > 4 * 1024, "there is something in it");
      const elf = readFileSync(built.elf);
      const at = await symbols(built.elf);
      const vectors = at("vectors").address;
      assert.deepEqual(faults(elf, board, vectors), []);
      const table = segments(elf).find(({ load, bytes }) => vectors >= load && vectors < load + bytes.length)!;
      const entry = table.bytes.readUInt32LE(vectors - table.load + 4);
      assert.equal(entry, at("Reset_Handler").address | 1);
      // The core starts from the first words of its flash, on every chip without a boot stage of its own.
      if (board.chip !== "rp2040") assert.equal(vectors, board.flash.origin);
    });
  });
}

test("detects an image of another board", async () => {
  const built = await buildImage({ board: "microbit", image: SIGNET });
  const elf = readFileSync(built.elf);
  const board: Board = await loadBoard("microbit");
  const vectors = board.flash.origin;
  const elsewhere = { ...board, flash: { origin: 0x0800_0000, bytes: board.flash.bytes } };
  assert.ok(faults(elf, elsewhere, vectors).some((fault) => fault.startsWith("flashed outside")));
  const small = { ...board, ram: { ...board.ram, bytes: 8 * 1024 } };
  assert.ok(faults(elf, small, vectors).some((fault) => fault.startsWith("in neither memory")));
  assert.ok(faults(elf, board, vectors + 8).length > 0, "a vector table that is none");
});
