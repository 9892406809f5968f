/** Rules of alarms: raised once about each device that meets them, acknowledged, and cleared. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { audit } from "../../tools/server/audit.ts";
import * as keyFile from "../../tools/server/keys.ts";
import { compareVersions } from "../../tools/server/rules.ts";
import { hex } from "../../tools/wire/bytes.ts";
import type { Device } from "../../tools/wire/device.ts";
import * as exchange from "../../tools/wire/exchange.ts";
import { FLAVOURS, ask, decide, enrolled, missing, serve, text, type Fixture, type Json } from "./harness.ts";

const HOUR = 3_600_000;

async function post(server: Fixture, path: string, body: object, wanted = 200): Promise<Json> {
  const answer = await ask(server, server.adminToken, path, { method: "POST", body: JSON.stringify(body) });
  assert.equal(answer.status, wanted, JSON.stringify(answer.body));
  return answer.body;
}

/** The alarms as pairs of a device's place in a list and of the kind; the newest first. */
async function alarms(server: Fixture, devices: readonly Device[], query = ""): Promise<(readonly [number, string])[]> {
  const { body } = await ask(server, server.adminToken, `/v1/alarms${query}`);
  return body.alarms.map(({ device, detail }: Json) => [
    devices.findIndex(({ id }) => hex(id) === device),
    detail.what.split(":")[0],
  ]);
}

for (const flavour of FLAVOURS) {
  void test(
    `${flavour}: an alarm about a silent, an outdated and a damaged device: once each, acknowledged, cleared`,
    { skip: missing(flavour) },
    async (t) => {
      const server = await serve(t, { stepMs: Infinity }, flavour);
      const { clock, watch } = server;
      const devices: Device[] = [];
      for (const version of ["1.9.0", "1.10.0", "1.10.0", "1.10.0"]) devices.push(await enrolled(server, { version }));
      const [old, quiet, damaged, gone] = devices as [Device, Device, Device, Device];
      await decide(server, gone, "revoke");
      const path = `/v1/devices/${hex(quiet.id)}`;
      const init = { method: "PATCH", body: JSON.stringify({ labels: ["cellar"] }) };
      assert.equal((await ask(server, server.adminToken, path, init)).status, 200);
      await post(server, "/v1/rules", { name: "silent", label: "cellar", silent: HOUR });
      await post(server, "/v1/rules", { name: "silent", silent: HOUR }, 409);
      await post(server, "/v1/rules", { name: "old", outdated: "1.10.0" });
      await post(server, "/v1/rules", { name: "worn", damaged: 3 });
      for (const bad of [{ name: "x" }, { name: "x", silent: 1 }, { name: "x", damaged: 1, outdated: "2" }])
        await post(server, "/v1/rules", bad, 400);
      clock.pass(HOUR / 2);
      await watch.look();
      assert.deepEqual(await alarms(server, devices), [[0, "outdated"]]);
      const reportDamage = async (count: number): Promise<void> => {
        const message = damaged.report(text("x"), { damaged: count });
        assert.equal((await exchange.send(damaged, server.url, [message])).kind, "accepted");
      };
      await reportDamage(2);
      clock.pass(HOUR / 2 + 1);
      // The others are silent as well, and have no such label.
      await watch.look();
      assert.deepEqual(await alarms(server, devices), [
        [1, "silent"],
        [0, "outdated"],
      ]);
      await reportDamage(1);
      // A second instance, and a second look, raise no second alarm.
      await watch.look();
      await watch.look();
      const before = await alarms(server, devices);
      assert.deepEqual(before[0], [2, "damaged"]);
      assert.equal(before.length, 3);
      const { body } = await ask(server, server.adminToken, "/v1/alarms");
      const seqs = body.alarms.map(({ seq }: Json) => seq);
      assert.equal((await post(server, "/v1/alarms/acknowledge", { seqs, note: "seen" })).acknowledged, 3);
      assert.equal((await post(server, "/v1/alarms/acknowledge", { seqs: [1, ...seqs] })).acknowledged, 0);
      assert.deepEqual(await alarms(server, devices, "?open=true"), []);
      const [shown] = (await ask(server, server.adminToken, "/v1/alarms")).body.alarms;
      assert.deepEqual(shown.acknowledged, { at: clock.now, by: "first", note: "seen" });
      // An alarm that ended is cleared, and can begin again.
      assert.equal((await exchange.report(quiet, server.url, text("x"))).kind, "accepted");
      await watch.look();
      await reportDamage(3);
      await watch.look();
      assert.deepEqual(await alarms(server, devices, "?open=true"), [[2, "damaged"]]);
      const { entries } = (await ask(server, server.adminToken, "/v1/log")).body;
      const cleared = entries.filter(({ action }: Json) => action === "clear");
      assert.deepEqual(
        cleared.map(({ device, detail }: Json) => [device, detail.rule]).toSorted(),
        [
          [hex(quiet.id), "silent"],
          [hex(damaged.id), "worn"],
        ].toSorted(),
      );
      assert.deepEqual(await post(server, "/v1/rules/end", { name: "old" }), { ended: true });
      const { rules } = (await ask(server, server.adminToken, "/v1/rules")).body;
      assert.deepEqual(
        rules.map(({ name }: Json) => name),
        ["silent", "worn"],
      );
      const found = async (): Promise<readonly object[]> =>
        (await audit(server.store, keyFile.load(server.options.key!))).findings;
      assert.deepEqual(await found(), []);
      assert.equal(old.counter, 0);
      // A restart gives devices that could not reach the server time to come back.
      clock.pass(2 * HOUR);
      const restarted: Fixture = { ...(await server.restart()), adminToken: server.adminToken };
      await restarted.watch.look();
      assert.equal((await alarms(restarted, devices, "?open=true")).length, 1);
      clock.pass(HOUR / 4);
      await restarted.watch.look();
      assert.deepEqual((await alarms(restarted, devices, "?open=true"))[0], [1, "silent"]);
      await restarted.store.read.deleteFrom("acknowledged").where("seq", "=", seqs[0]).execute();
      assert.equal((await audit(restarted.store, keyFile.load(server.options.key!))).findings.length, 1);
    },
  );
}

void test("versions are compared by their numbers, and a pre-release is older than its release", () => {
  const versions = ["0.9", "1", "1.2-beta", "1.2-rc1", "1.2", "1.2.1", "1.10.0", "v2.0"];
  for (const [i, a] of versions.entries())
    for (const [j, b] of versions.entries())
      assert.equal(Math.sign(compareVersions(a, b)), Math.sign(i - j), `${a} ${b}`);
  assert.equal(compareVersions("1.0", "1"), 0);
});
