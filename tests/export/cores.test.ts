// weight: 65 s, 1 core
/**
 * The example of an export on each core, as a task with a stack of its own where RAM has room, to receipts inside TLS, with its longest
 * step. SIGNET_FULL asks for the cores of all figures.
 */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { after, describe, it, type TestContext } from "node:test";
import { exportLibrary } from "../../tools/export/export.ts";
import * as steps from "../../tools/export/steps.ts";
import { run } from "../../tools/firmware/run.ts";
import { symbols } from "../../tools/firmware/symbols.ts";
import type { Gdb } from "../../tools/gdb/gdb.ts";
import { FULL } from "../full.ts";
import { type Play, play } from "./play.ts";

interface Core {
  readonly core: string;
  readonly board: string;
  readonly pageBytes: number;
  readonly small: boolean;
  /** Room for a stack of the program's own. */
  readonly task: boolean;
}
const MPS2 = { pageBytes: 4096, small: false, task: true };
const MICROBIT = { core: "cortex-m0", board: "microbit", pageBytes: 1024, small: true, task: false };
/** The Cortex-M3 is that of export.test.ts too. */
const CORES: readonly Core[] = [
  MICROBIT,
  { ...MPS2, core: "cortex-m4", board: "mps2-an386" },
  { ...MPS2, core: "cortex-m33", board: "mps2-an505" },
];
const MORE: readonly Core[] = [
  { ...MICROBIT, small: false },
  { ...MPS2, core: "cortex-m0plus", board: "mps2-an385" },
  { ...MPS2, core: "cortex-m3", board: "mps2-an385" },
  { ...MPS2, core: "cortex-m3", board: "mps2-an385", small: true },
  { ...MPS2, core: "cortex-m4", board: "mps2-an386", small: true },
  { ...MPS2, core: "cortex-m7", board: "mps2-an500" },
];
const TRIED = FULL ? [...CORES, ...MORE] : CORES;
/** One instruction takes 32 ns of the machine's time. */
const COUNTED = ["-icount", "shift=5"];
const INSTRUCTIONS_PER_MS = 1e6 / 32;
const GUARD_BYTES = 1024;
const PAINT = 0xa5;
const RECEIPTS = 10;
/** Bytes of the heap of own-main. */
const HEAP = 64;
/** Bytes that own.ld leaves for the main stack: SIGNET_STACK_BYTES, the frames of main and of an interrupt. */
const DEEPEST = 2048 + 512;

type Symbols = Awaited<ReturnType<typeof symbols>>;

const folder = mkdtempSync(join(tmpdir(), "signet-cores-"));
after(() => rmSync(folder, { recursive: true }));

/** Export for a core, and build the example. */
async function build({ core, pageBytes, small, task }: Core): Promise<string> {
  const out = join(folder, `${core}-${small}`);
  await exportLibrary({ core, link: "esp-at", profile: "pinned", small, name: "own", pageBytes, pages: 16, out });
  const example = join(out, "examples/own-main");
  const own = task ? ["step.c", "task.c"] : ["step.c"];
  const sources = own.map((name) => resolve("tests/export", name)).join(" ");
  const wrapped = `LDFLAGS=-Wl,--wrap=signet_poll${task ? ",--wrap=main" : ""}`;
  const all = `SOURCES=main.c port.c startup.c ${sources} $(SIGNET_SOURCES)`;
  await run("make", ["WARNINGS=-Wall -Wextra -Werror", wrapped, all], example);
  return join(example, "own.elf");
}

/** Compare the longest call of signet_poll with the figure of signet.h. */
async function assertStep(context: TestContext, { core, small }: Core, gdb: Gdb, find: Symbols): Promise<void> {
  const ms = (await gdb.read(find("longest_step").address, 4)).readUInt32LE();
  const [found, most] = [ms * INSTRUCTIONS_PER_MS, steps.instructions(core, small)];
  context.diagnostic(`the longest step takes ${found} instructions`);
  assert.ok(found <= most && found >= 0.8 * most, `the longest step takes ${found} instructions of ${most}`);
}

/** Wait for the report behind the last of the receipts: the program sends none before it has the receipt of the last. */
async function receipts({ server, until }: Play): Promise<void> {
  const stored = async (): Promise<number> => {
    const [known] = await server.devices();
    return known ? (await server.reports(known.id)).length : 0;
  };
  await until(async () => (await stored()) > RECEIPTS, `${RECEIPTS} receipts`);
  const [known] = await server.devices();
  assert.deepEqual([known!.software, known!.version, known!.model], ["own-main", "1.0", "example"]);
}

describe("an own main program", () => {
  for (const core of TRIED.filter(({ task }) => task))
    it(`in a task has receipts inside TLS on a ${core.core}, and keeps to its stack`, async (context) => {
      const elf = await build(core);
      const find = await symbols(elf);
      const scene = async (it: Play): Promise<void> => {
        await receipts(it);
        const { address, size } = find("task");
        const gdb = await it.device.debug();
        const bytes = await gdb.read(address, size);
        await assertStep(context, core, gdb, find);
        await gdb.detach();
        const deepest = bytes.findIndex((byte) => byte !== PAINT);
        assert.ok(deepest >= GUARD_BYTES, `the stack reaches ${size - deepest} bytes deep`);
        assert.ok(deepest < size - 1024, "the task's stack was never used");
      };
      await play(elf, core.board, scene, COUNTED);
    });

  for (const core of TRIED.filter(({ task }) => !task))
    it(`has receipts inside TLS on the ${core.board}, whose 16 KiB of RAM hold its stack and its heap as well`, async (context) => {
      const elf = await build(core);
      const find = await symbols(elf);
      const scene = async (it: Play): Promise<void> => {
        const heapEnd = find("end").address + HEAP;
        const free = find("stack_top").address - DEEPEST - heapEnd;
        assert.ok(free > 0, `${-free} bytes of RAM are missing`);
        const gdb = await it.device.debug();
        await gdb.write(heapEnd, Buffer.alloc(free, PAINT));
        await gdb.detach();
        await receipts(it);
        const again = await it.device.debug();
        const left = await again.read(heapEnd, free);
        await assertStep(context, core, again, find);
        await again.detach();
        const touched = left.findIndex((byte) => byte !== PAINT);
        assert.equal(touched, -1, "the stack is deeper, or the heap larger");
      };
      await play(elf, core.board, scene, COUNTED);
    });
});
