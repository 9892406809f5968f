/** An image as data: its guest, the C main program that runs it, and the adaptation of a board. */
import { existsSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { Trouble } from "../trouble.ts";
import type { Program } from "./asc.ts";
import type { Board } from "./board.ts";
import { ROOT } from "./root.ts";

export interface Image extends Program {
  /** The folder of its outputs, beside those of the board's other images. */
  readonly name: string;
  /** The C main program, from the root of the tree. */
  readonly main: string;
  /** The changes to the board's data for this image. */
  readonly adapt?: (board: Board) => Board;
}

/** Load an image's data: a file that exports an Image by default. Its `app` may be a path from that file. */
export async function loadImage(path: string): Promise<Image> {
  const file = resolve(path);
  if (!existsSync(file))
    throw new Trouble(
      `there is no image "${path}"`,
      "name the file with its data, for example the image.ts beside a guest",
    );
  const { default: image } = (await import(pathToFileURL(file).href)) as { default?: Partial<Image> };
  if (typeof image?.name !== "string" || typeof image.entry !== "string" || typeof image.main !== "string")
    throw new Trouble(
      `${relative(ROOT, file)} exports no image`,
      `see Image in ${join("tools", "firmware", "image.ts")}`,
    );
  const { app } = image;
  return { ...(image as Image), ...(app !== undefined && { app: resolve(dirname(file), app) }) };
}
