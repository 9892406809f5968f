// weight: 48 s, 1 core
/** The size of all cryptography in a Cortex-M4's flash: every public operation, its assembly and its tables. */
import assert from "node:assert/strict";
import { copyFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { type Board, KiB, chipFolders, loadBoard } from "../../tools/firmware/board.ts";
import { buildImage } from "../../tools/firmware/build.ts";
import { filesBelow } from "../../tools/firmware/cache.ts";
import { buildGuest } from "../../tools/firmware/guest.ts";
import { ROOT } from "../../tools/firmware/root.ts";
import { run } from "../../tools/firmware/run.ts";
import { BOARD, profile } from "./small.ts";
import LAB from "./image.ts";

/** The names of functions of assembly that an object calls. */
async function calledBy(object: string): Promise<ReadonlySet<string>> {
  const symbols = await run("arm-none-eabi-nm", ["-u", object]);
  return new Set([...symbols.matchAll(/ U (cpu_\w+)$/gm)].map(([, name]) => name!));
}

/** True if an object defines one of the functions. */
async function defines(object: string, functions: ReadonlySet<string>): Promise<boolean> {
  const symbols = await run("arm-none-eabi-nm", ["-g", "--defined-only", object]);
  return [...symbols.matchAll(/ T (\w+)$/gm)].some(([, name]) => functions.has(name!));
}

/** The bytes of an object's functions and read-only data, but for the calls in, which are the shim's. */
async function bytesOf(object: string): Promise<number> {
  const symbols = await run("arm-none-eabi-nm", ["-S", object]);
  const sized = [...symbols.matchAll(/^[0-9a-f]+ ([0-9a-f]+) [tTrR] (\S+)$/gm)];
  const counted = sized.filter(([, , name]) => !/^guest_(?!bare)/.test(name ?? ""));
  return counted.reduce((sum, [, size]) => sum + Number.parseInt(size ?? "0", 16), 0);
}

async function weigh(change: Partial<Board>, name: string): Promise<number> {
  const lab = await buildImage({ board: BOARD, image: LAB });
  const board = { ...(await loadBoard(BOARD)), ...change };
  const folder = join(ROOT, "build", `weight-${name}`);
  await buildGuest(board, { entry: "tests/lab/guest_sizes.ts" }, folder);
  copyFileSync(join(lab.folder, "board.h"), join(folder, "board.h"));
  const common = [`-mcpu=${board.cpu}`, "-mthumb", "-mfloat-abi=soft", "-ffreestanding", "-w"];
  const choices = Object.entries(board.use).map(([choice, value]) => `-D${choice}=${value}`);
  const core = "node_modules/@xpack-3rd-party/arm-cmsis-core-m/CMSIS/Core/Include";
  const includes = [folder, "boards/common", ...chipFolders(board), `boards/${BOARD}`, core].map((path) => `-I${path}`);
  let total = 0;
  let called: ReadonlySet<string> | undefined;
  for (const source of [
    "boards/common/guest.c",
    ...filesBelow("boards/common").filter((file) => /cpu_\w+\.S$/.test(file)),
  ]) {
    const object = join(folder, `${source.replaceAll("/", "_")}.o`);
    const level = source.endsWith(".c") ? ["-std=gnu11", "-Os", "-fwhole-program"] : [];
    await run("arm-none-eabi-gcc", [...common, ...choices, ...includes, ...level, "-c", source, "-o", object]);
    called ??= await calledBy(object);
    if (source.endsWith(".c") || (await defines(object, called))) total += await bytesOf(object);
  }
  return total;
}

test("fast, it fits 26 KiB", async (context) => {
  const bytes = await weigh({}, "fast");
  context.diagnostic(`${bytes} bytes`);
  assert(bytes > 8 * KiB && bytes <= 26 * KiB, `${bytes} bytes`);
});

test("small, it fits 17 KiB", async (context) => {
  const bytes = await weigh(await profile(), "small");
  context.diagnostic(`${bytes} bytes`);
  assert(bytes > 8 * KiB && bytes <= 17 * KiB, `${bytes} bytes`);
});
