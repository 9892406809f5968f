// weight: 33 s, 0.6 cores
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { readTree, ROOT } from "../../tools/check/tree.ts";
import { type Manner, run, type Outcome } from "../../tools/test/run.ts";
import { nearest, processorOf } from "../../tools/test/nearest.ts";
import { changedSince, reach } from "../../tools/test/reach.ts";
import { schedule } from "../../tools/test/schedule.ts";
import { stepsTo, suites, weightOf, type Weight } from "../../tools/test/suites.ts";

/** Suites with known ends, written where their imports resolve. */
const FOLDER = join("build", "runner-suites");
const SUITES: Record<string, string> = {
  pass: `import { describe, it } from "node:test"; describe("group", () => { it("one", () => {}); it("two", () => {}); });`,
  fail: `import { describe, it } from "node:test"; describe("group", () => { it("one", () => {}); it("two", () => { throw new Error("planted"); }); });`,
  skip: `import { it } from "node:test"; it("one", () => {}); it("two", { skip: "no such thing here" }, () => {});`,
  silent: `import { it } from "node:test"; it("one", () => {}); it("two", { skip: true }, () => {});`,
  hang: `import { it } from "node:test"; it("one", () => {}); it("two", async () => { setInterval(() => {}, 1000); await new Promise(() => {}); });`,
  busy: `import { execFileSync } from "node:child_process"; import { it } from "node:test"; it("one", () => { execFileSync(process.execPath, ["-e", "while (process.cpuUsage().user < 1e6);"]); });`,
  crash: `import { it } from "node:test"; it("one", () => {}); process.nextTick(() => process.abort());`,
  late: `import { it } from "node:test"; it("one", () => {}); setTimeout(() => process.exit(3), 300);`,
  empty: `export {};`,
  broken: `import "./not-there.ts";`,
};

/** Two as-pect suites for one module: one passes, one does not. */
const UNITS: Record<string, string> = {
  good: `describe("good", () => { it("adds", () => { expect(1 + 1).toBe(2); }); });`,
  bad: `describe("bad", () => { it("adds", () => { expect(1 + 1).toBe(3); }); it("traps", () => { unreachable(); }); it("runs after a trap", () => { expect(1).toBe(1); }); });`,
};

async function outcome(test: string, { timeoutS = 60, name }: Partial<Manner> = {}): Promise<Outcome> {
  const path = join(FOLDER, `${test}.test.ts`);
  return run({ path, kind: "node", files: [path], seconds: 1, cores: 1 }, { timeoutS, name });
}

