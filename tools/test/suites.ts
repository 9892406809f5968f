import { paths } from "../check/tree.ts";

/** Tests that run in one process. */
export interface Suite {
  readonly path: string;
  /** Compiled to WebAssembly by as-pect, or run by node:test. */
  readonly kind: "as-pect" | "node";
  /** What as-pect compiles into one module: a compilation costs more than the tests of all files together. */
  readonly files: readonly string[];
  /** Whether it must have the machine for itself: QEMU keeps a core busy, and its tests watch the clock. */
  readonly alone: boolean;
}

/** Every suite of the tree, the light ones first. */
export function suites(words: readonly string[]): Suite[] {
  const chosen = paths().filter((path) => words.length === 0 || words.some((word) => path.includes(word)));
  const units = chosen.filter((path) => /^tests\/unit\/.*\.spec\.ts$/.test(path));
  const unit: Suite[] =
    units.length === 0
      ? []
      : [{ path: units.length === 1 ? units[0]! : "tests/unit", kind: "as-pect", files: units, alone: false }];
  const others = chosen
    .filter((path) => /^tests\/(?!unit\/).*\.test\.ts$/.test(path))
    .map((path): Suite => ({ path, kind: "node", files: [path], alone: /qemu/.test(path) }))
    .toSorted((a, b) => Number(a.alone) - Number(b.alone) || (a.path < b.path ? -1 : 1));
  return [...unit, ...others];
}
