/** The data of each board about its probe agree with the real programs. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { describe, it } from "node:test";
import { warning } from "../../tools/flash/lock.ts";
import { release } from "../../tools/flash/pyocd.ts";
import { type Board, boardNames, loadBoard } from "../../tools/firmware/board.ts";

const isThere = (program: string): boolean => spawnSync(program, ["--version"]).error === undefined;
const skipOpenocd = isThere("openocd") ? false : "openocd is not installed";
const pyocd = release();
const skipPyocd = pyocd ? false : "python3-pyocd is not installed";

/** No adapter is asked for anything: OpenOCD reads its scripts, answers, and ends. */
const ALONE =
  "gdb_port disabled; telnet_port disabled; tcl_port disabled; adapter driver cmsis-dap; transport select swd";

/** Return OpenOCD's output for commands, once it has read a chip's script. */
function openocd(
  script: string,
  ...commands: readonly string[]
): { readonly code: number | null; readonly text: string } {
  const args = [ALONE, ...commands, "shutdown"].flatMap((command) => ["-c", command]);
  args.splice(2, 0, "-f", script);
  const { status, stdout, stderr } = spawnSync("openocd", args, { encoding: "utf8", timeout: 60_000 });
  return { code: status, text: stdout + stderr };
}

for (const name of boardNames()) {
  const board: Board = await loadBoard(name);
  const { probe } = board;
  if (!probe) continue;
  describe(name, () => {
    it("has its chip's script and flash in OpenOCD", { skip: skipOpenocd }, () => {
      const { code, text } = openocd(probe.openocd, "echo [flash list]");
      assert.equal(code, 0, text);
      const bases = [...text.matchAll(/ base (\d+) /g)].map(([, base]) => Number(base));
      // A base of 0 where flash is elsewhere is one that OpenOCD looks up in the chip.
      assert.ok(bases.includes(board.flash.origin) || bases.includes(0), text);
    });

    it("is locked by commands of OpenOCD", { skip: skipOpenocd }, () => {
      if ("none" in probe.lock) return;
      for (const command of [...probe.lock.openocd, ...(probe.lock.final?.openocd ?? [])]) {
        // A group and a command of it, or a command alone.
        const words = /^[a-z]\S* [a-z]\S*|^\S+/.exec(command)![0];
        const { code, text } = openocd(probe.openocd, "flash init", `help ${words}`);
        assert.equal(code, 0, text);
        assert.match(text, new RegExp(`^ *(\\S+\\.cpu )?${words}\\b`, "m"));
      }
    });

    it("is locked with a warning about known weaknesses, and permanently only where the chip can do that", () => {
      if ("none" in probe.lock) return;
      const { bypass, undo, final } = probe.lock;
      const usual = warning(name, probe.lock, false);
      assert.ok(usual.includes(bypass) && usual.includes(undo));
      // Level 2 is ST's own; Nordic's chips open again when they are erased.
      assert.equal(final !== undefined, /^(stm32|nucleo)/.test(name));
      if (!final) return;
      assert.ok(usual.includes("--for-good"));
      const forGood = warning(name, probe.lock, true);
      assert.ok(forGood.includes(final.what) && forGood.includes(final.bypass) && !forGood.includes(undo));
      assert.match(forGood, /undone {2}by nothing/);
    });

    it("has a name in pyOCD, or none", { skip: skipPyocd }, () => {
      if (probe.pyocd === undefined) return;
      const [program, ...args] = pyocd!.targets;
      const { stdout } = spawnSync(program, args, { encoding: "utf8", timeout: 60_000 });
      const known = stdout.replaceAll(/\s+/g, " ");
      assert.match(known, new RegExp(`[ ,']${probe.pyocd}[ ,.']`));
    });
  });
}

describe("a name that no program has", { skip: skipOpenocd }, () => {
  it("is detected", () => {
    assert.notEqual(openocd("target/stm32l9x.cfg").code, 0);
    const { code, text } = openocd("target/stm32l4x.cfg", "help stm32l4x seal");
    assert.ok(code !== 0 || !/^ +stm32l4x seal\b/m.test(text), text);
  });
});
