// weight: 12 s, 0.5 cores
/** The server's key: changed, changed back, retired; devices, seals and the log across it. */
import assert from "node:assert/strict";
import { copyFileSync, existsSync, renameSync, rmSync, statSync } from "node:fs";
import { test } from "node:test";
import { audit } from "../../tools/server/audit.ts";
import * as keyFile from "../../tools/server/keys.ts";
import { runKey } from "../../tools/server/key_desk.ts";
import { Trouble } from "../../tools/trouble.ts";
import { hex } from "../../tools/wire/bytes.ts";
import type { Device } from "../../tools/wire/device.ts";
import * as exchange from "../../tools/wire/exchange.ts";
import { FLAVOURS, ask, command, enrolled, missing, serve, text, type Fixture } from "./harness.ts";

type Action = Parameters<typeof runKey>[0];

/** Run the verb beside a stopped server. */
function run(server: Fixture, action: Action, more: { next?: string; force?: boolean } = {}): Promise<string> {
  const { database, key } = server.options;
  return runKey(action, { database, key: key!, ...more }, server.clock.now);
}

async function report(server: Fixture, device: Device): Promise<string> {
  server.clock.pass(1000);
  const verdict = await exchange.report(device, server.url, text("x"));
  return verdict.kind === "refused" ? verdict.reason : verdict.kind;
}

async function findings(server: Fixture): Promise<readonly object[]> {
  return (await audit(server.store, keyFile.load(server.options.key!))).findings;
}

function names(part: RegExp): (error: unknown) => boolean {
  return (error) => error instanceof Trouble && part.test(error.message) && error.hint !== "";
}

for (const flavour of FLAVOURS) {
  const skip = missing(flavour);

  void test(
    `${flavour}: the key is changed: devices with two keys continue, the log and the seals stay valid, and the old key starts no more`,
    { skip },
    async (t) => {
      let server = await serve(t, {}, flavour);
      const { adminToken } = server;
      const path = server.options.key!;
      const [first, next] = [server.publicKey, server.nextKey!];
      for (const file of [path, keyFile.sealFile(path), keyFile.nextFile(path)])
        assert.equal(statSync(file).mode & 0o777, 0o600, file);
      const { body } = await ask(server, undefined, "/v1/server");
      assert.deepEqual([body.publicKey, body.nextPublicKey], [hex(first), hex(next)]);
      const [device, silent] = [await enrolled(server), await enrolled(server)];
      const old = await enrolled(server, { nextServerKey: undefined });
      for (const one of [device, silent, old]) assert.equal(await report(server, one), "accepted");
      await command(server, device, "0a", 1e6);

      await server.close();
      assert.match(await run(server, "list"), /the key is not changed yet/);
      copyFileSync(path, `${path}.copy`);
      assert.equal((await run(server, "switch")).split("\n")[0], `server key ${hex(next)}`);
      await assert.rejects(server.restart({ key: `${path}.copy` }), names(/is not the key of this database/));
      copyFileSync(keyFile.sealFile(path), keyFile.sealFile(`${path}.copy`));
      await assert.rejects(server.restart({ key: `${path}.copy` }), names(/another key signs its log/));

      server = { ...(await server.restart()), adminToken };
      assert.deepEqual(server.publicKey, next);
      assert.notDeepEqual(server.nextKey, next);
      // The session continues, and a command that the former key signed is obeyed.
      const verdict = await exchange.report(device, server.url, text("x"));
      assert.deepEqual(verdict.kind === "accepted" && verdict.downlinks.map(({ data }) => hex(data)), ["0a"]);
      for (let i = 0; i < 2; i++) assert.equal(await report(server, device), "accepted");
      // A device that does not know the key repeats its report.
      const unanswered = old.report(text("unanswered"));
      const again = async (): Promise<string> => (await exchange.send(old, server.url, [unanswered])).kind;
      for (let i = 0; i < 2; i++, server.clock.pass(1000)) assert.equal(await again(), "ignored");
      assert.deepEqual(await findings(server), []);
      const list = await run(server, "list");
      assert.match(list, /1 devices continued with the key in use, 2 did not yet/);
      for (const one of [silent, old]) assert.ok(list.includes(hex(one.id)));
      await assert.rejects(run(server, "retire"), names(/2 devices did not continue/));

      // Back: the device that knows one key continues, and no report is lost.
      await server.close();
      await run(server, "switch", { next: `${path}.former` });
      server = { ...(await server.restart()), adminToken };
      assert.deepEqual(server.publicKey, first);
      assert.equal(await again(), "accepted");
      for (const one of [device, silent, old])
        for (let i = 0; i < 2; i++) assert.equal(await report(server, one), "accepted");
      assert.match(await run(server, "list"), /3 devices continued with the key in use, 0 did not yet/);
      await run(server, "retire");
      assert.equal(existsSync(`${path}.former`), false);
      assert.deepEqual(await findings(server), []);
    },
  );
}

void test("a server whose seals came from its signing key changes the key too, and an interrupted change is completed", async (t) => {
  let server = await serve(t);
  await server.close();
  const path = server.options.key!;
  // The layout of an earlier version: one file.
  renameSync(keyFile.sealFile(path), path);
  rmSync(keyFile.nextFile(path));
  server = await serve(t, { database: `${server.folder}/old.db`, key: path });
  assert.equal(server.nextKey, undefined);
  const device = await enrolled(server);
  assert.equal(await report(server, device), "accepted");
  await server.close();
  await assert.rejects(run(server, "switch"), names(/does not exist/));
  await run(server, "make");
  await assert.rejects(run(server, "make"), names(/exists already/));
  // A cut after the log was written, before the files were moved.
  for (const file of [path, keyFile.nextFile(path)]) copyFileSync(file, `${file}.before`);
  await run(server, "switch");
  for (const file of [path, keyFile.nextFile(path)]) renameSync(`${file}.before`, file);
  await assert.rejects(server.restart(), names(/another key signs its log/));
  await run(server, "switch");
  server = await server.restart();
  assert.deepEqual(await findings(server), []);
  assert.equal((await log(server)).filter((action) => action === "switch-key").length, 1);
  const renewed = await enrolled(server);
  assert.equal(await report(server, renewed), "accepted");
});

async function log(server: Fixture): Promise<string[]> {
  return (await server.store.read.selectFrom("audit").select("action").execute()).map(({ action }) => action);
}
