// weight: 45 s, 1 core
/** The npm package as its user has it: in a folder of its own, with the packages that it names and no others. */
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { after, before, describe, it } from "node:test";
import ts from "typescript";
import { ROOT } from "../../tools/check/tree.ts";
import { pack, type Packed } from "../../tools/package/pack.ts";
import { FULL } from "../full.ts";

interface Described {
  readonly dependencies: Readonly<Record<string, string>>;
  readonly peerDependencies: Readonly<Record<string, string>>;
}

const readme = readFileSync(join(ROOT, "tools/package/README.md"), "utf8");
/** Licences that let a product ship what they cover. */
const FREE = ["0BSD", "Apache-2.0", "BSD-3-Clause", "ISC", "MIT"];
const NAME = "my-device";

const folder = mkdtempSync(join(tmpdir(), "signet-package-"));
const project = join(folder, NAME);
const modules = join(folder, "node_modules");
let packed: Packed;
let described: Described;

/** Run a program there; its status and output. */
function run(cwd: string, program: string, ...args: string[]): { status: number | null; said: string } {
  const env = { ...process.env, NODE_TEST_CONTEXT: undefined, npm_config_loglevel: "error" };
  const { status, stdout, stderr } = spawnSync(program, args, { cwd, encoding: "utf8", env });
  return { status, said: stdout + stderr };
}

/** Run the package's CLI. */
function signet(cwd: string, ...args: string[]): ReturnType<typeof run> {
  return run(cwd, process.execPath, join(modules, "signet-mcu/tools/bootstrap.mjs"), ...args);
}

/** Make packages of the repository importable in the folder. */
function link(names: readonly string[]): void {
  for (const name of names) {
    mkdirSync(dirname(join(modules, name)), { recursive: true });
    symlinkSync(join(ROOT, "node_modules", name), join(modules, name));
  }
}

/** Put the project's packages in place, by npm or by links. */
function install(): void {
  if (!FULL) return link(Object.keys(described.peerDependencies));
  const path = join(project, "package.json");
  const text = readFileSync(path, "utf8").replace('"signet-mcu": "0.1.0"', `"signet-mcu": "file:${packed.file}"`);
  writeFileSync(path, text);
  assert.deepEqual(run(project, "npm", "install", "--no-audit", "--no-fund", "--silent"), { status: 0, said: "" });
}

before(async () => {
  packed = await pack(folder);
  mkdirSync(modules);
  assert.equal(
    run(folder, "tar", "xzf", packed.file, "-C", modules, "--transform", "s/^package/signet-mcu/").status,
    0,
  );
  described = JSON.parse(readFileSync(join(modules, "signet-mcu/package.json"), "utf8")) as Described;
  link(Object.keys(described.dependencies));
  mkdirSync(join(modules, ".bin"));
  symlinkSync("../signet-mcu/tools/bootstrap.mjs", join(modules, ".bin/signet-mcu"));
});
after(() => rmSync(folder, { recursive: true }));

