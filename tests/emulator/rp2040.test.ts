/**
 * The model refuses everything that an RP2040 refuses: programs of a few instructions, run from RAM as the second stage of the
 * boot.
 */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { crc32 } from "../../tools/firmware/boot2.ts";
import { run } from "../../tools/firmware/run.ts";
import { Chip, Reset } from "../../tools/emulator/rp2040/chip.ts";
import { Flash } from "../../tools/emulator/rp2040/flash.ts";

const FLASH_BYTES = 2 * 1024 * 1024;
const STORE = { origin: 0x101f_0000, pageBytes: 4096, pages: 16 };
/** Address at which the bootrom runs the second stage. */
const STAGE = 0x2004_1f00;
/** Far more than any program here takes. */
const STEPS = 2_000;

/** Before each program: a vector table at 0x20000000 whose fault handler notes the frame's PC in r7 and stops. r7 is 0 until then. */
const PROLOGUE = `
  .syntax unified
  .cpu cortex-m0plus
  .thumb
  b.n  start
fault:
  mrs  r0, msp
  ldr  r7, [r0, #24]
  FAULT
stop:
  b    stop
start:
  ldr  r0, =0x20000000
  ldr  r1, =0x20041f03
  str  r1, [r0, #12]
  ldr  r1, =0xe000ed08
  str  r0, [r1]
  movs r7, #0
`;

const folder = mkdtempSync(join(tmpdir(), "signet-rp2040-"));
after(() => rmSync(folder, { recursive: true }));

/** Assemble a program as a second stage with its checksum. */
async function assemble(program: string, inFault = ""): Promise<Buffer> {
  const at = (name: string): string => join(folder, name);
  writeFileSync(at("a.s"), `${PROLOGUE.replace("FAULT", inFault)}${program}\nmark: b stop\n  .ltorg\n`);
  await run("arm-none-eabi-gcc", ["-mcpu=cortex-m0plus", "-c", at("a.s"), "-o", at("a.o")]);
  await run("arm-none-eabi-objcopy", ["-O", "binary", at("a.o"), at("a.bin")]);
  const code = readFileSync(at("a.bin"));
  assert.ok(code.length <= 252, "the program is too long");
  const stage = Buffer.alloc(256);
  code.copy(stage);
  stage.writeUInt32LE(crc32(stage.subarray(0, 252)), 252);
  return stage;
}

interface Ended {
  readonly chip: Chip;
  /** Place of the fault, in bytes from the start of the stage; undefined if there was none. */
  readonly fault: number | undefined;
  readonly complaints: string[];
}

/** Run a program until it stops. */
async function execute(program: string, inFault?: string): Promise<Ended> {
  const flash = new Flash(FLASH_BYTES, STORE, undefined);
  flash.bytes.set(await assemble(program, inFault));
  const complaints: string[] = [];
  const chip = new Chip({ flash, bit: () => 1, complain: (what) => complaints.push(what) });
  for (let step = 0; step < STEPS && !chip.locked; step++) chip.run();
  const at = chip.core.registers[7] ?? 0;
  return { chip, fault: at === 0 ? undefined : at - STAGE, complaints };
}

/** MPU region 0: `rasr` over what begins at `base`; then on, with the default map behind it. */
const region = (base: number, rasr: number): string => `
  ldr r0, =0xe000ed94
  ldr r1, =${base}
  ldr r2, =${rasr}
  movs r3, #0
  str r3, [r0, #4]
  str r1, [r0, #8]
  str r2, [r0, #12]
  movs r3, #5
  str r3, [r0]
`;

const READ_WRITE = 3 << 24;
const READ_ONLY = 6 << 24;
const NEVER_RUN = 1 << 28;
/** A region of 2^`power` bytes, on. */
const sized = (power: number): number => ((power - 1) << 1) | 1;

const XIP_ON = `
  ldr  r0, =0x18000000
  movs r1, #0
  str  r1, [r0, #8]
  movs r1, #4
  str  r1, [r0, #20]
  ldr  r1, =0x001f0300
  str  r1, [r0]
  ldr  r1, =0x03000218
  ldr  r2, =0x180000f4
  str  r1, [r2]
  movs r1, #1
  str  r1, [r0, #8]
`;

const load = (address: number, how = "ldr"): string => `  ldr r0, =${address}\n  ${how} r1, [r0]\n`;
const store = (address: number, how = "str"): string => `  ldr r0, =${address}\n  ${how} r1, [r0]\n`;

