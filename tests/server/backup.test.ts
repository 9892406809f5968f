// weight: 12 s, 0.5 cores
/** `signet backup` and `signet restore`: online, from each kind of database to the other, with the decisions of the lost time. */
import assert from "node:assert/strict";
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { sql } from "kysely";
import { audit } from "../../tools/server/audit.ts";
import { runBackup, runRestore } from "../../tools/server/backup.ts";
import { runErase } from "../../tools/server/erase.ts";
import * as keyFile from "../../tools/server/keys.ts";
import { Trouble } from "../../tools/trouble.ts";
import { fromHex, hex } from "../../tools/wire/bytes.ts";
import type { Device } from "../../tools/wire/device.ts";
import * as exchange from "../../tools/wire/exchange.ts";
import { FLAVOURS, ask, decide, enrolled, missing, rows, serve, text, type Fixture } from "./harness.ts";
import { past } from "./past.ts";
import * as postgres from "./postgres.ts";

async function report(server: Fixture, device: Device): Promise<string> {
  const verdict = await exchange.report(device, server.url, text("x"));
  if (verdict.kind !== "refused") return verdict.kind;
  if (verdict.reason !== "stale-session" && verdict.reason !== "unknown-device") return verdict.reason;
  await exchange.enrol(device, server.url);
  const again = await exchange.report(device, server.url, text("x"));
  return again.kind === "refused" ? again.reason : again.kind;
}

function names(part: RegExp): (error: unknown) => boolean {
  return (error) => error instanceof Trouble && part.test(error.message) && error.hint !== "";
}

