import assert from "node:assert/strict";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { ROOT } from "../../tools/check/tree.ts";
import { run, type Outcome } from "../../tools/test/run.ts";

/** Suites with known ends, written where their imports resolve. */
const FOLDER = join("build", "runner-suites");
const SUITES: Record<string, string> = {
  pass: `import { describe, it } from "node:test"; describe("group", () => { it("one", () => {}); it("two", () => {}); });`,
  fail: `import { describe, it } from "node:test"; describe("group", () => { it("one", () => {}); it("two", () => { throw new Error("planted"); }); });`,
  skip: `import { it } from "node:test"; it("one", () => {}); it("two", { skip: "no such thing here" }, () => {});`,
  silent: `import { it } from "node:test"; it("one", () => {}); it("two", { skip: true }, () => {});`,
  hang: `import { it } from "node:test"; it("one", () => {}); it("two", async () => { setInterval(() => {}, 1000); await new Promise(() => {}); });`,
  crash: `import { it } from "node:test"; it("one", () => {}); process.nextTick(() => process.abort());`,
  late: `import { it } from "node:test"; it("one", () => {}); setTimeout(() => process.exit(3), 300);`,
  empty: `export {};`,
  broken: `import "./not-there.ts";`,
};

async function outcome(name: string, timeoutS = 60): Promise<Outcome> {
  const path = join(FOLDER, `${name}.test.ts`);
  return run({ path, kind: "node", files: [path], alone: false }, timeoutS);
}

describe("runner", () => {
  before(() => {
    mkdirSync(join(ROOT, FOLDER), { recursive: true });
    for (const [name, text] of Object.entries(SUITES)) writeFileSync(join(ROOT, FOLDER, `${name}.test.ts`), text);
  });
  after(() => rmSync(join(ROOT, FOLDER), { recursive: true }));

  it("counts what passed", async () => {
    const { passed, failures, skips } = await outcome("pass");
    assert.deepEqual({ passed, failures, skips }, { passed: 2, failures: [], skips: [] });
  });

  it("tells what failed, and why", async () => {
    const { passed, failures } = await outcome("fail");
    assert.equal(passed, 1);
    assert.deepEqual(
      failures.map(({ name }) => name),
      ["group > two"],
    );
    assert.match(failures[0]!.reason, /planted/);
  });

  it("tells why a test was skipped", async () => {
    const { passed, failures, skips } = await outcome("skip");
    assert.equal(passed, 1);
    assert.deepEqual(failures, []);
    assert.deepEqual(
      skips.map(({ name, reason }) => [name, reason]),
      [["two", "no such thing here"]],
    );
  });

  it("fails a skip without a reason", async () => {
    assert.match((await outcome("silent")).failures[0]!.reason, /without a reason/);
  });

  it("ends a suite that hangs", async () => {
    const { passed, failures } = await outcome("hang", 5);
    assert.equal(passed, 1);
    assert.match(failures[0]!.reason, /longer than 5 s/);
  });

  for (const name of ["crash", "late", "broken"]) {
    it(`fails a suite that ends with an error: ${name}`, async () => {
      assert.equal((await outcome(name)).failures.length, 1);
    });
  }

  it("fails a suite without a test", async () => {
    assert.match((await outcome("empty")).failures[0]!.reason, /ran no test/);
  });
});
