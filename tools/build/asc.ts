/** The AssemblyScript compiler, as a process of its own. */
import { join } from "node:path";
import { run } from "./run.ts";

const ASC = join("node_modules", "assemblyscript", "bin", "asc.js");

/**
 * Its optimizer is WebAssembly that lives for seconds only: what V8 spends on optimizing it is a quarter of a compilation, and
 * never comes back. The output has the same bytes.
 */
const FLAGS = ["--liftoff-only"];

/** Compile; returns what the compiler printed. */
export function asc(args: readonly string[]): Promise<string> {
  return run(process.execPath, [...FLAGS, ASC, ...args]);
}
