// @ts-check
/**
 * The AssemblyScript compiler as a program, with one difference to its own: the folder of an application may take the place of `assembly/app/`.
 *
 *     node compile.mjs APP ARGUMENTS…        APP: the folder; "" for the one of the tree
 */
import { readFile } from "node:fs/promises";
import { join, relative, resolve } from "node:path";
import { main } from "assemblyscript/asc";

const PLACE = "assembly/app";

const [app = "", ...args] = process.argv.slice(2);

/**
 * Read a source; null if there is none.
 * @param {string} name
 * @param {string} base
 */
async function read(name, base) {
  const path = resolve(base, name);
  const within = relative(resolve(base, PLACE), path);
  const isOfApp = app !== "" && !within.startsWith("..");
  try {
    return await readFile(isOfApp ? join(app, within) : path, "utf8");
  } catch {
    return null;
  }
}

const { error, stdout, stderr } = await main(args, { readFile: read });
process.stdout.write(stdout.toString());
// A message names the file that the user can open.
const said = stderr.toString();
process.stderr.write(app === "" ? said : said.replaceAll(`${PLACE}/`, `${app}/`));
if (error) process.exitCode = 1;
