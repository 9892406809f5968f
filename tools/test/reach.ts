import { execFileSync } from "node:child_process";
import { posix } from "node:path";
import { imports, texts } from "../check/imports.ts";
import { ROOT, type Tree } from "../check/tree.ts";

/** The files that differ from a commit, those git does not know yet among them. */
export function changedSince(commit: string, root: string = ROOT): string[] {
  const git = (...args: string[]): string[] =>
    execFileSync("git", args, { cwd: root, encoding: "utf8" }).split("\0").filter(Boolean);
  return [
    ...git("diff", "--name-only", "-z", "--no-renames", commit, "--"),
    ...git("ls-files", "-z", "--others", "--exclude-standard"),
  ];
}

/**
 * Folders that programs list as a whole, to check them or to see that a build is fresh: that says nothing of what a program depends
 * on. Only files of `assembly/` that an entry imports are compiled, and entries are named.
 */
const LISTED = new Set(["assembly", "tests", "tools"]);

/** Suites whose strings name files of trees in memory. */
const PLANTED = /^tests\/check\//;

/**
 * Compute the distance of each file from those that changed; files that a change cannot reach are missing. A step leads from a
 * file to one that imports it, or that names it (or a folder that contains it) by its path.
 */
export function reach(tree: Tree, changed: readonly string[]): Map<string, number> {
  const users = usersOf(tree);
  const distance = new Map<string, number>();
  let edge = new Set(changed);
  for (let steps = 0; edge.size > 0; steps++) {
    for (const path of edge) distance.set(path, steps);
    edge = new Set([...edge].flatMap((path) => users(path)).filter((path) => !distance.has(path)));
  }
  return distance;
}

/** For each file or folder, the files that depend on it. */
function usersOf(tree: Tree): (path: string) => string[] {
  const users = new Map<string, string[]>();
  const add = (user: string, used: string): void => {
    if (user !== used) users.set(used, [...(users.get(used) ?? []), user]);
  };
  // A type is gone when the program runs: the compiler judges that change.
  for (const { from, to, typeOnly } of imports(tree)) if (!typeOnly) add(from, to);
  const folders = new Set([...tree.keys()].flatMap(foldersOf));
  for (const [path, text] of tree) {
    if (PLANTED.test(path)) continue;
    for (const named of namedIn(path, text)) {
      if (tree.has(named) || (folders.has(named) && !LISTED.has(named))) add(path, named);
    }
  }
  return (path) => [path, ...foldersOf(path)].flatMap((place) => users.get(place) ?? []);
}

/** The folders that hold a path, but for the root. */
function foldersOf(path: string): string[] {
  const parts = path.split("/").slice(0, -1);
  return parts.map((_, depth) => parts.slice(0, depth + 1).join("/"));
}

/** The paths that the strings of a source can mean: from the root, or from the source's folder. */
function namedIn(path: string, text: string): Set<string> {
  const found = new Set<string>();
  for (const { text: string } of texts(path, text)) {
    if (!/^[\w@.][\w@./-]*$/.test(string)) continue;
    const named = string.replace(/\/$/, "");
    found.add(posix.normalize(named));
    found.add(posix.join(posix.dirname(path), named));
  }
  return found;
}
