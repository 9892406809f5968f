import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** The repository's root, as a path without a slash at its end. */
export const ROOT = fileURLToPath(new URL("../..", import.meta.url)).replace(/\/$/, "");

/** A tree of sources: path from the root to text. Rules see nothing else, so a test can plant a violation in memory. */
export type Tree = ReadonlyMap<string, string>;

/** One thing that is wrong, and where. */
export interface Finding {
  readonly path: string;
  /** From 1; 0 if it is about the whole file or folder. */
  readonly line: number;
  readonly message: string;
}

/** A rule of the design as a function. */
export interface Rule {
  readonly name: string;
  find(tree: Tree): Finding[];
}

const BINARY = /\.(png|jpg|ico|woff2?|elf|bin|gz|wasm)$/;

/** List the existing paths that git tracks or would add. */
export function paths(root: string = ROOT): string[] {
  const listed = execFileSync(
    "git",
    ["ls-files", "-z", "--cached", "--others", "--exclude-standard", "--deduplicate"],
    {
      cwd: root,
      encoding: "utf8",
      maxBuffer: 1 << 26,
    },
  );
  const deleted = new Set(
    execFileSync("git", ["ls-files", "-z", "--deleted"], { cwd: root, encoding: "utf8" }).split("\0"),
  );
  return listed.split("\0").filter((path) => path !== "" && path !== "node_modules" && !deleted.has(path));
}

/** Read the working tree. */
export function readTree(root: string = ROOT): Tree {
  const texts = paths(root).filter((path) => !BINARY.test(path));
  return new Map(texts.map((path) => [path, readFileSync(join(root, path), "utf8")]));
}

/** True if a path holds AssemblyScript rather than TypeScript. */
export function isAssembly(path: string): boolean {
  return /^(assembly|tests\/unit|boards\/library\/app)\/.*\.ts$|^(tests|boards)\/.*\/(guest|probe)[^/]*\.ts$|^tools\/firmware\/guest_(end|tls)\.ts$/.test(
    path,
  );
}

/** True if a path holds TypeScript that Node runs. */
export function isHost(path: string): boolean {
  return /^(tools|tests|boards)\/.*\.(ts|mts|mjs|js)$/.test(path) && !isAssembly(path);
}

/** The line, from 1, of an offset in a text. */
export function lineAt(text: string, offset: number): number {
  let line = 1;
  for (let at = text.indexOf("\n"); at !== -1 && at < offset; at = text.indexOf("\n", at + 1)) line++;
  return line;
}

/** Every match of a pattern (with the g flag), with its line. */
export function* matches(text: string, pattern: RegExp): Generator<{ line: number; match: RegExpMatchArray }> {
  for (const match of text.matchAll(pattern)) yield { line: lineAt(text, match.index), match };
}
