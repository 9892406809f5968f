import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, describe, it } from "node:test";
import { ROOT } from "../../tools/check/tree.ts";

/** A machine of ours: a clone with the bootstrap in it, and a PATH that holds nothing but what a test puts there. */
let machine: string;
let bin: string;

/** Put a shell script on the machine's PATH. */
function program(name: string, script: string): void {
  writeFileSync(join(bin, name), `#!/bin/sh\n${script}\n`);
  chmodSync(join(bin, name), 0o755);
}

/** Put programs there that do nothing. */
function idle(...names: string[]): void {
  for (const name of names) program(name, "exit 0");
}

/** Run `signet build` on the machine; as another user, if a test needs one without root. */
function bootstrap(as?: number): { status: number | null; stdout: string; lines: string[] } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(machine, "tools", "bootstrap.mjs"), "build"], {
    env: { PATH: bin, CALLS: join(machine, "calls") },
    encoding: "utf8",
    uid: as,
  });
  return { status, stdout, lines: stderr.trim().split("\n") };
}

/** Return the calls of the machine's apt-get and npm. */
function calls(): string {
  return readFileSync(join(machine, "calls"), "utf8");
}

/** Note that the machine has the packages that its lock file names. */
function installed(): void {
  mkdirSync(join(machine, "node_modules"));
  symlinkSync(join(ROOT, "node_modules", "esbuild"), join(machine, "node_modules", "esbuild"));
  copyFileSync(join(machine, "package-lock.json"), join(machine, "node_modules", ".package-lock.json"));
}

