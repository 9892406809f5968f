// weight: 39 s, 1 core
/** Each fault is planted in the product's image as it runs, and its name looked for in the next report that the server stored. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { type Gdb, PC, SP } from "../../tools/gdb/gdb.ts";
import type { Emulator } from "../../tools/emulator/qemu.ts";
import * as fields from "./field.ts";
import { symbols, type Place } from "../../tools/firmware/symbols.ts";

const STEP_MS = 60_000;

/* Thumb instructions. The overwritten code is back after the reset: QEMU loads the image again. */
const UNDEFINED = 0xde00;
const LOOP = 0xe7fe;
const MASK_INTERRUPTS = 0xb672;
const ALLOW_INTERRUPTS = 0xb662;
const SUPERVISOR_CALL = 0xdf00;
const STORE_R1_AT_R0 = 0x6001;
/** `msr msp, r0`. */
const HANDLERS_POINTER_FROM_R0 = [0xf380, 0x8808];

/** Set-pending register of the first 32 interrupts (ARMv6-M ARM B3.4.4). */
const NVIC_ISPR = 0xe000e200;
const POWER_CLOCK_IRQ = 0;

/** No board has anything there. */
const NOWHERE = 0x9fff0000;

/** A stopped board, and where things are in its image. */
interface Stopped {
  readonly gdb: Gdb;
  readonly symbol: (name: string) => Place;
  /** The port of the server that its factory page names. */
  readonly port: number;
}

/** The steps that plant a fault, and the expected epitaph. */
interface Fault {
  readonly name: string;
  readonly plant: (stopped: Stopped) => Promise<void>;
  readonly epitaph: RegExp;
}

function code(...instructions: number[]): Buffer {
  const bytes = Buffer.alloc(2 * instructions.length);
  instructions.forEach((instruction, i) => bytes.writeUInt16LE(instruction, 2 * i));
  return bytes;
}

/** Have the core execute these instructions where it is. */
async function execute(gdb: Gdb, ...instructions: number[]): Promise<void> {
  await gdb.write(await gdb.counter(), code(...instructions));
}

/** Have it store a word. */
async function poke(gdb: Gdb, address: number, word: number): Promise<void> {
  await gdb.setRegister(0, address);
  await gdb.setRegister(1, word);
  await execute(gdb, ALLOW_INTERRUPTS, STORE_R1_AT_R0, LOOP);
}

/** Have the stack of handlers end where their pointer is, and the next one begin. */
async function exhaust({ gdb, symbol }: Stopped): Promise<void> {
  await gdb.setRegister(0, symbol("__handler_stack_limit").address);
  await execute(gdb, ALLOW_INTERRUPTS, ...HANDLERS_POINTER_FROM_R0, SUPERVISOR_CALL);
}

/** Leave the stack of handlers so little that the next one writes over its end, and let everything go on. */
async function squeeze({ gdb, symbol }: Stopped): Promise<void> {
  const at = await gdb.counter();
  const there = await gdb.read(at, 4);
  const r0 = (await gdb.registers()).readUInt32LE(0);
  await gdb.setRegister(0, symbol("__handler_stack_limit").address + 8);
  await execute(gdb, ...HANDLERS_POINTER_FROM_R0);
  await gdb.runToBreak("s", STEP_MS);
  await gdb.write(at, there);
  await gdb.setRegister(0, r0);
  await gdb.setRegister(PC, at);
}

/** Have the guest's pointer to the server's name point outside of its memory, as a bug of ours could. */
async function corrupt({ gdb, symbol, port }: Stopped): Promise<void> {
  const { address: from, size } = symbol("guest");
  const memory = await gdb.read(from, size);
  const name = memory.lastIndexOf("127.0.0.1");
  assert.ok(name > 0);
  const outside = Buffer.from([0x00, 0xff, 0xff, 0x7f]);
  let found = 0;
  for (let at = 0; at + 12 <= memory.length; at += 4) {
    // The pointer counts from the start of linear memory, which is somewhere in the instance; then come length and port.
    if (memory.readUInt32LE(at) > name || memory.readUInt32LE(at + 4) !== "127.0.0.1".length) continue;
    if (memory.readUInt32LE(at + 8) !== port) continue;
    await gdb.write(from + at, outside);
    found++;
  }
  assert.ok(found > 0);
}

const EVERYWHERE: readonly Fault[] = [
  {
    name: "an undefined instruction",
    plant: ({ gdb }) => execute(gdb, UNDEFINED),
    epitaph: /^fault (usage|hard) pc=[0-9a-f]{8} lr=[0-9a-f]{8}( cfsr=00010000)?$/,
  },
  {
    name: "a stack overflow",
    plant: ({ gdb, symbol }) => gdb.setRegister(SP, symbol("__stack_limit").address + 16),
    epitaph: /^stack overflow sp=[0-9a-f]{8}$/,
  },
  {
    name: "a stack pointer outside of RAM",
    plant: ({ gdb }) => gdb.setRegister(SP, NOWHERE),
    epitaph: /^stack lost sp=[0-9a-f]{8}$/,
  },
  {
    name: "a jump to an unused address",
    plant: ({ gdb }) => gdb.setRegister(PC, NOWHERE),
    epitaph: /^fault (memory|bus|hard) pc=9fff0000 lr=[0-9a-f]{8}( cfsr=[0-9a-f]{8})?$/,
  },
  { name: "a trap of the guest", plant: corrupt, epitaph: /^trap oob pc=[0-9a-f]{8}$/ },
  {
    name: "a fault while interrupts are masked",
    plant: ({ gdb }) => execute(gdb, MASK_INTERRUPTS, SUPERVISOR_CALL),
    epitaph: /^fault hard pc=[0-9a-f]{8} lr=[0-9a-f]{8}( cfsr=00000000)?$/,
  },
];