describe("runner", () => {
  before(() => {
    mkdirSync(join(ROOT, FOLDER), { recursive: true });
    for (const [name, text] of Object.entries(SUITES)) writeFileSync(join(ROOT, FOLDER, `${name}.test.ts`), text);
    for (const [name, text] of Object.entries(UNITS)) writeFileSync(join(ROOT, FOLDER, `${name}.spec.ts`), text);
  });
  after(() => rmSync(join(ROOT, FOLDER), { recursive: true }));

  it("counts what passed", async () => {
    const { passed, failures, skips } = await outcome("pass");
    assert.deepEqual({ passed, failures, skips }, { passed: 2, failures: [], skips: [] });
  });

  it("reports failures and their reasons", async () => {
    const { passed, failures } = await outcome("fail");
    assert.equal(passed, 1);
    assert.deepEqual(
      failures.map(({ name }) => name),
      ["group > two"],
    );
    assert.match(failures[0]!.reason, /planted/);
  });

  it("reports the reason of a skip", async () => {
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

  it("ends a suite that hangs, and names the test", async () => {
    const { passed, failures } = await outcome("hang", { timeoutS: 5 });
    assert.equal(passed, 1);
    assert.equal(failures[0]!.name, "two");
    assert.match(failures[0]!.reason, /longer than 5 s/);
  });

  it("measures the processor time of a suite and of its children", async () => {
    const { processorS } = await outcome("busy");
    assert.ok(processorS! >= 1 && processorS! < 30, `${processorS}`);
  });

  for (const name of ["crash", "late", "broken"]) {
    it(`fails a suite that ends with an error: ${name}`, async () => {
      assert.equal((await outcome(name)).failures.length, 1);
    });
  }

  it("fails a suite without a test", async () => {
    assert.match((await outcome("empty")).failures[0]!.reason, /ran no test/);
  });

  it("runs one test by its name, and lists no other", async () => {
    const { passed, failures, skips } = await outcome("fail", { name: "group > one" });
    assert.deepEqual({ passed, failures, skips }, { passed: 1, failures: [], skips: [] });
    assert.equal((await outcome("fail", { name: "two" })).failures[0]!.name, "group > two");
    assert.equal((await outcome("fail", { name: "(.*" })).passed, 0);
  });

  it("compiles the unit tests of several files into one module, and names the file of a failure", async () => {
    const files = Object.keys(UNITS).map((name) => join(FOLDER, `${name}.spec.ts`));
    const suite = { path: FOLDER, kind: "as-pect", files, seconds: 1, cores: 1 } as const;
    const { passed, failures } = await run(suite, { timeoutS: 60 });
    assert.equal(passed, 2);
    assert.deepEqual(
      failures.map(({ name }) => name),
      ["adds", "traps"].map((name) => `${files[1]}: bad > ${name}`),
    );
    assert.match(failures[0]!.reason, /actual: 2\nexpected: 3/);
    const one = await run(suite, { timeoutS: 60, name: "good" });
    assert.deepEqual([one.passed, one.failures.length], [1, 0]);
  });
});

describe("schedule", () => {
  /** Run items on a clock of its own; each starts and ends at the second noted. */
  async function noted(items: readonly (Weight & { name: string })[], cores: number): Promise<string[]> {
    const notes: string[] = [];
    const ends: { at: number; end: () => void }[] = [];
    let now = 0;
    const all = schedule(items, cores, async ({ name, seconds }) => {
      notes.push(`${now} ${name}`);
      await new Promise<void>((end) => ends.push({ at: now + seconds, end }));
    });
    const isOver = (): Promise<boolean> =>
      Promise.race([all.then(() => true), new Promise<boolean>((on) => setImmediate(() => on(false)))]);
    while (!(await isOver())) {
      const next = ends.toSorted((a, b) => a.at - b.at)[0];
      if (next) {
        now = next.at;
        ends.splice(ends.indexOf(next), 1);
        next.end();
      }
    }
    return notes;
  }

  it("keeps the cores busy: a waiting item runs beside a computing one", async () => {
    const items = [
      { name: "long", seconds: 10, cores: 1 },
      { name: "wide", seconds: 8, cores: 1.5 },
      { name: "waits", seconds: 6, cores: 0.5 },
      { name: "short", seconds: 4, cores: 1 },
    ];
    assert.deepEqual(await noted(items, 2), ["0 long", "0 waits", "6 short", "10 wide"]);
  });

  it("runs an item that needs more than all cores alone", async () => {
    const items = [
      { name: "wide", seconds: 8, cores: 3 },
      { name: "one", seconds: 2, cores: 1 },
    ];
    assert.deepEqual(await noted(items, 2), ["0 wide", "8 one"]);
  });

  it("runs at most two items for each core, however little they compute", async () => {
    const items = Array.from({ length: 9 }, (_, at) => ({ name: String(at), seconds: 5, cores: 0.1 }));
    assert.equal((await noted(items, 2)).filter((note) => note.startsWith("0 ")).length, 4);
  });

  it("reads the weight of a suite, and takes a suite without one for short", () => {
    assert.deepEqual(weightOf("// weight: 40 s, 0.5 cores\n/** A suite. */"), { seconds: 40, cores: 0.5 });
    assert.deepEqual(weightOf("/** A suite. */\n// weight: 7 s, 1 core\n"), { seconds: 7, cores: 1 });
    assert.ok(weightOf("/** A suite. */").seconds < 10);
  });
});

describe("reach of a change", () => {
  const tree = new Map(
    Object.entries({
      "assembly/lib/bytes.ts": "export function copy(): void {}",
      "assembly/main.ts": `import { copy } from "./lib/bytes";`,
      "boards/common/trap.c": "",
      "tools/firmware/build.ts": `const entry = "assembly/main.ts"; filesBelow("boards/common");`,
      "tools/wire/cbor.ts": `import type { Kind } from "./kind.ts"; export const one = 1;`,
      "tools/wire/kind.ts": "export type Kind = 1;",
      "tools/cli/x.ts": `const { one } = await import("../wire/cbor.ts");`,
      "tests/wire/cbor.test.ts": `import { one } from "../../tools/wire/cbor.ts"; // not "assembly/main.ts"`,
      "tests/qemu/boot.test.ts": `import { build } from "../../tools/firmware/build.ts"; join(ROOT, "tools", "cli", "x.ts");`,
      "tests/qemu/part.test.ts": `new URL("./part.c", import.meta.url);`,
      "tests/qemu/part.c": "",
      "tests/qemu/folder.test.ts": `join(here, "parts");`,
      "tests/qemu/parts/one.c": "",
    }),
  );
  const reached = (...changed: string[]): string[] =>
    [...reach(tree, changed).keys()].filter((path) => path.endsWith(".test.ts")).toSorted();

  it("follows imports, also in AssemblyScript, and imports at run time", () => {
    assert.deepEqual(reached("tools/wire/cbor.ts"), ["tests/qemu/boot.test.ts", "tests/wire/cbor.test.ts"]);
    assert.equal(reach(tree, ["assembly/lib/bytes.ts"]).get("tests/qemu/boot.test.ts"), 3);
  });

  it("follows paths in strings: of files, of folders, joined from pieces, and beside the source", () => {
    assert.deepEqual(reached("assembly/main.ts"), ["tests/qemu/boot.test.ts"]);
    assert.deepEqual(reached("boards/common/trap.c"), ["tests/qemu/boot.test.ts"]);
    assert.deepEqual(reached("tools/cli/x.ts"), ["tests/qemu/boot.test.ts"]);
    assert.deepEqual(reached("tests/qemu/part.c"), ["tests/qemu/part.test.ts"]);
    assert.deepEqual(reached("tests/qemu/parts/one.c"), ["tests/qemu/folder.test.ts"]);
  });

  it("does not follow types, comments and unused files", () => {
    assert.deepEqual(reached("tools/wire/kind.ts"), []);
    assert.deepEqual(reached("README.md"), []);
  });

  it("finds the edited, added and removed files of a repository since a commit", () => {
    const folder = mkdtempSync(join(tmpdir(), "signet-changed-"));
    try {
      const git = (...args: string[]): void =>
        void execFileSync("git", ["-c", "user.name=x", "-c", "user.email=x@example.org", ...args], { cwd: folder });
      git("init", "-q");
      for (const name of ["kept", "edited", "removed"]) writeFileSync(join(folder, name), name);
      git("add", ".");
      git("commit", "-qm", "First");
      writeFileSync(join(folder, "edited"), "otherwise");
      rmSync(join(folder, "removed"));
      writeFileSync(join(folder, "added"), "");
      assert.deepEqual(changedSince("HEAD", folder).toSorted(), ["added", "edited", "removed"]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe("choice of suites for a change", () => {
  const named = (name: string, seconds: number, cores: number, steps: number) => ({ name, seconds, cores, steps });
  const choose = (items: readonly ReturnType<typeof named>[], withinS: number): string[] =>
    nearest(items, ({ steps }) => steps, withinS).map(({ name }) => name);

  it("takes the nearest suites first, within the processor time", () => {
    const items = [named("far", 10, 1, 9), named("near", 10, 1, 1), named("half", 20, 0.5, 2)];
    assert.deepEqual(choose(items, 20), ["near", "half"]);
    assert.deepEqual(choose(items, 30), ["far", "near", "half"]);
  });

  it("prefers cheap suites one step further, and leaves out a suite that is too long by itself", () => {
    const items = [named("dear", 50, 1, 1), named("cheap", 20, 1, 2), named("waits", 90, 0.1, 1)];
    assert.deepEqual(choose(items, 60), ["cheap"]);
    assert.deepEqual(choose(items, 90), ["dear", "cheap", "waits"]);
  });

  const tree = readTree();
  for (const [path, ...expected] of [
    ["assembly/crypto/sha256.ts", "tests/unit", "tests/vectors/random.test.ts", "tests/vectors/wycheproof.test.ts"],
    ["assembly/device/life.ts", "tests/flow/stream.test.ts", "tests/power/progress.test.ts"],
    ["tools/server/mqtt.ts", "tests/server/mqtt.test.ts", "tests/server/startup.test.ts"],
    ["boards/chips/nrf5/uart.c", "tests/registers/errata.test.ts", "tests/tls/elf.qemu.test.ts"],
  ] as const)
    it(`fits a minute of processor for an edit of ${path}, with the suites that test it`, () => {
      const distance = reach(tree, [path]);
      const all = suites((file) => distance.has(file));
      const taken = nearest(all, (suite) => stepsTo(suite, distance), 60);
      for (const suite of expected)
        assert.ok(
          taken.some((one) => one.path === suite),
          `without ${suite}`,
        );
      assert.ok(processorOf(taken) <= 60 && taken.length < all.length, `${processorOf(taken)} s`);
    });
});
