// weight: 21 s, 1 core
/** The power is cut at operations of the chip's flash controller, and half-way through them; the device lives on as itself. */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { loadBoard, type Store } from "../../tools/firmware/board.ts";
import type { Emulator } from "../../tools/emulator/qemu.ts";
import { type Gdb, PC } from "../../tools/gdb/gdb.ts";
import { hex } from "../../tools/wire/bytes.ts";
import * as fields from "./field.ts";
import { symbols } from "../../tools/firmware/symbols.ts";
import { seeded } from "../../tools/line/random.ts";

const BOARD = "microbit";
const STEP_MS = 60_000;
/** Number of power cuts; the whole campaign has 200. */
const CUTS = Number(process.env["SIGNET_CUTS"] ?? 10);
const SEED = 0x5167;
const MOMENTS = ["before", "within", "after"] as const;
/** A start has at least so many operations: one of them is cut. */
const OPERATIONS = 6;
/** After so many cuts comes a life that reports. */
const REPORTING = 4;

/** The next operation of the flash controller. */
type Operation = { readonly at: number; readonly data: Buffer } | { readonly at: number; readonly erase: true };

describe(`the power of a ${BOARD} cut at ${CUTS} operations of its flash (seed ${SEED})`, () => {
  const folder = mkdtempSync(join(tmpdir(), "signet-cuts-"));
  const next = seeded(SEED).below;
  let field: fields.Field;
  let store: Store;
  let breaks: { program: number; erase: number };
  let device: Emulator | undefined;
  const ids = new Set<string>();
  /** Counters of each life, in their order. */
  const lives: number[][] = [];
  const boots: number[] = [];
  const accepted: number[] = [];
  let erasures = 0;

  before(async () => {
    field = await fields.lay(BOARD, folder, 100);
    store = (await loadBoard(BOARD)).store;
    const symbol = await symbols(field.built.elf);
    breaks = { program: symbol("flash_program").address & ~1, erase: symbol("flash_erase").address & ~1 };
  });

  after(async () => {
    await device?.kill();
    if (field) await fields.close(field);
    rmSync(folder, { recursive: true });
  });

  /** Note what a life said. */
  function note({ events }: Emulator): void {
    for (const { name, data } of events) {
      if (name === "enrolled") ids.add(hex(data.subarray(0, 32)));
      if (name === "accepted") accepted.push(data.readUInt32BE(0));
      if (name === "booted") boots.push(data.readUInt32BE(0));
    }
    const sent = events.filter(({ name }) => name === "sent").map(({ data }) => data.readUInt32BE(0));
    lives.push([...new Set(sent)]);
  }

  /** The operation that the core has come to; undefined if it is elsewhere. */
  async function operation(gdb: Gdb): Promise<Operation | undefined> {
    const registers = await gdb.registers();
    const [at, data, len] = [0, 4, 8].map((offset) => registers.readUInt32LE(offset)) as [number, number, number];
    const pc = registers.readUInt32LE(PC * 4);
    if (pc === breaks.erase) return { at, erase: true };
    return pc === breaks.program ? { at, data: await gdb.read(data, len) } : undefined;
  }

  /** Let a device that stands before its first instruction live until its flash controller does the chosen operation. */
  async function liveTo(gdb: Gdb, chosen: number): Promise<Operation> {
    const addresses = Object.values(breaks);
    for (let count = 0; ; count++) {
      await gdb.breakAt(addresses);
      if (!(await gdb.runToBreak("c", STEP_MS))) throw new Error("the device did nothing to its flash");
      const found = await operation(gdb);
      if (!found) throw new Error("stopped elsewhere");
      // Erasing is rare: half of what there is of it is cut, too.
      if (count >= chosen || ("erase" in found && next(2) === 0)) return found;
      await gdb.unbreak(addresses);
      await gdb.runToBreak("s", STEP_MS);
    }
  }

  /** Change the flash as a power cut at a moment of an operation does. */
  function spoil(operation: Operation, moment: (typeof MOMENTS)[number]): void {
    if (moment === "before") return;
    const bytes = readFileSync(field.flash);
    if ("erase" in operation) {
      erasures++;
      for (let i = 0; i < store.pageBytes; i++) bytes[operation.at + i]! |= moment === "after" ? 0xff : next(256);
    } else {
      // Whole words, and then one of which some bits were cleared.
      const whole = moment === "after" ? operation.data.length : 4 * next(operation.data.length / 4);
      operation.data.forEach((byte, i) => {
        const torn = i < whole ? 0 : i < whole + 4 ? next(256) : 0xff;
        bytes[operation.at + i]! &= byte | torn;
      });
    }
    writeFileSync(field.flash, bytes);
  }

  /** A life that gets as far as its first receipts. */
  async function report(): Promise<void> {
    device = await fields.powerOn(field);
    for (let more = 0; more < 2; more++) await device.waitFor("accepted", STEP_MS, device.events.length);
    await device.kill();
    note(device);
  }

  it("always restarts", { timeout: CUTS * STEP_MS }, async () => {
    for (let cut = 0; cut < CUTS; cut++) {
      device = await fields.powerOn(field, true);
      const gdb = await device.debug();
      const found = await liveTo(gdb, next(OPERATIONS));
      gdb.close();
      await device.kill();
      note(device);
      spoil(found, MOMENTS[next(MOMENTS.length)]!);
      if (cut % REPORTING === REPORTING - 1) await report();
    }
    await report();
    await report();
  });

  it("is one device all along, with one key", async () => {
    assert.equal(ids.size, 1, [...ids].join(" "));
    assert.deepEqual(
      (await field.server.devices()).map(({ id }) => id),
      [...ids],
    );
  });

  it("never used a counter twice, and its boot count never fell", () => {
    const counters = lives.flat();
    assert.deepEqual(
      counters,
      [...new Set(counters)].toSorted((a, b) => a - b),
    );
    assert.deepEqual(
      boots,
      boots.toSorted((a, b) => a - b),
    );
    if (CUTS >= 200) assert.ok(erasures > 0, "no erasure was cut");
  });

  it("lost no report with a receipt, and each stored one verifies", async () => {
    const stored = new Set((await fields.reports(field)).map(({ counter }) => counter));
    assert.ok(stored.size >= 2 * (2 + Math.floor(CUTS / REPORTING)));
    for (const counter of accepted) assert.ok(stored.has(counter), `report ${counter} has a receipt and is not stored`);
  });
});
