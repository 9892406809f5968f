// weight: 65 s, 1 core
/** The example of an export on each core, as a task with a stack of its own where RAM has room, to receipts inside TLS. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { after, describe, it } from "node:test";
import { exportLibrary } from "../../tools/export/export.ts";
import { run } from "../../tools/firmware/run.ts";
import { symbols } from "../../tools/firmware/symbols.ts";
import { type Play, play } from "./play.ts";

/** The Cortex-M3 is that of export.test.ts. */
interface Core {
  readonly core: string;
  readonly board: string;
  readonly pageBytes: number;
  /** Room for a stack of the program's own. */
  readonly task: boolean;
}
const CORES: readonly Core[] = [
  { core: "cortex-m0", board: "microbit", pageBytes: 1024, task: false },
  { core: "cortex-m4", board: "mps2-an386", pageBytes: 4096, task: true },
  { core: "cortex-m33", board: "mps2-an505", pageBytes: 4096, task: true },
];
const GUARD_BYTES = 1024;
const PAINT = 0xa5;
const RECEIPTS = 10;
/** Bytes of the heap of own-main. */
const HEAP = 64;
/** Bytes that own.ld leaves for the main stack: SIGNET_STACK_BYTES, the frames of main and of an interrupt. */
const DEEPEST = 2048 + 512;

const folder = mkdtempSync(join(tmpdir(), "signet-cores-"));
after(() => rmSync(folder, { recursive: true }));

/** Export for a core, and build the example. */
async function build({ core, pageBytes, task }: Core): Promise<string> {
  const out = join(folder, core);
  const small = core === "cortex-m0";
  await exportLibrary({ core, link: "esp-at", profile: "pinned", small, name: "own", pageBytes, pages: 16, out });
  const example = join(out, "examples/own-main");
  const own = `main.c port.c startup.c ${resolve("tests/export/task.c")} $(SIGNET_SOURCES)`;
  const more = task ? [`SOURCES=${own}`, "LDFLAGS=-Wl,--wrap=main"] : [];
  await run("make", ["WARNINGS=-Wall -Wextra -Werror", ...more], example);
  return join(example, "own.elf");
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
  for (const core of CORES.filter(({ task }) => task))
    it(`in a task has receipts inside TLS on a ${core.core}, and keeps to its stack`, async () => {
      const elf = await build(core);
      await play(elf, core.board, async (scene) => {
        await receipts(scene);
        const { address, size } = (await symbols(elf))("task");
        const gdb = await scene.device.debug();
        const bytes = await gdb.read(address, size);
        await gdb.detach();
        const deepest = bytes.findIndex((byte) => byte !== PAINT);
        assert.ok(deepest >= GUARD_BYTES, `the stack reaches ${size - deepest} bytes deep`);
        assert.ok(deepest < size - 1024, "the task's stack was never used");
      });
    });

  for (const core of CORES.filter(({ task }) => !task))
    it(`has receipts inside TLS on the ${core.board}, whose 16 KiB of RAM hold its stack and its heap as well`, async () => {
      const elf = await build(core);
      const find = await symbols(elf);
      await play(elf, core.board, async (scene) => {
        const heapEnd = find("end").address + HEAP;
        const free = find("stack_top").address - DEEPEST - heapEnd;
        assert.ok(free > 0, `${-free} bytes of RAM are missing`);
        const gdb = await scene.device.debug();
        await gdb.write(heapEnd, Buffer.alloc(free, PAINT));
        await gdb.detach();
        await receipts(scene);
        const again = await scene.device.debug();
        const left = await again.read(heapEnd, free);
        await again.detach();
        assert.equal(
          left.findIndex((byte) => byte !== PAINT),
          -1,
          "the stack is deeper, or the heap larger",
        );
      });
    });
});
