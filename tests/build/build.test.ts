/** The build refuses what must not be flashed, and gives the same bytes wherever it runs. */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { loadBoard } from "../../tools/build/board.ts";
import { buildImage } from "../../tools/build/build.ts";

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

test("two builds in different places give the same bytes", async () => {
  const [one, other] = [
    await buildImage({ board, image: "probe", out: join(folder, "one") }),
    await buildImage({ board, image: "probe", out: join(folder, "another", "place") }),
  ];
  for (const file of ["elf", "hex", "bin"] as const)
    assert.deepEqual(readFileSync(one[file]), readFileSync(other[file]));
});

test("two who ask at once get one build, and a third nothing new", async () => {
  const out = join(folder, "shared");
  const ask = () => buildImage({ board, image: "probe", out });
  const [one, other] = await Promise.all([ask(), ask()]);
  const first = readFileSync(one.elf);
  assert.equal(one.elf, other.elf);
  assert.deepEqual(readFileSync((await ask()).elf), first);
});
