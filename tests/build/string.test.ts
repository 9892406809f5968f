// weight: 5 s, 1 core
/** The firmware's own <string.h> does what the C library's does, on a core that may access words anywhere and on one that may not. */
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { ROOT } from "../../tools/firmware/root.ts";

const folder = mkdtempSync(join(tmpdir(), "signet-string-"));
after(() => rmSync(folder, { recursive: true }));

describe("the firmware's memory and text functions", () => {
  for (const [name, flags] of [
    ["that move words anywhere", ["-D__ARM_FEATURE_UNALIGNED"]],
    ["that move words where they are aligned", []],
  ] as const) {
    it(`${name} behave as the C library's do`, (context) => {
      const [own, program] = [join(folder, "own.o"), join(folder, "string")];
      const run = (command: string, args: readonly string[]) => execFileSync(command, args, { cwd: ROOT });
      run("gcc", ["-Os", "-Wall", "-Wextra", "-Werror", ...flags, "-c", "boards/common/string.c", "-o", own]);
      run("objcopy", ["--prefix-symbols=own_", own]);
      run("gcc", ["-O1", "-fno-builtin", "-Wall", "-Wextra", "-Werror", "tests/build/string.c", own, "-o", program]);
      const { status, stdout } = spawnSync(program, { encoding: "utf8" });
      context.diagnostic(stdout.trim());
      assert.equal(status, 0, stdout);
    });
  }
});
