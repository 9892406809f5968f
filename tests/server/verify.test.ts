// weight: 11 s, 0.3 cores
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { hex } from "../../tools/wire/bytes.ts";
import * as exchange from "../../tools/wire/exchange.ts";
import { Trouble } from "../../tools/trouble.ts";
import { verifyFile } from "../../tools/server/verify.ts";
import { enrolled, serve, text } from "./harness.ts";

void test("a stored report is verified offline, in every form of storage", async (t) => {
  const server = await serve(t);
  const [device, other] = [await enrolled(server), await enrolled(server)];
  for (let i = 1; i <= 3; i++) await exchange.report(device, server.url, text(`r${i}`));
  await server.close();
  const again = await server.restart();
  const stored = await again.reports(hex(device.id));
  const key = hex(device.key.publicKey);
  const keyFile = join(server.folder, "device.key");
  writeFileSync(keyFile, `${key}\n`);
  const file = join(server.folder, "file");
  const bytes = Buffer.from(stored[0]!.message, "hex");
  for (const content of [bytes, stored[0]!.message, JSON.stringify(stored[0])]) {
    writeFileSync(file, content);
    for (const given of [key, keyFile]) {
      const [found] = verifyFile(file, given);
      assert.deepEqual([found!.counter, found!.data, found!.device], [1, hex(text("r1")), hex(device.id)]);
    }
  }
  const lines = stored.map((row) => JSON.stringify(row));
  writeFileSync(file, `${lines.join("\n")}\n`);
  assert.equal(verifyFile(file, key).length, 3);
  writeFileSync(file, [lines[0], lines[2]].join("\n"));
  assert.throws(() => verifyFile(file, key), /does not follow/);
  const altered = Buffer.from(bytes);
  altered[altered.length - 70]! ^= 1;
  const wrong: [string | Buffer, string, RegExp][] = [
    [altered, key, /bad-signature|malformed/],
    [bytes, hex(other.key.publicKey), /unknown-device/],
    [bytes.subarray(0, -1), key, /malformed/],
    ["not hexadecimal", key, /contains no report/],
    ["{}", key, /contains no report/],
    [bytes, "00", /not an Ed25519 public key/],
  ];
  for (const [content, given, message] of wrong) {
    writeFileSync(file, content);
    assert.throws(
      () => verifyFile(file, given),
      (error) => error instanceof Trouble && message.test(error.message),
      String(message),
    );
  }
  writeFileSync(file, bytes);
  const run = spawnSync(
    process.execPath,
    ["--import", "./tools/load.mjs", "tools/signet.ts", "verify", file, "--key", keyFile],
    {
      encoding: "utf-8",
      cwd: new URL("../..", import.meta.url).pathname,
    },
  );
  assert.match(run.stdout, /^verified: device [0-9a-f]{64} counter 1 /);
  assert.equal(run.status, 0);
});
