/** The build refuses what must not be flashed, and gives the same bytes wherever it runs. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { after, test } from "node:test";
import { promisify } from "node:util";
import { loadBoard } from "../../tools/build/board.ts";
import { buildImage } from "../../tools/build/build.ts";
import { ROOT } from "../../tools/build/root.ts";

const board = "mps2-an386";
const folder = mkdtempSync(join(tmpdir(), "signet-build-"));
after(() => rmSync(folder, { recursive: true }));

const { budget } = await loadBoard(board);

test("flash over the board's budget fails the build", async () => {
  const change = { budget: { ...budget, flash: 1024 } };
  await assert.rejects(buildImage({ board, image: "probe", out: join(folder, "flash"), change }), /over budget: flash/);
});

test("linear memory over the board's budget fails the build", async () => {
  const change = { budget: { ...budget, linear: 16 } };
  await assert.rejects(
    buildImage({ board, image: "probe", out: join(folder, "linear"), change }),
    /over budget: linear/,
  );
});

test("a guest that allocates fails the build", async () => {
  const entry = "tests/build/guest_heap.ts";
  await assert.rejects(buildImage({ board, image: "probe", out: join(folder, "heap"), entry }), /memory\.grow/);
});

test("the same tree in another place gives the same bytes", async () => {
  const tree = join(folder, "elsewhere", "tree");
  for (const part of ["assembly", "boards", "linker", "tools", "package.json", "asconfig.json", "tsconfig.json"])
    cpSync(join(ROOT, part), join(tree, part), { recursive: true });
  symlinkSync(join(ROOT, "node_modules"), join(tree, "node_modules"));
  const built = promisify(execFile)("node", ["--import", "tsx", "tools/signet.ts", "build", "--board", board], {
    cwd: tree,
  });
  const here = await buildImage({ board, image: "signet" });
  await built;
  for (const file of ["elf", "hex", "bin"] as const) {
    const there = join(tree, "build", board, "signet", basename(here[file]));
    assert.deepEqual(readFileSync(there), readFileSync(here[file]));
  }
});

test("two who ask at once get one build, and a third nothing new", async () => {
  const out = join(folder, "shared");
  const ask = () => buildImage({ board, image: "probe", out });
  const [one, other] = await Promise.all([ask(), ask()]);
  const first = readFileSync(one.elf);
  assert.equal(one.elf, other.elf);
  assert.deepEqual(readFileSync((await ask()).elf), first);
});
