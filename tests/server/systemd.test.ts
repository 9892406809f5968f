/** The systemd unit: systemd accepts it, and the options that it gives are those of the program. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { Command } from "commander";
import * as server from "../../tools/cli/server.ts";
import { folder } from "./harness.ts";

const UNIT = new URL("../../tools/server/signet-server.service", import.meta.url).pathname;
const isMissing = spawnSync("systemd-analyze", ["--version"]).status !== 0;

function verified(file: string): string {
  const { status, stderr } = spawnSync("systemd-analyze", ["verify", file], { encoding: "utf8" });
  return `${status} ${stderr}`.trim();
}

void test("systemd accepts the unit, and names a planted fault", { skip: isMissing && "no systemd-analyze" }, (t) => {
  const copy = join(folder(t), "signet-server.service");
  copyFileSync(UNIT, copy);
  assert.equal(verified(copy), "0");
  writeFileSync(copy, readFileSync(UNIT, "utf8").replace("ProtectHome=yes", "ProtectHome=perhaps"));
  assert.match(
    verified(copy),
    /signet-server\.service:\d+: Failed to parse.*(?:protect home value|ProtectHome=perhaps)/,
  );
});

void test("the unit starts the server with options that it has", () => {
  const line = /^ExecStart=.* tools\/signet\.ts server (.*)$/m.exec(readFileSync(UNIT, "utf8"))![1]!;
  const program = new Command();
  server.add(program);
  const command = program.commands[0]!.exitOverride();
  let given: Record<string, unknown> = {};
  command.action((options: Record<string, unknown>): void => {
    given = options;
  });
  program.parse(["server", ...line.split(" ")], { from: "user" });
  assert.deepEqual([given["database"], given["policy"]], ["/var/lib/signet/signet.db", "claim"]);
});
