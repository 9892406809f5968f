/**
 * Two drivers of the SAM D21 on the host. A row of its flash takes eight writes between two erasures: the driver keeps to it,
 * and the tools know the layout. The temperature sensor is compared with the data sheet's formula.
 */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import * as image from "../../tools/flash/image.ts";
import { loadBoard } from "../../tools/firmware/board.ts";
import { boardHeader } from "../../tools/firmware/firmware.ts";
import { storeOn } from "../../tools/flash/dump.ts";
import { ROOT } from "../../tools/firmware/root.ts";
import { run } from "../../tools/firmware/run.ts";
import * as spread from "../../tools/firmware/spread.ts";

const BOARD = "samd21-xpro";
const CHIP = join(ROOT, "boards/chips/samd21");
const WRITES = 8;
const UNIT_BYTES = 8;

const board = await loadBoard(BOARD);
const { store } = board;
const STORE_BYTES = store.pageBytes * store.pages;

/** The numbers from 0, in an order that is the same in each run. */
function shuffled(count: number): number[] {
  const order = Array.from({ length: count }, (_, i) => i);
  for (let i = count - 1, state = 1; i > 0; i--) {
    state = (state * 48_271) % 0x7fff_ffff;
    const other = state % (i + 1);
    [order[i], order[other]] = [order[other]!, order[i]!];
  }
  return order;
}

/** A unit that is not erased flash, and unlike its neighbours. */
const unit = (number: number): Buffer =>
  Buffer.from(Array.from({ length: UNIT_BYTES }, (_, i) => (number * 7 + i) % 251));

const folder = mkdtempSync(join(tmpdir(), "signet-samd21-"));
after(() => rmSync(folder, { recursive: true }));

/** Compile a program with a driver; return its path. */
async function compiled(name: string): Promise<string> {
  writeFileSync(join(folder, "core.h"), "");
  writeFileSync(join(folder, "board.h"), boardHeader(BOARD, board).replace(/"core_cm0plus\.h"/, '"core.h"'));
  const includes = [folder, CHIP, join(ROOT, "boards/common")].map((path) => `-I${path}`);
  const warnings = ["-Wall", "-Wno-int-to-pointer-cast", "-Wno-pointer-to-int-cast"];
  const checks = ["-fsanitize=undefined", "-fno-sanitize-recover"];
  const program = join(folder, name);
  await run("gcc", ["-std=gnu11", ...warnings, ...checks, ...includes, "-o", program, `tests/registers/${name}.c`]);
  return program;
}

describe("the flash driver of the SAM D21", () => {
  let program: string;
  before(async () => void (program = await compiled("samd21_flash")));

  /** Run commands of `samd21_flash.c`; return the answers, and the most writes that a row took. */
  async function answers(...commands: readonly string[]): Promise<{ readonly said: string[]; readonly most: number }> {
    const said = (await run(program, commands.join(" ").split(" "))).trim().split("\n");
    return { most: Number(said.pop()), said };
  }

  it("writes no row more than eight times, whatever the order and the length of the writes", async () => {
    const units = STORE_BYTES / UNIT_BYTES;
    const programs = shuffled(units).map((number) => `p ${number * UNIT_BYTES} ${unit(number).toString("hex")}`);
    const { said, most } = await answers(...programs, `r 0 ${STORE_BYTES}`, "d");
    const expected = Buffer.concat(Array.from({ length: units }, (_, number) => unit(number)));
    const dump = Buffer.from(said.pop()!, "hex");
    assert.equal(said.pop(), expected.toString("hex"));
    assert.ok(said.every((line) => line === "0"));
    assert.equal(most, WRITES);
    assert.deepEqual((await storeOn(BOARD))(dump), expected);
    assert.deepEqual(spread.toFlash(store, expected), dump);
  });

  it("writes a record that spans rows in one call", async () => {
    const record = Buffer.concat(Array.from({ length: 50 }, (_, number) => unit(number)));
    const at = store.pageBytes + 24;
    const { said, most } = await answers(`p ${at} ${record.toString("hex")}`, `r ${at} ${record.length}`);
    assert.deepEqual(said, ["0", record.toString("hex")]);
    assert.equal(most, 1);
  });

  it("erases one page and no other", async () => {
    const at = [0, 1, 2, 3].map((page) => page * store.pageBytes);
    const last = at.map((from) => from + store.pageBytes - UNIT_BYTES);
    const data = unit(5).toString("hex");
    const { said } = await answers(
      ...[...at, ...last].map((from) => `p ${from} ${data}`),
      `e ${at[2]}`,
      ...[...at, ...last].map((from) => `r ${from} ${UNIT_BYTES}`),
    );
    const blank = "ff".repeat(UNIT_BYTES);
    assert.deepEqual(said.slice(9), [data, data, blank, data, data, data, blank, data]);
  });

  it("reports a byte that does not take its value, and one that stays after an erasure", async () => {
    const at = store.pageBytes;
    const place = spread.flashBytes(store, at);
    const { said } = await answers(`s ${place}`, `p ${at} ${unit(1).toString("hex")}`, `e ${at}`);
    assert.deepEqual(said, ["1", "1"]);
  });

  it("reads the factory page that a probe wrote, and no erased page is the factory page's", async () => {
    const page = Buffer.from(Array.from({ length: 300 }, (_, i) => i % 256));
    const written = image.factoryPage(page, board);
    assert.equal(written.address, store.origin);
    const { said } = await answers(`f ${Buffer.from(written.bytes).toString("hex")}`, `r 0 ${page.length}`);
    assert.equal(said[0], page.toString("hex"));
    const blank = image.blankStore(board);
    assert.equal(blank.address, store.origin + written.bytes.length);
    assert.equal(blank.address + blank.bytes.length, spread.end(store));
  });
});

