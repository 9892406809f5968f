// weight: 120 s, 1 core
/** The example of an export on each core, as a task with a stack of its own, to receipts inside TLS. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { after, describe, it } from "node:test";
import { exportLibrary } from "../../tools/export/export.ts";
import { run } from "../../tools/firmware/run.ts";
import { symbols } from "../../tools/firmware/symbols.ts";
import { play } from "./play.ts";

/** The Cortex-M3 is that of export.test.ts. QEMU runs the code of a Cortex-M0 on a Cortex-M3. */
const CORES: readonly (readonly [core: string, board: string])[] = [
  ["cortex-m0", "mps2-an385"],
  ["cortex-m4", "mps2-an386"],
  ["cortex-m33", "mps2-an505"],
];
const GUARD_BYTES = 1024;
const PAINT = 0xa5;

const folder = mkdtempSync(join(tmpdir(), "signet-cores-"));
after(() => rmSync(folder, { recursive: true }));

describe("an own main program in a task", () => {
  for (const [core, board] of CORES)
    it(`has receipts inside TLS on a ${core}, and keeps to its stack`, async () => {
      const out = join(folder, core);
      await exportLibrary({
        core,
        link: "esp-at",
        profile: "pinned",
        small: core === "cortex-m0",
        name: "own",
        pageBytes: 4096,
        pages: 16,
        out,
      });
      const example = join(out, "examples/own-main");
      const sources = `main.c port.c startup.c ${resolve("tests/export/task.c")} $(SIGNET_SOURCES)`;
      await run("make", [`SOURCES=${sources}`, "LDFLAGS=-Wl,--wrap=main", "WARNINGS=-Wall -Wextra -Werror"], example);
      const elf = join(example, "own.elf");
      await play(elf, board, async ({ device, server, count, until }) => {
        await until(() => count("accepted") >= 2, "two receipts");
        assert.equal(count("secured") >= 1, true, "not inside TLS");
        const [known] = await server.devices();
        assert.deepEqual([known!.software, known!.version, known!.model], ["own-main", "1.0", "example"]);
        const { address, size } = (await symbols(elf))("task");
        const gdb = await device.debug();
        const bytes = await gdb.read(address, size);
        await gdb.detach();
        const deepest = bytes.findIndex((byte) => byte !== PAINT);
        assert.ok(deepest >= GUARD_BYTES, `the stack reaches ${size - deepest} bytes deep`);
        assert.ok(deepest < size - 1024, "the task's stack was never used");
      });
    });
});
