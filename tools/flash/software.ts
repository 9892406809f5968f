/** The program of a board: the product, an image of a project, or a program of one's own with Signet in it. */
import { mkdirSync } from "node:fs";
import { basename, join } from "node:path";
import type { FamilyName } from "../facts/family.ts";
import { type Board, loadBoard } from "../firmware/board.ts";
import { buildImage } from "../firmware/build.ts";
import { serving } from "../firmware/choices.ts";
import { loadImage } from "../firmware/image.ts";
import { storeOf } from "../firmware/own.ts";
import { SIGNET } from "../firmware/product.ts";
import { BUILD } from "../firmware/root.ts";
import { run } from "../firmware/run.ts";
import * as spread from "../firmware/spread.ts";
import * as image from "./image.ts";
import type { Segment } from "./hex.ts";

export interface Software {
  /** The board; its store is where the program has it. */
  readonly board: Board;
  readonly segments: readonly Segment[];
}

/** True if a path names a linked program, and not the data of an image. */
export function isProgram(path: string): boolean {
  return path.endsWith(".elf");
}

/** Return a board as a program sees it: with the program's store, and all other flash for its code. */
async function boardOf(board: Board, elf: string): Promise<Board> {
  const { flash, store } = board;
  const end = Math.max(flash.origin + flash.bytes, spread.end(store));
  return { ...board, store: await storeOf(elf), flash: { origin: flash.origin, bytes: end - flash.origin } };
}

/** Load a board, with the store of the program `path` if it is one. */
export async function boardFor(name: string, path?: string): Promise<Board> {
  const board = await loadBoard(name);
  return path !== undefined && isProgram(path) ? boardOf(board, path) : board;
}

/**
 * Return the segments to write. `path`: an ELF, or the data of an image, which is built; the product if it is not given.
 * `family` is the module that the factory page names; missing if the page is kept.
 */
export async function load(name: string, path?: string, family?: FamilyName): Promise<Software> {
  const board = await boardFor(name, path);
  if (path !== undefined && isProgram(path)) {
    mkdirSync(BUILD, { recursive: true });
    const hex = join(BUILD, `${basename(path)}.hex`);
    await run("arm-none-eabi-objcopy", ["-O", "ihex", path, hex]);
    return { board, segments: image.firmware(hex, board) };
  }
  const data = path === undefined ? SIGNET : await loadImage(path);
  const choices = family === undefined ? [] : serving(family);
  const built = await buildImage({ board: name, image: data, choices });
  return { board, segments: image.firmware(built.hex, board) };
}