/** Two measurements of the factory: degrees with one decimal, the reference's drift from 1 V in mV, the converter's counts. */
interface Log {
  readonly room: readonly [degrees: number, drift: number, counts: number];
  readonly hot: readonly [degrees: number, drift: number, counts: number];
}

/** The data sheet's formula, on real numbers. */
function temperature({ room, hot }: Log, counts: number): number {
  const volts = (count: number, reference: number): number => (count * reference) / 4095;
  const [roomDegrees, roomReference, roomVolts] = [room[0], 1 - room[1] / 1000, volts(room[2], 1 - room[1] / 1000)];
  const [hotDegrees, hotReference, hotVolts] = [hot[0], 1 - hot[1] / 1000, volts(hot[2], 1 - hot[1] / 1000)];
  const between = (reference: number): number =>
    roomDegrees + ((hotDegrees - roomDegrees) * (volts(counts, reference) - roomVolts)) / (hotVolts - roomVolts);
  const rise = (hotReference - roomReference) / (hotDegrees - roomDegrees);
  return between(roomReference + rise * (between(1) - roomDegrees));
}

/** The two words of the log, as the data sheet lays them out. */
function words({ room, hot }: Log): string[] {
  const [whole, tenths] = [room, hot]
    .map(([degrees]) => [Math.floor(degrees), Math.round(degrees * 10) % 10])
    .map(([integer, decimal]) => [integer!, decimal!] as const) as [
    readonly [number, number],
    readonly [number, number],
  ];
  const first = whole[0] + whole[1] * 2 ** 8 + tenths[0] * 2 ** 12 + tenths[1] * 2 ** 20 + (room[1] & 255) * 2 ** 24;
  const second = (hot[1] & 255) + room[2] * 2 ** 8 + hot[2] * 2 ** 20;
  return [first.toString(16), second.toString(16)];
}

describe("the temperature sensor of the SAM D21", () => {
  let program: string;
  before(async () => void (program = await compiled("samd21_sensor")));

  const LOGS: readonly Log[] = [
    { room: [25.0, 0, 2731], hot: [85.0, 0, 3321] },
    { room: [24.6, -4, 2702], hot: [84.9, 3, 3350] },
    { room: [27.3, 12, 2790], hot: [83.1, -9, 3290] },
  ];

  it("follows the data sheet's formula to a tenth of a degree, from -40 to 105 degrees", async () => {
    const cases = LOGS.flatMap((log) => Array.from({ length: 30 }, (_, i) => ({ log, counts: 2_100 + i * 49 })));
    const text = await run(
      program,
      cases.flatMap(({ log, counts }) => [...words(log), counts.toString(16)]),
    );
    const measured = text.trim().split("\n").map(Number);
    assert.equal(measured.length, cases.length);
    for (const [i, { log, counts }] of cases.entries())
      assert.ok(Math.abs(measured[i]! / 1000 - temperature(log, counts)) < 0.1, `${JSON.stringify(log)} ${counts}`);
    assert.ok(Math.min(...measured) < -30_000 && Math.max(...measured) > 100_000);
  });

  it("gives 0 without a log of the factory, whatever the converter says", async () => {
    const blank = ["0", "1", "800", "fff"].flatMap((counts) => ["ffffffff", "ffffffff", counts, "0", "0", counts]);
    const lines = (await run(program, blank)).trim().split("\n");
    assert.deepEqual(
      lines,
      Array.from({ length: 8 }, () => "0"),
    );
  });
});
