/** Where the files of Signet are: the working tree, or the npm package, in which all modules of the tools are JavaScript. */
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const ROOT = fileURLToPath(new URL("../..", import.meta.url)).replace(/\/$/, "");

/** True in the npm package. */
export const IS_PACKAGE = import.meta.url.endsWith(".js");

/** The beginning of a command line of the CLI, as its user writes it. */
export const COMMAND = IS_PACKAGE ? "npx signet-mcu" : "npm run -s signet --";

/** The folder of the user: of the working tree, or of the project that the package is a part of. */
export const PROJECT = IS_PACKAGE ? process.cwd() : ROOT;

/** The folder of all outputs. */
export const BUILD = join(PROJECT, "build");
