/** The requirements of Nordic's errata on the drivers, on the host: no emulator has these registers. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { ROOT } from "../../tools/firmware/root.ts";
import { run } from "../../tools/firmware/run.ts";

/** The core's header for the host: what the drivers take of it. */
const CORE = `#define NVIC_EnableIRQ(number) ((void)(number))\n`;
const DRIVERS = ["boards/chips/nrf5/power_nrf5.c", "boards/chips/nrf52/system_nrf52.c", "tests/registers/errata.c"];
const FOLDERS = ["boards/chips/nrf52", "boards/chips/nrf5", "boards/common"];

describe("the nRF52840's drivers", () => {
  const folder = mkdtempSync(join(tmpdir(), "signet-errata-"));
  const program = join(folder, "errata");
  after(() => rmSync(folder, { recursive: true }));

  before(async () => {
    writeFileSync(join(folder, "core.h"), CORE);
    writeFileSync(join(folder, "board.h"), `#define CORE_HEADER "core.h"\n#define CLOCK_HZ 64000000u\n`);
    const includes = [folder, ...FOLDERS.map((path) => join(ROOT, path))].map((path) => `-I${path}`);
    await run("gcc", ["-std=gnu11", "-Wall", "-Wno-int-to-pointer-cast", ...includes, "-o", program, ...DRIVERS]);
  });

  it("report only resets by the pin where the pin caused them (erratum 136)", async () => {
    // The pin, the watchdog, software, lock-up; and the pin with each of the others set besides.
    const said = await run(program, ["0", "1", "2", "4", "8", "3", "9", "b"]);
    const causes = said.split("\n").slice(0, 8);
    assert.deepEqual(causes, ["none", "none", "watchdog", "none", "lockup", "none", "none", "none"]);
  });

  it("give the temperature sensor each of FICR's factors, in its place (erratum 66)", async () => {
    const lines = (await run(program, [])).trim().split("\n");
    const line = (from: number, first: number, count: number): string[] =>
      Array.from({ length: 8 }, (_, i) => `${(from + 4 * i).toString(16)} ${i < count ? first + i : 0}`);
    assert.deepEqual(lines, [...line(0x520, 1000, 6), ...line(0x540, 1006, 6), ...line(0x560, 1012, 5)]);
  });
});