describe("the npm package", () => {
  it("has compiled tools, the firmware's sources and no tests", () => {
    assert.match(basename(packed.file), /^signet-mcu-\d+\.\d+\.\d+\.tgz$/);
    const listed = run(folder, "tar", "tzf", packed.file).said.split("\n");
    for (const file of [
      "tools/signet.js",
      "assembly/main.ts",
      "boards/pico/board.js",
      "LICENSE",
      "LICENSES.md",
      "README.md",
    ])
      assert.ok(listed.includes(`package/${file}`), file);
    const foreign =
      /^package\/(tests|build|node_modules)\/|\.test\.ts$|^package\/tools\/(?!firmware\/guest_\w+\.ts|.*\.d\.ts).*\.ts$/;
    assert.deepEqual(
      listed.filter((path) => foreign.test(path)),
      [],
    );
    const [, kilobytes, files] = /has some (\d+) kB and (\d+) files/.exec(readme)!.map(Number);
    assert.ok(Math.abs(packed.bytes / 1000 / kilobytes! - 1) < 0.05, `${packed.bytes} bytes, not ${kilobytes} kB`);
    const count = listed.filter((path) => path !== "").length;
    assert.ok(Math.abs(count / files! - 1) < 0.05, `${count} files, not ${files}`);
  });

  it("lists the licence of each dependency, all of them permissive", () => {
    const rows = readFileSync(join(modules, "signet-mcu/LICENSES.md"), "utf8").matchAll(
      /^\| (\S+) \| \d\S* \| (.+) \|$/gm,
    );
    const licences = new Map([...rows].map(([, name, licence]) => [name!, licence!]));
    for (const name of [...Object.keys(described.dependencies), ...Object.keys(described.peerDependencies)])
      assert.ok(licences.has(name), name);
    assert.deepEqual([...new Set(licences.values())].toSorted(), FREE);
    const [, stated] = /`LICENSES\.md` .*: (.+)\.$/m.exec(readme)!;
    assert.deepEqual(stated!.split(", ").toSorted(), FREE);
  });

  it("runs a server without the packages of firmware", async () => {
    const cli = join(modules, "signet-mcu/tools/signet.js");
    const server = spawn(process.execPath, [cli, "server", "--port", "0"], { cwd: folder });
    const url = await new Promise<string>((resolve, reject) => {
      let said = "";
      server.stdout.on("data", (bytes: Buffer) => {
        said += bytes.toString();
        const found = /listening on (\S+),[\s\S]*may sign up/.exec(said)?.[1];
        if (found) resolve(found);
      });
      server.on("close", () => reject(new Error(said)));
    });
    assert.equal(await (await fetch(`${url}/readyz`)).text(), "ready");
    assert.match(await (await fetch(`${url}/page/fields.js`)).text(), /temperature/);
    server.kill("SIGTERM");
    await new Promise((resolve) => server.on("exit", resolve));
  });

  it("names the package that a build lacks", () => {
    const { status, said } = signet(folder, "build", "--board", "mps2-an386");
    assert.equal(status, 1);
    assert.match(said, /^error: .*assemblyscript[\s\S]*hint: npm install --save-dev assemblyscript/m);
  });
});

describe("a project of one's own", () => {
  it("is written from a template, and nothing is overwritten", () => {
    const { status, said } = signet(folder, "new", NAME);
    assert.equal(status, 0, said);
    for (const [, file] of said.matchAll(/^ {2}(\S+)$/gm)) assert.ok(existsSync(join(folder, file!)), file);
    assert.match(readFileSync(join(project, "app/fields.ts"), "utf8"), /export const TEMPERATURE_PER: i32 = 1000;/);
    const again = signet(folder, "new", NAME);
    assert.equal(again.status, 1);
    assert.match(again.said, /^error: my-device is not empty\nhint: /);
    assert.match(signet(folder, "new", "My Device").said, /^error: "My Device" is not a valid product name\nhint: /);
    assert.match(signet(folder, "new", "other", "--like", "none").said, /^error: there is no board "none"\nhint: /);
  });

  it("passes its test, and fails it after a wrong change", () => {
    install();
    const passed = run(project, "npm", "test");
    assert.equal(passed.status, 0, passed.said);
    const path = join(project, "test/reading.test.js");
    const text = readFileSync(path, "utf8");
    writeFileSync(path, text.replace("21_500", "22_500"));
    const failed = run(project, "npm", "test");
    assert.notEqual(failed.status, 0);
    assert.match(failed.said, /22\.5/);
    writeFileSync(path, text);
  });

  it("has a board whose data agree with the types", () => {
    const options = {
      module: ts.ModuleKind.NodeNext,
      strict: true,
      noEmit: true,
      types: [],
      target: ts.ScriptTarget.ES2023,
    };
    const program = ts.createProgram([join(project, `boards/${NAME}/board.ts`)], options);
    assert.deepEqual(
      ts.getPreEmitDiagnostics(program).map(({ messageText }) => messageText),
      [],
    );
  });

  it("is linked for its own board", () => {
    const { status, said } = run(project, "npm", "run", "build");
    assert.equal(status, 0, said);
    assert.match(said, /build\/my-device\/my-device\/signet\.elf: flash \d+ of/);
    assert.ok(readFileSync(join(project, "build/my-device/my-device/signet.elf")).includes(NAME));
  });

  it("runs in QEMU, and is exported", { skip: !FULL && "SIGNET_FULL runs it" }, () => {
    const started = run(project, "npm", "start", "--", "--once");
    assert.equal(started.status, 0, started.said);
    assert.match(started.said, /demo ok: 1 device/);
    const exported = run(project, "npx", "signet-mcu", "export", "--core", "cortex-m3", "--out", "c");
    assert.equal(exported.status, 0, exported.said);
    assert.equal(run(join(project, "c"), "sha256sum", "--quiet", "-c", "MANIFEST.sha256").status, 0);
  });
});