for (const flavour of FLAVOURS) {
  void test(
    `${flavour}: a backup of a running server, restored to the other kind of database, repeats the decisions of the copied log`,
    { skip: missing("postgres") },
    async (t) => {
      const server = await serve(t, { policy: "claim" }, flavour);
      const { database } = server.options;
      const key = server.options.key!;
      const [file, log] = [join(server.folder, "backup.db"), join(server.folder, "log.ndjson")];
      const post = (path: string, body: object, method = "POST"): ReturnType<typeof ask> =>
        ask(server, server.adminToken, path, { method, body: JSON.stringify(body) });
      const made = await post("/v1/claims", { count: 5, expiresAt: server.clock.now + 1e7 });
      const claims = made.body.claims as string[];
      const [device, bad, renewed] = await Promise.all(
        claims.slice(0, 3).map((claim) => enrolled(server, { claim: Buffer.from(claim, "hex") })),
      );
      for (const one of [device!, bad!, renewed!]) assert.equal(await report(server, one), "accepted");
      const reader = await server.operator("gone");
      const path = `/v1/devices/${hex(renewed!.id)}`;
      await post(path, { labels: ["owner:a"] }, "PATCH");
      await post(`${path}/downlinks`, { data: "01", expiresAt: server.clock.now + 1e7 });

      // Reports arrive while it is copied.
      const copy = { isOver: false };
      const busy = (async (): Promise<number> => {
        let stored = 0;
        for (; !copy.isOver; stored++) assert.equal(await report(server, device!), "accepted");
        return stored;
      })();
      assert.match(await runBackup(file, { database, key, log }), /3 devices, \d+ reports, .*nothing was altered/);
      copy.isOver = true;
      assert.ok((await busy) > 0);
      assert.equal(statSync(file).mode & 0o777, 0o600);
      await assert.rejects(runBackup(file, { database, key }), names(/exists already/));

      // The lost time.
      assert.equal(await decide(server, bad!, "revoke"), 200);
      assert.equal(await decide(server, renewed!, "suspend"), 200);
      assert.equal(await decide(server, renewed!, "restore"), 200);
      await post("/v1/tokens/end", { name: "gone" });
      await post("/v1/claims/withdraw", { ids: made.body.ids.slice(4) });
      assert.equal((await post(`${path}/transfer`, { from: "owner:a", to: "owner:b" })).body.withdrawn, 1);
      const erased = await runErase(renewed!.id, { database, key, reason: "asked" }, server.clock.now);
      const late = await enrolled(server, { claim: Buffer.from(claims[3]!, "hex") });
      assert.equal(await report(server, late), "accepted");
      assert.match(await runBackup(undefined, { database, key, log }), /log .*: 11 new entries/);
      await server.close();

      const other = flavour === "sqlite" ? await postgres.database() : join(server.folder, "restored.db");
      const forged = join(server.folder, "forged.ndjson");
      writeFileSync(forged, readFileSync(log, "utf-8").replace('"action":"revoke"', '"action":"restore"'));
      await assert.rejects(runRestore(file, { database: other, key, log: forged }), names(/is no entry of the log/));
      const told = await runRestore(file, { database: other, key, log }, server.clock.now);
      assert.match(told, new RegExp(`repeated: revoke ${hex(bad!.id)}`));
      assert.match(told, /repeated: end-token gone/);
      assert.match(told, new RegExp(`repeated: withdraw-claim ${made.body.ids[4]}\n`));
      assert.match(told, new RegExp(`repeated: transfer ${hex(renewed!.id)} to owner:b`));
      assert.ok(
        erased.startsWith(`erased ${hex(renewed!.id)}: 1 reports`) && told.includes(`\nrepeated: ${erased}`),
        told,
      );
      assert.match(told, /not repeated: 1 times devices enrolled/);
      await assert.rejects(runRestore(file, { database: other, key }), names(/is in use/));

      const again: Fixture = { ...(await server.restart({ database: other })), adminToken: server.adminToken };
      assert.equal((await ask(again, reader, "/v1/me")).status, 401);
      assert.deepEqual(await again.reports(hex(renewed!.id)), []);
      assert.equal(await report(again, bad!), "revoked");
      assert.equal((await exchange.enrol(again.device({ claim: fromHex(claims[4]!)! }), again.url)).kind, "refused");
      const [view, commands] = await Promise.all(
        ["", "/downlinks"].map((verb) => ask(again, server.adminToken, path + verb)),
      );
      assert.deepEqual([view!.body.labels, commands!.body.commands[0].state], [["owner:b"], "withdrawn"]);
      for (const one of [device!, renewed!, late]) assert.equal(await report(again, one), "accepted");
      assert.deepEqual((await audit(again.store, keyFile.load(key))).findings, []);
      assert.ok(
        (await again.devices()).every(({ id, state }) => state === (id === hex(bad!.id) ? "revoked" : "active")),
      );
    },
  );

  void test(
    `${flavour}: a restore repeats replaced boards, profiles and rules, and revokes a dead board whose successor is not known yet`,
    { skip: missing(flavour) },
    async (t) => {
      const server = await serve(t, {}, flavour);
      const { database } = server.options;
      const key = server.options.key!;
      const [file, log] = [join(server.folder, "backup.db"), join(server.folder, "log.ndjson")];
      const done = async (path: string, body: object, method = "POST"): Promise<void> => {
        const { status } = await ask(server, server.adminToken, path, { method, body: JSON.stringify(body) });
        assert.ok(status < 300, `${path}: ${status}`);
      };
      const [dead, successor, broken] = [await enrolled(server), await enrolled(server), await enrolled(server)];
      for (const one of [dead, successor, broken]) assert.equal(await report(server, one), "accepted");
      await done("/v1/rules", { name: "old", silent: 60_000 });
      await runBackup(file, { database, key });

      await done(`/v1/devices/${hex(dead.id)}`, { name: "boiler", labels: ["site/a", "owner:b"] }, "PATCH");
      await done(`/v1/devices/${hex(dead.id)}`, { labels: ["site/a"] }, "PATCH");
      await done(`/v1/devices/${hex(dead.id)}/replace`, { by: hex(successor.id), reason: "no power" });
      const late = await enrolled(server);
      await done(`/v1/devices/${hex(late.id)}`, { name: "late" }, "PATCH");
      await done(`/v1/devices/${hex(broken.id)}/replace`, { by: hex(late.id), reason: "wet" });
      await done("/v1/rules", { name: "new", outdated: "1.2.0", label: "site/a" });
      await done("/v1/rules/end", { name: "old" });
      await runBackup(undefined, { database, key, log });
      await server.close();

      const other = flavour === "sqlite" ? join(server.folder, "restored.db") : await postgres.database();
      const told = await runRestore(file, { database: other, key, log }, server.clock.now);
      const lines = [
        `repeated: describe ${hex(dead.id)}`,
        `repeated: replace-board ${hex(dead.id)} by ${hex(successor.id)}`,
        `NOT repeated: describe ${hex(late.id)}`,
        `NOT repeated: replace-board ${hex(broken.id)} by ${hex(late.id)}: the dead board is revoked; replace it when the new one has enrolled`,
        "repeated: rule new",
        "repeated: end-rule old",
      ];
      for (const line of lines) assert.ok(told.split("\n").includes(line), `${line}\n${told}`);

      const again: Fixture = { ...(await server.restart({ database: other })), adminToken: server.adminToken };
      const view = async (path: string): Promise<Awaited<ReturnType<typeof ask>>["body"]> =>
        (await ask(again, server.adminToken, path)).body;
      const { name, labels } = await view(`/v1/devices/${hex(successor.id)}`);
      assert.deepEqual([name, labels], ["boiler", ["site/a"]]);
      for (const one of [dead, broken]) assert.equal(await report(again, one), "revoked");
      assert.equal(await report(again, successor), "accepted");
      const { rules } = await view("/v1/rules");
      assert.deepEqual(
        rules.map((rule: { name: string; value: string; label: string }) => [rule.name, rule.value, rule.label]),
        [["new", "1.2.0", "site/a"]],
      );
      assert.deepEqual((await audit(again.store, keyFile.load(key))).findings, []);
    },
  );

  void test(
    `${flavour}: a backup has every row of every table, and one of an altered database is refused`,
    { skip: missing(flavour) },
    async (t) => {
      const server = await serve(t, {}, flavour);
      const { database } = server.options;
      const key = server.options.key!;
      await past(server);
      const before = await rows(server);
      const file = join(server.folder, "backup.db");
      await runBackup(file, { database, key });
      const copy = await serve(t, { database: file, key, stepMs: Infinity });
      assert.deepEqual(await rows(copy), before);
      await sql`update devices set report_count = report_count + 1`.execute(server.store.read);
      const next = join(server.folder, "next.db");
      await assert.rejects(runBackup(next, { database, key }), names(/findings in the copy/));
      assert.throws(() => statSync(next));
    },
  );
}
