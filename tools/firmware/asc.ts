/** The AssemblyScript compiler, as a process of its own. */
import { dirname, join } from "node:path";
import { filesBelow } from "./cache.ts";
import { run } from "./run.ts";

const ASC = join("node_modules", "assemblyscript", "bin", "asc.js");

/**
 * Its optimizer is WebAssembly that lives for seconds only: what V8 spends on optimizing it is a quarter of a compilation, and
 * never comes back. The output has the same bytes.
 */
const FLAGS = ["--liftoff-only"];

/** The module, without its extension, that says where static memory ends. It is compiled after the guest's own. */
export const GUEST_END = "tools/firmware/guest_end";

/** The transform that asconfig.json names: text becomes static bytes. */
const TEXT = "tools/firmware/text.mjs";

/** List what decides a module's bytes: the firmware's library and the folder of the entry, whose tests are not compiled. */
export function sourcesOf(entry: string): string[] {
  const files = filesBelow("assembly", dirname(entry), `${GUEST_END}.ts`, TEXT, "asconfig.json", "package-lock.json");
  return files.filter((file) => !file.endsWith(".test.ts"));
}

/** Compile; returns what the compiler printed. */
export function asc(args: readonly string[]): Promise<string> {
  return run(process.execPath, [...FLAGS, ASC, ...args]);
}
