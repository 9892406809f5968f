/** The loader of TypeScript: what it keeps is used, never out of date, and never needed. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, it } from "node:test";
import { ROOT } from "../../tools/check/tree.ts";

const SOURCE = `interface Told {\n  readonly text: string;\n}\n\nconst told: Told = { text: "one" };\nconsole.log(told.text);\n`;

let tree: string;

/** Write a module, `path` from the tree, and run it; return its output, and the error. */
function run(path: string, text?: string): { stdout: string; stderr: string } {
  if (text !== undefined) writeFileSync(join(tree, path), text);
  const args = ["--import", "./tools/load.mjs", path];
  const { stdout, stderr } = spawnSync(process.execPath, args, { cwd: tree, encoding: "utf8" });
  return { stdout, stderr };
}

/** The file that the loader keeps of a module. */
function kept(path: string): string {
  return join(tree, "build", "js", path);
}

before(() => {
  const folder = mkdtempSync(join(tmpdir(), "signet-load-"));
  tree = join(folder, "tree");
  mkdirSync(join(tree, "tools"), { recursive: true });
  for (const file of ["load.mjs", "load_hooks.mjs"]) copyFileSync(join(ROOT, "tools", file), join(tree, "tools", file));
  symlinkSync(join(ROOT, "node_modules"), join(tree, "node_modules"));
});
after(() => rmSync(join(tree, ".."), { recursive: true }));

it("loads what it kept, and transforms an edited module again", () => {
  assert.equal(run("tools/a.ts", SOURCE).stdout, "one\n");
  const text = readFileSync(kept("tools/a.ts"), "utf8");
  writeFileSync(kept("tools/a.ts"), text.replace('"one"', '"kept"'));
  assert.equal(run("tools/a.ts").stdout, "kept\n");
  assert.equal(run("tools/a.ts", SOURCE.replace('"one"', '"two"')).stdout, "two\n");
  assert.equal(run("tools/a.ts", SOURCE).stdout, "one\n");
});

it("does not load a kept file that is cut off", () => {
  run("tools/a.ts", SOURCE);
  const text = readFileSync(kept("tools/a.ts"), "utf8");
  writeFileSync(kept("tools/a.ts"), text.slice(0, text.indexOf("console")));
  assert.equal(run("tools/a.ts").stdout, "one\n");
  assert.equal(readFileSync(kept("tools/a.ts"), "utf8"), text);
});

it("names the line of the TypeScript in a stack trace, first and kept", () => {
  const thrower = `${SOURCE}throw new Error("here");\n`;
  for (const text of [thrower, undefined]) assert.match(run("tools/b.ts", text).stderr, /tree\/tools\/b\.ts:7:7/);
});

it("loads a module of another folder, and any module if it can keep none", () => {
  assert.equal(run("../c.mts", SOURCE).stdout, "one\n");
  rmSync(join(tree, "build"), { recursive: true });
  writeFileSync(join(tree, "build"), "no folder");
  assert.equal(run("tools/a.ts", SOURCE).stdout, "one\n");
});