/* A fault that comes while interrupts are masked, as just before the core sleeps, escalates: its name is then `hard`. */
const WITH_PROTECTION: readonly Fault[] = [
  {
    name: "a jump to RAM",
    plant: async ({ gdb, symbol }) => {
      const unused = symbol("__stack_limit").address;
      await gdb.write(unused, code(LOOP));
      await gdb.setRegister(PC, unused);
    },
    epitaph: /^fault (memory|hard) pc=[23][08][0-9a-f]{6} lr=[0-9a-f]{8} cfsr=00000001$/,
  },
  {
    name: "a write to the image",
    plant: ({ gdb, symbol }) => poke(gdb, symbol("image_main").address & ~3, 0),
    epitaph: /^fault (memory|hard) pc=[0-9a-f]{8} lr=[0-9a-f]{8} cfsr=00000082$/,
  },
];

const WITH_WATCHDOG: readonly Fault[] = [
  {
    name: "a loop without end",
    plant: ({ gdb }) => execute(gdb, LOOP),
    epitaph: /^watchdog pc=[0-9a-f]{8} lr=[0-9a-f]{8}/,
  },
  {
    name: "a loop without end while interrupts are masked",
    plant: ({ gdb }) => execute(gdb, MASK_INTERRUPTS, LOOP),
    epitaph: /^watchdog pc=[0-9a-f]{8} lr=[0-9a-f]{8}/,
  },
];

/* Detection of a stack overflow by handlers on each core: by a guard, by a limit register, by the overwritten words. */
const WITH_GUARD: readonly Fault[] = [
  {
    name: "handlers that run over their stack",
    plant: exhaust,
    epitaph: /^stack overflow of handlers sp=[0-9a-f]{8}$/,
  },
];
const WITH_LIMIT: readonly Fault[] = WITH_GUARD.map((fault) => ({ ...fault, plant: squeeze }));
const WITH_CANARY: readonly Fault[] = WITH_LIMIT.map((fault) => ({
  ...fault,
  epitaph: /^stack overflow of handlers$/,
}));

const WITH_SUPPLY: readonly Fault[] = [
  {
    name: "a supply that fails (its interrupt made pending: QEMU has no comparator)",
    plant: ({ gdb }) => poke(gdb, NVIC_ISPR, 1 << POWER_CLOCK_IRQ),
    epitaph: /^brown-out pc=[0-9a-f]{8} lr=[0-9a-f]{8}$/,
  },
];

/** Boards that run here, and what each has beyond the rest. */
const BOARDS: readonly (readonly [board: string, faults: readonly Fault[], without: string])[] = [
  ["mps2-an386", [...EVERYWHERE, ...WITH_GUARD, ...WITH_PROTECTION, ...WITH_WATCHDOG], ""],
  ["mps2-an385", [...EVERYWHERE, ...WITH_GUARD, ...WITH_PROTECTION, ...WITH_WATCHDOG], ""],
  ["mps2-an500", [...EVERYWHERE, ...WITH_GUARD, ...WITH_PROTECTION, ...WITH_WATCHDOG], ""],
  ["mps2-an505", [...EVERYWHERE, ...WITH_LIMIT, ...WITH_PROTECTION, ...WITH_WATCHDOG], ""],
  [
    "microbit",
    [...EVERYWHERE, ...WITH_CANARY, ...WITH_SUPPLY],
    "the chip has no MPU, and QEMU 7.2 does not have its watchdog",
  ],
];

describe("planted faults", { concurrency: true }, () => {
  for (const [board, faults, without] of BOARDS) {
    describe(board, { concurrency: false }, () => {
      const folder = mkdtempSync(join(tmpdir(), "signet-faults-"));
      let field: fields.Field;
      let device: Emulator;
      let symbol: Stopped["symbol"];

      before(async () => {
        field = await fields.lay(board, folder, 200);
        symbol = await symbols(field.built.elf);
        device = await fields.powerOn(field);
        await device.waitFor("accepted", STEP_MS);
      });

      after(async () => {
        await device?.kill();
        if (field) await fields.close(field);
        rmSync(folder, { recursive: true });
      });

      /** Epitaphs in the stored reports, in their order. */
      async function told(): Promise<string[]> {
        const stored = await fields.reports(field);
        return stored.flatMap(({ epitaph }) => (epitaph ? [Buffer.from(epitaph).toString()] : []));
      }

      for (const { name, plant, epitaph } of faults) {
        it(`reports ${name}`, { timeout: 2 * STEP_MS }, async () => {
          const before = (await told()).length;
          const seen = device.events.length;
          const gdb = await device.debugThread();
          await plant({ gdb, symbol, port: field.server.port }).finally(() => gdb.detach());
          const event = await device.waitFor("epitaph", STEP_MS, seen);
          const said = event.data.toString();
          assert.match(said, epitaph);
          await device.waitFor("accepted", STEP_MS, device.events.indexOf(event));
          assert.deepEqual((await told()).slice(before), [said]);
        });
      }

      if (without) it("protects its RAM and has a watchdog", { skip: without }, () => {});

      it("made no second key, and sent nothing that the server refused", async () => {
        assert.equal(device.events.filter(({ name }) => name === "key-made").length, 1);
        assert.deepEqual(
          device.events.filter(({ name }) => name === "refused" || name === "head-ahead"),
          [],
        );
      });
    });
  }
});
