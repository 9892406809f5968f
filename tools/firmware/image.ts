/** An image as data: its guest, the C main program that runs it, and the adaptation of a board. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { constants, type Fields, load as loadFields } from "../fields.ts";
import { Trouble } from "../trouble.ts";
import type { Program } from "./asc.ts";
import type { Board } from "./board.ts";
import { loadModule } from "./modules.ts";
import { PROJECT } from "./root.ts";

export interface Image extends Program {
  /** The fields of its readings; their constants are in `fields.ts` of the application. */
  readonly fields?: Fields;
  /** The folder of its outputs, beside those of the board's other images. */
  readonly name: string;
  /** The C main program, from the root of the tree. */
  readonly main: string;
  /** The changes to the board's data for this image. */
  readonly adapt?: (board: Board) => Board;
}

/** The guest and the main program of the product. */
export const PROGRAM = { entry: "assembly/main.ts", main: "boards/common/main.c" };

/** An image as its file has it: paths from the file; without `entry` and `main`, those of the product. */
interface Data extends Omit<Partial<Image>, "fields"> {
  /** The path of the image's `fields.json`. */
  readonly fields?: string;
}

/** Write a file if it has other contents. */
function update(path: string, text: string): void {
  if (!existsSync(path) || readFileSync(path, "utf8") !== text) writeFileSync(path, text);
}

/** Load an image's data: a file that exports it by default. Write the constants of its fields into its application. */
export async function loadImage(path: string): Promise<Image> {
  const file = resolve(path);
  if (!existsSync(file))
    throw new Trouble(
      `there is no image "${path}"`,
      "name the file with its data, for example the image.ts beside a guest",
    );
  const { default: data } = await loadModule<{ default?: Data }>(file);
  if (typeof data?.name !== "string" || (data.entry === undefined) !== (data.main === undefined))
    throw new Trouble(
      `${relative(PROJECT, file)} exports no image`,
      `see Image in ${join("tools", "firmware", "image.ts")}`,
    );
  const { fields: fieldsFile, app, ...rest } = data;
  const folder = app && resolve(dirname(file), app);
  if (fieldsFile === undefined) return { ...PROGRAM, ...rest, name: data.name, ...(folder && { app: folder }) };
  if (!folder) throw new Trouble(`${relative(PROJECT, file)} has fields and no app`, "name the folder of its app.ts");
  const fields = loadFields(resolve(dirname(file), fieldsFile));
  update(join(folder, "fields.ts"), constants(fields));
  return { ...PROGRAM, ...rest, name: data.name, app: folder, fields };
}
