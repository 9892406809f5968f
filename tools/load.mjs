// @ts-check
/** Let Node import TypeScript in this process: `node --import ./tools/load.mjs FILE.ts`. A thread imports it for itself. */
import { register } from "node:module";

// A stack trace then names the lines of the TypeScript.
process.setSourceMapsEnabled(true);
register("./load_hooks.mjs", import.meta.url);
