import { paths } from "../check/tree.ts";

/** One file of tests. */
export interface Suite {
  readonly path: string;
  /** Compiled to WebAssembly by as-pect, or run by node:test. */
  readonly kind: "as-pect" | "node";
  /** Whether it must have the machine for itself: QEMU keeps a core busy, and its tests watch the clock. */
  readonly alone: boolean;
}

/** Every suite of the tree, the light ones first. */
export function suites(words: readonly string[]): Suite[] {
  return paths()
    .filter((path) => /^tests\/unit\/.*\.spec\.ts$/.test(path) || /^tests\/(?!unit\/).*\.test\.ts$/.test(path))
    .filter((path) => words.length === 0 || words.some((word) => path.includes(word)))
    .map((path) => ({
      path,
      kind: path.endsWith(".spec.ts") ? ("as-pect" as const) : ("node" as const),
      alone: /qemu/.test(path),
    }))
    .toSorted((a, b) => Number(a.alone) - Number(b.alone) || (a.path < b.path ? -1 : 1));
}
