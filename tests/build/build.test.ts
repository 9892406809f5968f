// weight: 59 s, 1 core
/** The build refuses what must not be flashed, and gives the same bytes wherever it runs. */
import assert from "node:assert/strict";
import { execFile, execFileSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { after, test } from "node:test";
import { promisify } from "node:util";
import { KiB, loadBoard } from "../../tools/firmware/board.ts";
import { buildImage } from "../../tools/firmware/build.ts";
import { buildDay } from "../../tools/firmware/day.ts";
import { levers, misfit, table } from "../../tools/firmware/fit.ts";
import { ROOT } from "../../tools/firmware/root.ts";
import PROBE from "../qemu/boot/image.ts";
import { SIGNET } from "../../tools/firmware/product.ts";

const board = "mps2-an386";
const folder = mkdtempSync(join(tmpdir(), "signet-build-"));
after(() => rmSync(folder, { recursive: true }));

const { budget } = await loadBoard(board);

test("flash over the board's budget fails the build", async () => {
  const change = { budget: { ...budget, flash: 1024 } };
  await assert.rejects(buildImage({ board, image: PROBE, out: join(folder, "flash"), change }), (error) => {
    assert.equal(misfit(error), "over budget: flash");
    return true;
  });
  const tiny = { flash: { origin: 0, bytes: 1024 } };
  await assert.rejects(buildImage({ board, image: PROBE, out: join(folder, "region"), change: tiny }), (error) => {
    assert.match(misfit(error) ?? "", /^region `FLASH' overflowed by \d+ bytes$/);
    return true;
  });
});

test("an image that does not fit has choices that make it smaller, measured", async () => {
  const request = { board, image: SIGNET, out: join(folder, "ample"), change: { budget: { ...budget, flash: 1024 } } };
  const [lever] = await levers(request, ["no-tls"]);
  assert.equal(lever?.choice, "no-tls");
  assert.ok(lever.flash > 10 * KiB && lever.linear > 2 * KiB, JSON.stringify(lever));
  assert.match(table([lever]), /^ {2}no-tls +\d+ bytes of flash +\d+ of RAM {3}no TLS\n$/);
});

test("linear memory over the board's budget fails the build", async () => {
  const change = { budget: { ...budget, linear: 16 } };
  await assert.rejects(buildImage({ board, image: PROBE, out: join(folder, "linear"), change }), /over budget: linear/);
});

for (const [name, says] of [
  ["heap", /has a heap: memory\.grow/],
  ["start", /has code that runs when the module starts/],
] as const)
  test(`a guest that has a ${name} fails the build`, async () => {
    const image = { ...PROBE, entry: `tests/build/guest_${name}.ts` };
    await assert.rejects(buildImage({ board, image, out: join(folder, name) }), says);
  });

test("the same tree in another folder gives the same bytes", async () => {
  const tree = join(folder, "elsewhere", "tree");
  for (const part of ["assembly", "boards", "linker", "tools", "package.json", "asconfig.json", "tsconfig.json"])
    cpSync(join(ROOT, part), join(tree, part), { recursive: true });
  symlinkSync(join(ROOT, "node_modules"), join(tree, "node_modules"));
  const built = promisify(execFile)(
    "node",
    ["--import", "./tools/load.mjs", "tools/signet.ts", "build", "--board", board],
    {
      cwd: tree,
      // There is no repository there: the day is told.
      env: { ...process.env, SOURCE_DATE_EPOCH: String(buildDay()! * 86_400) },
    },
  );
  const here = await buildImage({ board, image: SIGNET });
  await built;
  for (const file of ["elf", "hex", "bin"] as const) {
    const there = join(tree, "build", board, "signet", basename(here[file]));
    assert.deepEqual(readFileSync(there), readFileSync(here[file]));
  }
});

test("two concurrent requests get one build, and a third builds nothing", async () => {
  const out = join(folder, "shared");
  const ask = () => buildImage({ board, image: PROBE, out });
  const [one, other] = await Promise.all([ask(), ask()]);
  const first = readFileSync(one.elf);
  assert.equal(one.elf, other.elf);
  assert.deepEqual(readFileSync((await ask()).elf), first);
});

test("an image contains its day of build: of SOURCE_DATE_EPOCH, else of the last commit", () => {
  const asked = (env: NodeJS.ProcessEnv): string => {
    const program = 'import { buildDay } from "./tools/firmware/day.ts"; console.log(buildDay())';
    const args = ["--import", "./tools/load.mjs", "--input-type=module", "--eval", program];
    return execFileSync("node", args, { cwd: ROOT, env, stdio: "pipe" }).toString().trim();
  };
  const { SOURCE_DATE_EPOCH: _, ...env } = process.env;
  const committed = Number(execFileSync("git", ["log", "-1", "--format=%ct"], { cwd: ROOT }).toString());
  assert.equal(asked(env), String(Math.floor(committed / 86_400)));
  assert.equal(asked({ ...env, SOURCE_DATE_EPOCH: "864000" }), "10");
  assert.throws(() => asked({ ...env, SOURCE_DATE_EPOCH: "today" }), /SOURCE_DATE_EPOCH is "today"/);
});

test("a board can omit TLS, with all its memory", async () => {
  const { budget: small, use } = await loadBoard("microbit");
  const change = { use: { ...use, WITHOUT_TLS: 1 }, budget: { ...small, flash: 80 * KiB, linear: 8.5 * KiB } };
  const out = join(folder, "without-tls");
  assert.ok((await buildImage({ board: "microbit", image: SIGNET, out, change })).size.linear > 4 * KiB);
});