// prettier-ignore
const CASES: readonly (readonly [name: string, refused: string, allowed: string])[] = [
  ["flash before the serial interface is set up",  load(0x1000_0000), XIP_ON + load(0x1000_0000)],
  ["a word that is not aligned",                   load(0x2000_0002), load(0x2000_0002, "ldrh")],
  ["a half-word that is not aligned",              load(0x2000_0001, "ldrh"), load(0x2000_0001, "ldrb")],
  ["an address below RAM",                            store(0x1fff_fffc), store(0x2000_0010)],
  ["an address above RAM",                            load(0x2004_2000), load(0x2004_1ffc)],
  ["a store to flash",                             XIP_ON + store(0x1000_0000), XIP_ON + load(0x1000_0000)],
  ["a store to the bootrom",                       store(0x100), load(0x100)],
  ["a peripheral that does not exist",               load(0x4007_0000), load(0x4005_4028)],
  ["a breakpoint",                                 "  bkpt 0xab\n", "  nop\n"],
  ["an undefined instruction",                     "  udf 0\n", "  nop\n"],
  ["a store where the MPU lets only read",         region(0x2000_1000, READ_ONLY | sized(12)) + store(0x2000_1ffc), region(0x2000_1000, READ_ONLY | sized(12)) + store(0x2000_2000)],
  ["a byte stored where the MPU lets only read",   region(0x2000_1000, READ_ONLY | sized(12)) + store(0x2000_1001, "strb"), region(0x2000_1000, READ_ONLY | sized(12)) + load(0x2000_1001, "ldrb")],
  ["a load where the MPU lets nothing",            region(0x2000_1000, sized(12)) + load(0x2000_1000), region(0x2000_1000, READ_WRITE | sized(12)) + load(0x2000_1000)],
];

describe("refused, and its neighbours allowed", () => {
  for (const [name, refused, allowed] of CASES) {
    test(name, async () => {
      const bad = await execute(refused);
      assert.notEqual(bad.fault, undefined, "not refused");
      const good = await execute(allowed);
      assert.equal(good.fault, undefined, "refused");
      assert.deepEqual(good.complaints, []);
    });
  }

  test("running where the MPU allows no execution", async () => {
    const rest = (rights: number): string =>
      `${region(0x2000_0000, rights | sized(13))}
  ldr r0, =0x20001000
  ldr r1, =0x4770 @ bx lr
  strh r1, [r0]
  adds r0, #1
  blx r0
`;
    assert.equal((await execute(rest(READ_WRITE | NEVER_RUN))).fault, 0x2000_1000 - STAGE);
    assert.equal((await execute(rest(READ_WRITE))).fault, undefined);
  });
});

test("the frame of a fault has its address", async () => {
  const { fault } = await execute("  ldr r0, =0x20000001\nhere: ldr r1, [r0]\n");
  const stage = await assemble("  ldr r0, =0x20000001\nhere: ldr r1, [r0]\n");
  // `ldr r1, [r0]` is 6801.
  assert.equal(fault, stage.indexOf(Buffer.from("0168", "hex")));
});

test("a fault in the fault handler locks the core up, and the watchdog resets it", async () => {
  const program = `
  ldr r0, =0x40058000
  ldr r1, =2000
  str r1, [r0, #4]
  ldr r1, =0x40000000
  str r1, [r0]
  udf 0
`;
  const { chip } = await execute(program, "udf 0");
  assert.ok(chip.locked);
  const clock = chip.clock as unknown as { tick(nanos: number): void };
  clock.tick(0.9e6);
  assert.throws(() => clock.tick(0.2e6), Reset, "half of 2000 microseconds: erratum E1");
});

test("WFI wakes on a masked interrupt, and its handler waits", async () => {
  const program = `
  ldr  r0, =0xe000e100
  movs r1, #1
  str  r1, [r0]
  cpsid i
  adds r0, #0x80
  adds r0, #0x80
  str  r1, [r0]
  wfi
  movs r6, #77
`;
  const { chip } = await execute(program);
  assert.ok(chip.core.waiting && chip.woken);
  assert.equal(chip.core.IPSR, 0);
  chip.core.waiting = false;
  for (let step = 0; step < 4; step++) chip.run();
  assert.equal(chip.core.registers[6], 77);
  assert.equal(chip.core.IPSR, 0);
});
