import { posix } from "node:path";
import { matches, type Finding, type Rule } from "../tree.ts";

/** Files that are not written by hand. */
const GENERATED = /^(package-lock\.json|LICENSE)$/;

/** Each folder for readers has a README. */
export const readmes: Rule = {
  name: "readmes",
  find(tree) {
    const wanted = new Set<string>();
    for (const path of tree.keys()) {
      const parts = path.split("/");
      if (/^(assembly|tools|tests)$/.test(parts[0]!) && parts.length > 2) wanted.add(`${parts[0]}/${parts[1]}`);
      if (/^(boards|linker)$/.test(parts[0]!) && parts.length > 1) wanted.add(parts[0]!);
    }
    return [...wanted]
      .filter((folder) => !tree.has(`${folder}/README.md`))
      .map((folder) => ({ path: folder, line: 0, message: "has no README.md" }));
  },
};

/** Nothing is imported by way of a file that only passes it on. */
export const barrels: Rule = {
  name: "barrels",
  find(tree) {
    const found: Finding[] = [];
    for (const [path, text] of tree) {
      if (!/^(assembly|tools|boards|tests)\/.*\.ts$/.test(path)) continue;
      if (posix.basename(path) === "index.ts")
        found.push({ path, line: 0, message: "a barrel: name a file by what it holds" });
      // The exports of a guest are those of its WebAssembly.
      if (path === "assembly/main.ts" || /\/guest[^/]*\.ts$/.test(path)) continue;
      for (const { line } of matches(text, /^export\s+(type\s+)?(\*|\{[^}]*\})[^;\n]*\bfrom\s/gm)) {
        found.push({ path, line, message: "passes on what another file exports: import it from there" });
      }
    }
    return found;
  },
};

/** Unfinished work is an issue and not a marker; a conflict of Git is resolved. */
export const markers: Rule = {
  name: "markers",
  find(tree) {
    // Spelled in pieces, so that this file does not find itself.
    const words = /\b(TO[D]O|FIX[M]E|X[X]X|HA[C]K)\b|^(<{7}|[|]{7}|={7}|>{7})(?= |$)/gm;
    return overText(tree, words, (match) => `a leftover marker: ${match[0]}`);
  },
};

/** A file names no place that exists on one machine only. */
export const places: Rule = {
  name: "places",
  find(tree) {
    const foreign = /(?<![\w.:/-])\/(work|root|home)\/|\.\.\/shared\b|https?:\/\/(registry|deb)\./g;
    return overText(tree, foreign, (match) => `names a place of one machine: ${match[0]}`).filter(
      ({ path }) => path !== ".ci/run",
    );
  },
};

/** Limit of lines for a file without a stated reason. */
const LINES_MAX = 400;

/** A long file states its reason: `Longer than 400 lines: …` in a comment. */
export const lengths: Rule = {
  name: "lengths",
  find(tree) {
    const found: Finding[] = [];
    for (const [path, text] of tree) {
      if (!/\.(ts|mts|mjs|js|c|h|S|ld)$/.test(path) || text.startsWith("// node --import tsx tools/generate/"))
        continue;
      const lines = text.split("\n").length - 1;
      if (lines > LINES_MAX && !/Longer than 400 lines: \w/.test(text))
        found.push({ path, line: 0, message: `has ${lines} lines: split it, or say "Longer than 400 lines: why"` });
    }
    return found;
  },
};

/** A board is data and a few files: no board's or chip's name decides in an `#if`. */
export const boards: Rule = {
  name: "boards",
  find(tree) {
    const names = new Set<string>();
    for (const path of tree.keys()) {
      const board = /^boards\/([^/]+)\/board\.ts$/.exec(path)?.[1] ?? /^boards\/chips\/([^/.]+)/.exec(path)?.[1];
      if (board) names.add(board.toLowerCase().replace(/\W/g, "[-_]?"));
    }
    if (names.size === 0) return [];
    const condition = new RegExp(`^[ \\t]*#[ \\t]*(?:el)?if(?:n?def)?\\b.*(?:${[...names].join("|")})`, "gim");
    const found: Finding[] = [];
    for (const [path, text] of tree) {
      if (!/\.(c|h|S|ld|in)$/i.test(path)) continue;
      for (const { line } of matches(text, condition))
        found.push({ path, line, message: "a board's name in an #if: make it data of the board" });
    }
    return found;
  },
};

/** Search every text that is written by hand. */
function overText(
  tree: ReadonlyMap<string, string>,
  pattern: RegExp,
  say: (match: RegExpMatchArray) => string,
): Finding[] {
  const found: Finding[] = [];
  for (const [path, text] of tree) {
    if (GENERATED.test(path)) continue;
    for (const { line, match } of matches(text, pattern)) found.push({ path, line, message: say(match) });
  }
  return found;
}
