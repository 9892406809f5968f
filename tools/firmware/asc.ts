/** The AssemblyScript compiler, as a separate process. */
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { Trouble } from "../trouble.ts";
import { filesBelow } from "./cache.ts";
import { packageFolder } from "./modules.ts";
import { ROOT } from "./root.ts";
import { run } from "./run.ts";

/** A program to compile. */
export interface Program {
  /** The AssemblyScript entry, from the root of the tree. */
  readonly entry: string;
  /** The folder whose `app.ts` takes the place of `assembly/app/`: an absolute path. Missing: the application of the tree. */
  readonly app?: string | undefined;
}

/** The compiler with the firmware's ways: text becomes static bytes, and an application may lie anywhere. */
const COMPILER = join(ROOT, "tools/firmware/compile.mjs");
/** The files that state the versions of npm packages: the first in the tree, the second in the npm package. */
export const VERSIONS = ["package-lock.json", "package.json"];

const PARTS = [
  "tools/firmware/compile.mjs",
  "tools/firmware/memory.mjs",
  "tools/firmware/text.mjs",
  "asconfig.json",
  ...VERSIONS,
];

/**
 * Node's flags for a compiler that is WebAssembly and lives for seconds only: V8's optimization of it would take a quarter of a compilation
 * by asc and two thirds of a translation by wasm2c, and not pay off. The output has the same bytes.
 */
export const WASM_FLAGS = ["--liftoff-only"];

/** The level of optimization of a module that runs in Node only: V8 optimizes it again, and the firmware's level takes half as long again. */
export const NODE_LEVEL = "-O1";

/** The TLS client as a guest, for `signet tls` and for the tests' guests, which import it. */
export const GUEST_TLS = "tools/firmware/guest_tls.ts";

/** The module, without its extension, that exports the end of static memory. It is compiled after the guest's own. */
export const GUEST_END = "tools/firmware/guest_end";

/** List what decides a module's bytes: the firmware's library, the folder of the entry, whose tests are not compiled, and the application. */
export function sourcesOf({ entry, app }: Program): string[] {
  if (app !== undefined && !existsSync(join(app, "app.ts")))
    throw new Trouble(`there is no app.ts in ${app}`, "assembly/app/README.md describes an application");
  const files = filesBelow(
    "assembly",
    dirname(entry),
    `${GUEST_END}.ts`,
    GUEST_TLS,
    ...PARTS,
    ...(app === undefined ? [] : [app]),
  );
  return files.filter((file) => !file.endsWith(".test.ts"));
}

/**
 * Compile; return the compiler's output. The configuration has an absolute path: otherwise the compiler takes a transform's
 * path for a package.
 */
export async function asc(args: readonly string[], app = ""): Promise<string> {
  packageFolder("assemblyscript");
  return run(process.execPath, [...WASM_FLAGS, COMPILER, app, ...args, "--config", join(ROOT, "asconfig.json")]);
}
