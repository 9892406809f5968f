import { readFileSync } from "node:fs";
import { join } from "node:path";
import { paths, ROOT } from "../check/tree.ts";

/** The cost of a suite that runs alone on an idle machine. */
export interface Weight {
  readonly seconds: number;
  /** Average number of busy processor cores. */
  readonly cores: number;
}

/** Tests that run in one process. */
export interface Suite extends Weight {
  readonly path: string;
  /** Compiled to WebAssembly by as-pect, or run by node:test. */
  readonly kind: "as-pect" | "node";
  /** The files that as-pect compiles into one module: a compilation costs more than the tests of all files together. */
  readonly files: readonly string[];
}

/** The weight of a suite that declares none: most suites are short. */
const LIGHT: Weight = { seconds: 4, cores: 0.5 };
/** The weight of the unit tests: one compilation, then all tests. */
const UNIT: Weight = { seconds: 8, cores: 1 };

/** The weight that the text of a suite declares on a line of its own: `// weight: 40 s, 0.5 cores`. */
export function weightOf(text: string): Weight {
  const found = /^\/\/ weight: (\d+) s, (\d+(?:\.\d)?) cores?$/m.exec(text);
  return found ? { seconds: Number(found[1]), cores: Number(found[2]) } : LIGHT;
}

/** The suites of the files that `chosen` accepts, the longest first; all unit tests are one suite. */
export function suites(chosen: (path: string) => boolean): Suite[] {
  const files = paths().filter(chosen);
  const units = files.filter((path) => /^tests\/unit\/.*\.spec\.ts$/.test(path));
  const unit: Suite = {
    path: units.length === 1 ? units[0]! : "tests/unit",
    kind: "as-pect",
    files: units,
    ...UNIT,
  };
  const others = files
    .filter((path) => /^tests\/(?!unit\/).*\.test\.ts$/.test(path))
    .map((path): Suite => ({ path, kind: "node", files: [path], ...weightOf(readFileSync(join(ROOT, path), "utf8")) }));
  return [...(units.length === 0 ? [] : [unit]), ...others].toSorted(
    (a, b) => b.seconds - a.seconds || (a.path < b.path ? -1 : 1),
  );
}

/** Return the distance of a suite: that of the nearest of its files that a change reaches. */
export function stepsTo({ files }: Suite, distance: ReadonlyMap<string, number>): number {
  return Math.min(...files.map((file) => distance.get(file) ?? Infinity));
}
