// @ts-check
/**
 * Hooks of Node's module loader: TypeScript becomes JavaScript, and the result is kept in `build/js/`, so that a later process with the
 * same source transforms nothing. Types are removed and not checked: `npm run check` checks them.
 */
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));

/** @type {import("esbuild").TransformOptions} */
const OPTIONS = {
  loader: "ts",
  format: "esm",
  target: "node20",
  sourcemap: "inline",
  sourcesContent: false,
  tsconfigRaw: { compilerOptions: { target: "es2023", verbatimModuleSyntax: true } },
};

const required = createRequire(import.meta.url);

/** Decides the output beside the source: the options, and the version of the program that transforms. */
const WAYS = JSON.stringify(OPTIONS) + required("esbuild/package.json").version;

/**
 * Load TypeScript as a module; leave all else to Node.
 * @type {import("node:module").LoadHook}
 */
export async function load(url, context, next) {
  const { protocol, pathname } = new URL(url);
  if (protocol !== "file:" || !/\.m?ts$/.test(pathname)) return next(url, context);
  const path = fileURLToPath(new URL(url));
  return { format: "module", source: await javascript(path, readFileSync(path, "utf8")), shortCircuit: true };
}

/**
 * Return the JavaScript of a source: the kept one if its last line has the hash of this source. The place of a source outside the tree is
 * its hash, below `elsewhere`.
 * @param {string} path
 * @param {string} text
 */
async function javascript(path, text) {
  const hash = createHash("sha256").update(WAYS).update("\0").update(text).digest("hex");
  const below = relative(ROOT, path);
  const kept = join(ROOT, "build", "js", below.startsWith("..") ? join("elsewhere", hash) : below);
  const line = `//${hash}\n`;
  try {
    const found = readFileSync(kept, "utf8");
    if (found.endsWith(line)) return found;
  } catch {
    // None is kept.
  }
  /** @type {typeof import("esbuild")} */
  const esbuild = required("esbuild");
  const { code } = await esbuild.transform(text, { ...OPTIONS, sourcefile: basename(path) });
  keep(kept, code + line);
  return code;
}

/**
 * Write a file as a whole, as another process may read it now. Without the right to write, each process transforms for itself.
 * @param {string} path
 * @param {string} text
 */
function keep(path, text) {
  const making = `${path}.${process.pid}`;
  try {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(making, text);
    renameSync(making, path);
  } catch {
    // It is a cache.
  }
}
