/** The values in the headers of a chip, as the cross compiler reads them. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Board, chipFolders, loadBoard } from "../../tools/firmware/board.ts";
import { boardHeader } from "../../tools/firmware/firmware.ts";
import { filesBelow } from "../../tools/firmware/cache.ts";
import { ROOT } from "../../tools/firmware/root.ts";
import { run } from "../../tools/firmware/run.ts";

const CMSIS = "node_modules/@xpack-3rd-party/arm-cmsis-core-m/CMSIS/Core/Include";

/** The names that a chip's own headers define, of registers and bits of peripherals: `PERIPHERAL_…`. */
export async function names(boardName: string, prefixes: readonly string[]): Promise<string[]> {
  const board: Board = await loadBoard(boardName);
  const headers = filesBelow(...chipFolders(board)).filter((file) => file.endsWith(".h"));
  const defined = headers.flatMap((file) =>
    [...readFileSync(join(ROOT, file), "utf8").matchAll(/^#define (\w+)/gm)].map(([, name]) => name!),
  );
  return [...new Set(defined)].filter((name) => prefixes.some((prefix) => name.startsWith(prefix))).toSorted();
}

/** Evaluate C expressions with a board's `chip.h`. A register is given as its address, `&RCC->CR`. */
export async function values(boardName: string, expressions: readonly string[]): Promise<Map<string, number>> {
  const board: Board = await loadBoard(boardName);
  const folder = mkdtempSync(join(tmpdir(), "signet-registers-"));
  try {
    writeFileSync(join(folder, "board.h"), boardHeader(boardName, board));
    const lines = expressions.map((text, i) => `const uint32_t value_${i} = (uint32_t)(${text});`);
    writeFileSync(join(folder, "values.c"), ['#include "chip.h"', ...lines, ""].join("\n"));
    const includes = [folder, ...chipFolders(board)].map((path) => `-I${path}`);
    const flags = [`-mcpu=${board.cpu}`, "-mthumb", "-mfloat-abi=soft", "-std=gnu11", ...includes, "-isystem", CMSIS];
    const text = await run("arm-none-eabi-gcc", [...flags, "-S", "-o", "-", join(folder, "values.c")]);
    const found = new Map<string, number>();
    for (const [, index, word, zero] of text.matchAll(/^value_(\d+):\n\t(?:\.word\t(-?\d+)|\.space\t(4))$/gm))
      found.set(expressions[Number(index)]!, zero === undefined ? Number(word) >>> 0 : 0);
    return found;
  } finally {
    rmSync(folder, { recursive: true });
  }
}
