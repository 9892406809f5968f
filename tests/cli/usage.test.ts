// weight: 11 s, 1 core
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { ROOT } from "../../tools/check/tree.ts";
import * as keyFile from "../../tools/server/keys.ts";

/** Run Node with these arguments, where the program's TypeScript can be loaded, on a terminal of 80 columns. */
function node(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  const env = { ...process.env, COLUMNS: "80", NODE_TEST_CONTEXT: undefined };
  return spawnSync(process.execPath, ["--import", "./tools/load.mjs", ...args], { cwd: ROOT, encoding: "utf8", env });
}

/** Run the real program. */
function signet(...args: string[]): ReturnType<typeof node> {
  return node("tools/signet.ts", ...args);
}

/** Return the output of the real program for each list of arguments, all of them right: in one process, where each gets a program of its own. */
function printed(lists: readonly string[][]): string[] {
  const script = `for (const [i, list] of ${JSON.stringify(lists)}.entries()) {
    process.argv.splice(1, Infinity, "signet", ...list);
    await import("./tools/signet.ts?" + i);
    if (process.exitCode) throw new Error(list.join(" "));
    process.stdout.write("\\0");
  }`;
  const { status, stdout, stderr } = node("--input-type=module", "--eval", script);
  assert.equal(status, 0, stderr);
  return stdout.split("\0").slice(0, -1);
}

/** The groups that the usage lists, each with its verbs. */
function groups(): [group: string, verbs: string[]][] {
  const listed = signet("--help").stdout.matchAll(/^(\w+): .*\n {2}(.*)$/gm);
  return [...listed].map(([, group, verbs]) => [group!, verbs!.split(", ")]);
}

describe("usage", () => {
  it("fits a screen", () => {
    const { status, stdout } = signet("--help");
    const lines = stdout.trimEnd().split("\n");
    assert.equal(status, 0);
    assert.ok(lines.length <= 32, `${lines.length} lines`);
    assert.ok(lines.every((line) => line.length <= 80));
  });

  it("describes each verb of each group", () => {
    const all = groups();
    assert.ok(all.length >= 3);
    for (const [i, text] of printed(all.map(([group]) => ["help", group])).entries()) {
      assert.deepEqual(
        [...text.matchAll(/^ {2}(\w+) +\w.{10,}$/gm)].map(([, verb]) => verb),
        all[i]![1],
      );
      assert.ok(text.split("\n").every((line) => line.length <= 80));
    }
  });

  it("has a group for each file of a verb", () => {
    const files = readdirSync(join(ROOT, "tools/cli")).filter((name) =>
      /^(?!help|contribute|address|probe|progress|separate)\w+\.ts$/.test(name),
    );
    const verbs = groups().flatMap(([, names]) => names);
    assert.deepEqual(verbs.toSorted(), files.map((name) => name.replace(".ts", "")).toSorted());
  });

  it("fits a screen for each verb, and the list of quirks fits a second one", () => {
    const verbs = groups().flatMap(([, names]) => names);
    for (const [i, text] of printed(verbs.map((verb) => [verb, "--help"])).entries()) {
      assert.match(text, new RegExp(`^Usage: signet ${verbs[i]}`));
      for (const part of text.trimEnd().split("\n\nQuirks:")) assert.ok(part.split("\n").length <= 48, verbs[i]);
    }
  });

  /** The arguments that a verb for an existing database needs beside its name. */
  const NEEDED: Readonly<Record<string, readonly string[]>> = {
    archive: ["none.ndjson", "--before", "2026-01-01"],
    backup: ["none-copy.db"],
    checkpoint: ["none.json"],
    erase: ["ab".repeat(32), "--reason", "asked"],
    key: ["switch"],
    letters: ["list"],
    token: ["list"],
  };

  it("makes no database where a verb needs an existing one", (t) => {
    const verbs = groups().flatMap(([, names]) => names);
    const helps = printed(verbs.map((verb) => [verb, "--help"]));
    const makers = ["server", "restore"];
    const needing = verbs.filter((verb, i) => helps[i]!.includes("--database <where>") && !makers.includes(verb));
    assert.ok(needing.length >= 7);
    const folder = mkdtempSync(join(tmpdir(), "signet-usage-"));
    t.after(() => rmSync(folder, { recursive: true }));
    const [database, key] = [join(folder, "none.db"), join(folder, "server.key")];
    keyFile.load(key);
    keyFile.make(keyFile.nextFile(key));
    const files = readdirSync(folder);
    for (const verb of needing) {
      const { status, stderr } = signet(verb, ...(NEEDED[verb] ?? []), "--database", database, "--key", key);
      assert.match(stderr, /^error: .*none\.db does not exist\nhint: name the server's database/, verb);
      assert.equal(status, 1);
      assert.deepEqual(readdirSync(folder), files, verb);
    }
  });

  const wrong: [args: string[], error: RegExp, hint: RegExp][] = [
    [["chek"], /^error: unknown command 'chek'$/, /^hint: .*check/],
    [["help", "nothing"], /^error: there is no group nothing$/, /^hint: groups are: project, /],
    [["check", "nothing"], /^error: no part called nothing$/, /^hint: the parts are /],
    [["check", "--nothing"], /^error: unknown option '--nothing'$/, /^hint: .*signet check --help/],
    [["test", "--jobs", "none"], /^error: .*--jobs.*'none'/, /^hint: .*signet test --help/],
    [["test", "--name", ""], /^error: .*--name.*empty/, /^hint: .*signet test --help/],
    [["flash"], /^error: required option '--board <name>' not specified$/, /^hint: .*signet flash --help/],
    [["flash", "--board", "none"], /^error: there is no board "none"$/, /^hint: boards are: /],
    [["flash", "--board", "microbit", "--probe", "usb"], /^error: .*--probe.*'usb'/, /^hint: .*signet flash --help/],
    [["flash", "--board", "microbit", "--config", "none.json"], /^error: none\.json does not exist$/, /^hint: /],
    [["emulate", "--board", "mps2-an386", "--gdb", "here"], /^error: .*--gdb.*'here'/, /^hint: /],
    [["console", "/dev/none"], /^error: cannot open \/dev\/none/, /^hint: check the path/],
    [["inspect", "none.bin"], /^error: none\.bin does not exist$/, /^hint: /],
    [["test", "no-such-suite"], /^error: no suite has the name no-such-suite$/, /^hint: .*--list/],
  ];
  for (const [args, error, hint] of wrong) {
    it(`of \`signet ${args.join(" ")}\` is told in two lines`, () => {
      const { status, stdout, stderr } = signet(...args);
      const lines = stderr.trimEnd().split("\n");
      assert.equal(status, 1);
      assert.equal(stdout, "");
      assert.equal(lines.length, 2, stderr);
      assert.match(lines[0]!, error);
      assert.match(lines[1]!, hint);
    });
  }
});
