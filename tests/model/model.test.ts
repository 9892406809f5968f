// weight: 34 s, 1 core
/**
 * The model of the protocol, checked by spin. The tables in the model's README are the variants that run here: what must hold is found to
 * hold, with the number of states that the README gives, and each fault is found.
 */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { copyFileSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { FULL } from "../full.ts";

const FOLDER = "assembly/identity/model";
/** `pan` ends by itself above this, in MB. */
const MEMORY_MB = 4_000;

/** The output of `pan` when a property of the README is violated. */
const VIOLATED: Readonly<Record<string, RegExp>> = {
  "(a)": /assertion violated .*dev\[1\]\.phase!=0/,
  "(c)": /assertion violated .*cloneReported/,
  "(d)": /assertion violated .*enrols</,
};

/** A row of a table of the README: a name, its bounds in backquotes, and the number of states or the property that is violated. */
interface Row {
  readonly name: string;
  readonly bounds: readonly string[];
  readonly result: string;
}

/** Read the rows of the table under a heading. */
function rows(heading: string): Row[] {
  const section = readFileSync(join(FOLDER, "README.md"), "utf8").split(`## ${heading}\n`)[1]?.split("\n## ")[0] ?? "";
  const found = section.matchAll(/^\| ([^|]+?) +\| `([A-Z_= \d]+)` +\| ([^|]+?) +\|/gm);
  return [...found].map(([, name, bounds, result]) => ({ name: name!, bounds: bounds!.split(" "), result: result! }));
}

function run(folder: string, command: string, args: readonly string[]): string {
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd: folder, encoding: "utf8" });
  assert.ifError(error);
  assert.equal(status, 0, `${command} ${args.join(" ")}: ${stdout}${stderr}`);
  return stdout;
}

/**
 * Check the model within bounds; returns what `pan` prints. A search that ends at a fault is shorter than the optimization of `pan`:
 * the caller names the level.
 */
function check(bounds: readonly string[], level: "-O0" | "-O1"): string {
  const folder = mkdtempSync(join(tmpdir(), "signet-model-"));
  try {
    copyFileSync(join(FOLDER, "protocol.pml"), join(folder, "protocol.pml"));
    run(folder, "spin", ["-a", ...bounds.map((bound) => `-D${bound}`), "protocol.pml"]);
    run(folder, "gcc", [level, "-w", "-DSAFETY", "-DCOLLAPSE", `-DMEMLIM=${MEMORY_MB}`, "-o", "pan", "pan.c"]);
    return run(folder, "./pan", ["-m10000", "-w22", "-n"]);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Hold a variant to its row: the search is complete, finds no error, and stores as many states as the row says. */
function holds({ bounds, result }: Row): void {
  const said = check(bounds, "-O1");
  assert.match(said, /errors: 0$/m, said);
  assert.doesNotMatch(said, /search depth too small|out of memory|MEMLIM/, said);
  assert.equal(/^ *(\d+) states, stored$/m.exec(said)?.[1], result.replaceAll(",", ""), said);
}

describe("the protocol's model", () => {
  const [variants, wide, faults] = [rows("What holds"), rows("Wider bounds"), rows("What each fault breaks")];

  it("has a row for each variant and each fault in its README", () => {
    assert.deepEqual([variants.length, wide.length, faults.length], [8, 8, 7]);
  });

  for (const row of FULL ? [...variants, ...wide] : variants)
    it(`holds: ${row.name} (${row.bounds.join(" ")})`, () => holds(row));

  for (const { name, bounds, result } of faults) {
    it(`finds the fault: ${name}`, () => {
      const said = check(bounds, "-O0");
      assert.match(said, VIOLATED[result] ?? assert.fail(`no property ${result}`), said);
    });
  }
});
