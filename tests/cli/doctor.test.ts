/** `signet doctor`: what it says of this machine, and of one that has nothing. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";
import { PACKAGES } from "../../tools/packages.mjs";
import { ROOT } from "../../tools/firmware/root.ts";
import { isTried, versionIn } from "../../tools/doctor/doctor.ts";
import { TRIED } from "../../tools/doctor/tried.ts";

function doctor(path: string): { readonly status: number | null; readonly lines: readonly string[] } {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ["--import", join(ROOT, "tools", "load.mjs"), join(ROOT, "tools", "signet.ts"), "doctor"],
    { cwd: ROOT, encoding: "utf8", env: { ...process.env, PATH: path, NODE_TEST_CONTEXT: undefined } },
  );
  assert.equal(stderr, "");
  return { status, lines: stdout.trimEnd().split("\n") };
}

void test("a version is tried if it begins with one that was run", () => {
  assert.ok(isTried("12.2.1", ["12.2"]));
  assert.ok(isTried("12", ["12"]));
  assert.ok(!isTried("12.20.1", ["12.2"]));
  assert.ok(!isTried("12", ["12.2"]));
  assert.ok(!isTried("", ["12"]));
});

void test("the version is the first number with a dot in it", () => {
  assert.equal(versionIn("QEMU emulator version 7.2.22 (Debian 1:7.2+dfsg-7)"), "7.2.22");
  assert.equal(versionIn("valgrind-3.19.0\n"), "3.19.0");
  assert.equal(versionIn("usage: spin [-option] file"), undefined);
});

void test("each version belongs to a package that the bootstrap installs", () => {
  const names = new Set(PACKAGES.map(({ name }) => name));
  for (const name of Object.keys(TRIED.packages)) assert.ok(names.has(name), name);
});

void test("each package is listed with its version, and the required ones are installed", () => {
  const { status, lines } = doctor(process.env["PATH"] ?? "");
  assert.equal(status, 0);
  for (const { name } of PACKAGES)
    assert.ok(
      lines.some((line) => line.startsWith(`${name} `)),
      name,
    );
  assert.ok(lines.some((line) => /^gcc-arm-none-eabi +\d+\.\d+\.\d+ +(tried|not tried)/.test(line)));
  assert.equal(lines.at(-2), "npm start: everything is there");
});

void test("a machine without tools gets the list of missing packages", () => {
  const { status, lines } = doctor("/nowhere");
  assert.equal(status, 1);
  assert.ok(lines.some((line) => /^gcc-arm-none-eabi +missing +compiles the firmware$/.test(line)));
  assert.match(lines.at(-2)!, /^npm start: missing gcc-arm-none-eabi .*qemu-system-arm/);
});