describe("bootstrap", () => {
  before(() => {
    machine = mkdtempSync(join(tmpdir(), "signet-machine-"));
    bin = join(machine, "bin");
    mkdirSync(bin);
    chmodSync(machine, 0o755);
    mkdirSync(join(machine, "tools"));
    for (const file of ["bootstrap.mjs", "packages.mjs", "load.mjs", "load_hooks.mjs"])
      copyFileSync(join(ROOT, "tools", file), join(machine, "tools", file));
    writeFileSync(join(machine, "tools", "signet.ts"), `console.log("handed over:", ...process.argv.slice(2));`);
    const packages = {
      "": {},
      "node_modules/thing": { version: "1.2.3" },
      "node_modules/other": { version: "1.0.0", optional: true },
    };
    writeFileSync(join(machine, "package-lock.json"), JSON.stringify({ packages }));
    writeFileSync(join(machine, "calls"), "");
    chmodSync(join(machine, "calls"), 0o666);
  });
  after(() => rmSync(machine, { recursive: true }));

  it("without apt-get names the packages and ends", () => {
    const { status, lines } = bootstrap();
    assert.equal(status, 1);
    assert.match(lines.at(-2)!, /^error: .*apt-get is not available.*arm-none-eabi-gcc/);
    assert.match(lines.at(-1)!, /^hint: .*gcc-arm-none-eabi/);
  });

  it(
    "without root and sudo prints the command and ends",
    { skip: process.getuid?.() !== 0 && "needs root, to become nobody" },
    () => {
      program("apt-get", "exit 99");
      const { status, lines } = bootstrap(65534);
      assert.equal(status, 1);
      assert.match(lines.at(-2)!, /^error: .*neither root nor sudo/);
      assert.match(lines.at(-1)!, /^hint: as root: apt-get install .*gcc-arm-none-eabi/);
    },
  );

  it("reports that sudo wants a password", { skip: process.getuid?.() !== 0 && "needs root, to become nobody" }, () => {
    program("sudo", "echo 'sudo: a password is required' >&2; exit 1");
    const { status, lines } = bootstrap(65534);
    assert.equal(status, 1);
    assert.match(lines.at(-2)!, /^error: .*sudo needs a password/);
    assert.match(lines.at(-1)!, /^hint: .*sudo -v/);
  });

  for (const [said, told] of [
    ["Temporary failure resolving 'mirror'", /^error: .*network cannot be reached/],
    ["You don't have enough free space in /var/cache/apt/archives/.", /^error: .*disk is full/],
    ["E: Could not get lock /var/lib/dpkg/lock-frontend", /^error: .*another apt/],
    ["E: something nobody thought of", /^error: .*ended with code 100/],
  ] as const) {
    it(
      `names the fault when apt-get prints: ${said}`,
      { skip: process.getuid?.() !== 0 && "needs root, not to be asked for a password" },
      () => {
        program("apt-get", `echo "${said}" >&2; exit 100`);
        const { status, lines } = bootstrap();
        assert.equal(status, 1);
        assert.match(lines.at(-2)!, told);
        assert.match(lines.at(-1)!, /^hint: /);
      },
    );
  }

  it(
    "reports installed programs that are not found",
    { skip: process.getuid?.() !== 0 && "needs root, not to be asked for a password" },
    () => {
      program("apt-get", "exit 0");
      assert.match(bootstrap().lines.at(-2)!, /^error: installed, but not found: .*arm-none-eabi-gcc/);
    },
  );

  it(
    "installs missing packages by name",
    { skip: noNewlib() || (process.getuid?.() !== 0 && "needs root, not to be asked for a password") },
    () => {
      program("apt-get", `echo "$@" >> "$CALLS"; exit 0`);
      bootstrap();
      assert.match(calls(), /update\n.*install -y --no-install-recommends .*gcc-arm-none-eabi/);
      assert.doesNotMatch(calls(), /libnewlib/);
    },
  );

  it("names the fault when npm cannot reach the network", { skip: noNewlib() }, () => {
    idle("arm-none-eabi-gcc");
    program("npm", "echo 'npm error code ENOTFOUND' >&2; exit 1");
    const { status, lines } = bootstrap();
    assert.equal(status, 1);
    assert.match(lines.at(-2)!, /^error: npm packages .*network cannot be reached/);
  });

  it("does not install through a link", { skip: noNewlib() }, () => {
    symlinkSync("elsewhere", join(machine, "node_modules"));
    const { status, lines } = bootstrap();
    rmSync(join(machine, "node_modules"));
    assert.equal(status, 1);
    assert.match(lines.at(-2)!, /^error: .*node_modules is a link/);
  });

  it("starts the program silently and installs nothing when all is installed", { skip: noNewlib() }, () => {
    installed();
    writeFileSync(join(machine, "calls"), "");
    program("npm", `echo npm >> "$CALLS"`);
    const { status, stdout, lines } = bootstrap();
    assert.deepEqual({ status, stdout, lines }, { status: 0, stdout: "handed over: build\n", lines: [""] });
    assert.equal(calls(), "");
  });

  it("installs again when the lock file changed", { skip: noNewlib() }, () => {
    writeFileSync(
      join(machine, "package-lock.json"),
      JSON.stringify({ packages: { "node_modules/thing": { version: "1.2.4" } } }),
    );
    program("npm", `echo "$@" >> "$CALLS"`);
    bootstrap();
    assert.match(calls(), /^ci /);
  });

  it(
    "installs once when three commands come at once, and after one that was killed",
    { skip: noNewlib() },
    async () => {
      const stale = join(machine, "build", "installing");
      mkdirSync(dirname(stale), { recursive: true });
      symlinkSync(String(spawnSync("true").pid), stale);
      writeFileSync(join(machine, "calls"), "");
      const lock = join(machine, "package-lock.json");
      const noted = join(machine, "node_modules", ".package-lock.json");
      program("npm", `echo begin >> "$CALLS"; sleep 0.5; cp "${lock}" "${noted}"; echo end >> "$CALLS"`);
      symlinkSync("/bin/sleep", join(bin, "sleep"));
      symlinkSync("/bin/cp", join(bin, "cp"));
      const ended = await Promise.all(
        [1, 2, 3].map(
          () =>
            new Promise<number | null>((resolve) =>
              spawn(process.execPath, [join(machine, "tools", "bootstrap.mjs"), "build"], {
                env: { PATH: bin, CALLS: join(machine, "calls") },
                stdio: "ignore",
              }).on("close", resolve),
            ),
        ),
      );
      assert.deepEqual(ended, [0, 0, 0]);
      assert.equal(calls(), "begin\nend\n");
      assert.ok(!existsSync(stale));
    },
  );
});

/** The firmware's C library is probed at its place on disk, which a test cannot plant. */
function noNewlib(): string | false {
  return (
    spawnSync("test", ["-e", "/usr/lib/arm-none-eabi/newlib"]).status !== 0 &&
    "libnewlib-arm-none-eabi is not installed"
  );
}
