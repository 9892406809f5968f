// weight: 16 s, 0.4 cores
/** `signet archive`: reports leave a running server's database in order, and everything else goes on and stays verifiable. */
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { sql } from "kysely";
import { archive, runArchive } from "../../tools/server/archive.ts";
import { audit, auditDatabase } from "../../tools/server/audit.ts";
import { runBackup, runRestore } from "../../tools/server/backup.ts";
import { runErase } from "../../tools/server/erase.ts";
import { setAside } from "../../tools/server/dead_letters.ts";
import * as keyFile from "../../tools/server/keys.ts";
import { REPORTS_MAX } from "../../tools/server/reporting.ts";
import { sealed } from "../../tools/server/seal.ts";
import { verifyArchive, verifyFile } from "../../tools/server/verify.ts";
import { Trouble } from "../../tools/trouble.ts";
import { fromHex, hex } from "../../tools/wire/bytes.ts";
import type { Device } from "../../tools/wire/device.ts";
import * as exchange from "../../tools/wire/exchange.ts";
import { FLAVOURS, ask, decide, enrolled, missing, refusal, rows, serve, text, type Fixture } from "./harness.ts";
import * as postgres from "./postgres.ts";

const DAY = 24 * 3_600_000;

async function report(server: Fixture, device: Device, times = 1): Promise<void> {
  for (let i = 0; i < times; i++)
    assert.equal((await exchange.report(device, server.url, text(`${i}`))).kind, "accepted");
}

/** An active device with more reports than stay, a revoked one with a few, and later reports of the first; the date between. */
async function old(server: Fixture, later = 1): Promise<{ active: Device; revoked: Device; before: number }> {
  const [active, revoked] = [await enrolled(server), await enrolled(server)];
  await report(server, active, REPORTS_MAX + 8);
  await report(server, revoked, 3);
  assert.equal(await decide(server, revoked, "revoke"), 200);
  server.clock.pass(DAY);
  const before = server.clock.now - 1000;
  await report(server, active, later);
  return { active, revoked, before };
}

async function findings(server: Fixture, archives: readonly string[] = []): Promise<readonly string[]> {
  const audited = await audit(server.store, keyFile.load(server.options.key!), { archives });
  return audited.findings.map(({ table, what }) => `${table}: ${what}`);
}

function names(part: RegExp): (error: unknown) => boolean {
  return (error) => error instanceof Trouble && part.test(error.message) && error.hint !== "";
}

for (const flavour of FLAVOURS) {
  const skip = missing(flavour);

  void test(
    `${flavour}: reports leave while the server runs; lists, audit, export and devices go on`,
    { skip },
    async (t) => {
      const server = await serve(t, {}, flavour);
      const { database } = server.options;
      const key = server.options.key!;
      const { active, revoked, before } = await old(server);
      const path = `/v1/devices/${hex(active.id)}`;
      const [first, second] = await server.reports(hex(active.id));
      const place = { database, key, before, part: 4 };
      const [file, next] = [join(server.folder, "one.ndjson"), join(server.folder, "two.ndjson")];

      const state = { isOver: false };
      const busy = (async (): Promise<void> => {
        while (!state.isOver) await report(server, active);
      })();
      assert.match(await runArchive(file, place), /\d+ reports of 2 devices before .*; \d+ left the database now/);
      assert.match(await runArchive(file, place), /; 0 left the database now/);
      state.isOver = true;
      await busy;
      await assert.rejects(runArchive(file, { ...place, before: before - 1 }), names(/is an archive before/));
      assert.deepEqual((await auditDatabase(database, key)).findings, []);
      assert.deepEqual(await findings(server, [file]), []);
      const shown = verifyArchive(file, hex(server.publicKey));
      assert.match(shown, new RegExp(`verified: device ${hex(revoked.id)} reports 1 to 3`));
      assert.throws(() => verifyArchive(file, hex(active.key.publicKey)), names(/another server signed/));

      // An archived report that arrives again, late, proves nothing and grants nothing.
      for (const late of [first, second])
        assert.equal((await refusal(server, "reports", fromHex(late!.message)!)).reason, "stale-session");
      await report(server, active);
      const listed = (await ask(server, server.adminToken, `${path}/reports?after=0&limit=1000`)).body.reports;
      assert.equal(listed.at(-1).counter, active.head.counter);
      assert.ok(listed[0].counter > second!.counter);
      const exported = (await ask(server, server.adminToken, `${path}/export`)).body as string;
      writeFileSync(join(server.folder, "export"), exported);
      assert.equal(verifyFile(join(server.folder, "export"), hex(active.key.publicKey)).length, listed.length);
      // A second report of a counter is still a proof.
      const twin = active.report(text("twin"), {
        after: { counter: active.head.counter - 1, hash: new Uint8Array(32) },
        counter: active.head.counter,
      });
      assert.equal((await refusal(server, "reports", twin)).reason, "forked");
      assert.equal(await decide(server, active, "restore"), 200);
      assert.equal((await exchange.enrol(active, server.url)).kind, "accepted");

      // The next archive joins to this one. Without this one, reports are missing.
      await report(server, active, 2);
      assert.match(await runArchive(next, { ...place, before: server.clock.now + 1 }), /of 1 devices/);
      assert.deepEqual(await findings(server, [next, file]), []);
      assert.match((await findings(server, [next])).join("\n"), /archive: missing: no archive has the reports after 0/);
      assert.match((await findings(server, [file])).join("\n"), /archive: missing/);

      // A backup has the bases, and restores them to the other kind of database.
      const saved = join(server.folder, "backup.db");
      await runBackup(saved, { database, key });
      const other = flavour === "sqlite" ? await postgres.database() : join(server.folder, "other.db");
      if (missing("postgres") === false) {
        await runRestore(saved, { database: other, key }, server.clock.now);
        const restored = await server.restart({ database: other });
        assert.deepEqual(await findings(restored, [file, next]), []);
        assert.equal((await rows(restored))["bases"]!.length, 2);
      }
    },
  );

  void test(`${flavour}: altered bases and archives are found, and no altered row is archived`, { skip }, async (t) => {
    const server = await serve(t, {}, flavour);
    const { active, revoked, before } = await old(server);
    const keys = keyFile.load(server.options.key!);
    const { store } = server;
    const file = join(server.folder, "one.ndjson");
    await archive({ store, keys }, file, { before }, server.clock.now);
    const all = await store.read.selectFrom("bases").selectAll().execute();
    const edits = [
      sql`delete from bases where device = ${revoked.id}`,
      sql`update bases set count = count + 1 where device = ${active.id}`,
      sql`update bases set counter = counter - 1`,
      sql`update bases set hash = ${new Uint8Array(32)} where device = ${revoked.id}`,
      sql`update bases set at = at + 1 where device = ${active.id}`,
    ];
    for (const edit of edits) {
      await edit.execute(store.read);
      assert.match((await findings(server)).join("\n"), /bases: (altered|removed)/);
      await store.read.deleteFrom("bases").execute();
      await store.read.insertInto("bases").values(all).execute();
    }
    await sql`delete from reports where counter = (select min(counter) from reports)`.execute(store.read);
    assert.match((await findings(server)).join("\n"), /reports: removed/);

    const whole = readFileSync(file, "utf-8");
    const lines = whole.trimEnd().split("\n");
    const at = lines.findIndex((line) => line.includes('"report"'));
    const without = (i: number, more = 1): string => lines.toSpliced(i, more).join("\n");
    const wrong: [string, RegExp][] = [
      [whole.replace(/"receivedAt":(\d)/, '"receivedAt":9'), /not those that were signed/],
      [`${without(at)}\n`, /does not follow/],
      [`${without(lines.length - 1)}\n`, /is cut/],
      [whole.slice(0, -1), /no line of an archive/],
      [`${whole}{}\n`, /no line of an archive/],
      [whole.replace(/"count":\d+\}\n\{"kind":"end"/, '"count":1}\n{"kind":"end"'), /does not end here/],
      [whole.replace(/.{6}"\}\n\{"kind":"report"/, '000000"}\n{"kind":"report"'), /bad-signature|malformed/],
      [whole.replace(/"signature":"./, '"signature":"z'), /no line of an archive/],
      [whole.replace(/"before":\d+/, '"before":1'), /not those that were signed/],
      ["x".repeat(100_000), /no line of an archive/],
      ["", /is cut/],
    ];
    const altered = join(server.folder, "altered.ndjson");
    for (const [content, why] of wrong) {
      writeFileSync(altered, content);
      assert.throws(() => verifyArchive(altered, hex(server.publicKey)), names(why), String(why));
      await assert.rejects(archive({ store, keys }, altered, { before }, server.clock.now), names(why));
    }
    // Each byte counts, in every line.
    const bytes = readFileSync(file);
    for (let i = 0; i < 150; i++) {
      const one = Buffer.from(bytes);
      one[(i * 7919) % one.length]! ^= 1 << (i % 7);
      writeFileSync(altered, one);
      assert.throws(() => verifyArchive(altered, hex(server.publicKey)), Trouble, `byte ${(i * 7919) % one.length}`);
    }
    assert.equal(await decide(server, active, "revoke"), 200);
    await sql`update reports set received_at = received_at - 1`.execute(store.read);
    const next = join(server.folder, "next.ndjson");
    await assert.rejects(archive({ store, keys }, next, { before: 1e15 }, server.clock.now), names(/was altered/));
  });

  void test(
    `${flavour}: an interruption at any transaction loses nothing, and the next call completes`,
    { skip },
    async (t) => {
      const server = await serve(t, {}, flavour);
      const { active, revoked, before } = await old(server);
      const { store } = server;
      const keys = keyFile.load(server.options.key!);
      const file = join(server.folder, "one.ndjson");
      writeFileSync(`${file}.part`, '{"kind":"archive","version":1,');
      let interrupted = 0;
      for (let after = 0, told = ""; !told.includes("1 left the database now"); after = 1) {
        // Each run gets as far as one more transaction, or dies before its first.
        let left = after;
        const write = (work: never): Promise<never> => {
          if (left-- === 0) return Promise.reject(new Error("killed"));
          return store.write(work);
        };
        const mortal = new Proxy(store, { get: (of, name) => (name === "write" ? write : Reflect.get(of, name, of)) });
        try {
          told = await archive({ store: mortal, keys }, file, { before, part: 2 }, server.clock.now);
        } catch (error) {
          assert.match(String(error), /killed/);
          interrupted++;
        }
        assert.deepEqual(
          await findings(server, [file]).then((found) => found.filter((one) => !one.includes("missing"))),
          [],
        );
      }
      assert.ok(interrupted >= 5, `${interrupted} interruptions`);
      assert.deepEqual(await findings(server, [file]), []);
      const counted = (await audit(store, keys, { archives: [file] })).archived;
      assert.equal(counted, 3 + 9);
      assert.equal((await server.reports(hex(revoked.id))).length, 0);
      assert.equal((await server.reports(hex(active.id))).length, REPORTS_MAX);
    },
  );
}

for (const flavour of FLAVOURS) {
  const skip = missing(flavour);

  void test(
    `${flavour}: the data of one device is erased, all else stays verifiable, and it continues`,
    { skip },
    async (t) => {
      const server = await serve(t, {}, flavour);
      const { database } = server.options;
      const key = server.options.key!;
      const { active, revoked, before } = await old(server);
      const file = join(server.folder, "one.ndjson");
      await runArchive(file, { database, key, before });
      const twin = active.report(text("twin"), {
        after: { counter: active.head.counter - 1, hash: new Uint8Array(32) },
        counter: active.head.counter,
      });
      assert.equal((await refusal(server, "reports", twin)).reason, "forked");
      assert.equal(await decide(server, active, "restore"), 200);
      const last = (await server.reports(hex(active.id))).at(-1)!;
      const place = { database, key, reason: "asked for", archives: [file] };
      const told = await runErase(active.id, place);
      assert.match(told, new RegExp(`: ${REPORTS_MAX} reports, 1 proofs, 0 commands\nerased 9 reports from`));
      assert.match(await runErase(active.id, place), /: 0 reports, 0 proofs, 0 commands\nerased 0 reports/);
      const audited = await auditDatabase(database, key, { archives: [file] });
      assert.deepEqual([audited.findings, audited.reports, audited.archived], [[], 0, 3]);
      const shown = verifyArchive(file, hex(server.publicKey));
      assert.match(shown, new RegExp(`erased: device ${hex(active.id)} reports 1 to 9`));
      assert.match(shown, new RegExp(`verified: device ${hex(revoked.id)} reports 1 to 3`));
      const gone = fromHex(last.message)!;
      assert.ok(!readFileSync(file, "utf-8").includes(last.message));
      // Its last report arrives again, late. Then the device continues.
      assert.equal((await refusal(server, "reports", gone)).reason, "stale-session");
      assert.equal((await exchange.enrol(active, server.url)).kind, "accepted");
      await report(server, active, 2);
      assert.equal((await server.reports(hex(active.id))).length, 2);
      assert.deepEqual(await findings(server, [file]), []);
      // Without its entries in the log, the erasure is a removal.
      await sql`delete from audit where action = ${"erased"}`.execute(server.store.read);
      assert.ok((await findings(server, [file])).length > 0);
      await assert.rejects(runErase(new Uint8Array(32), place), names(/there is no device/));
    },
  );
}

void test("reports that the webhook has not posted stay, unless it is given up", async (t) => {
  const server = await serve(t);
  const { active, revoked, before } = await old(server);
  const { store } = server;
  const keys = keyFile.load(server.options.key!);
  for (const [stream, position] of [
    [new Uint8Array(0), 1],
    [active.id, 5],
  ] as const)
    await store.read
      .insertInto("deliveries")
      .values(sealed(keys.seal, "deliveries", { stream, position }))
      .execute();
  // The fourth report of the active device is a dead letter: it stays, with those after it.
  await store.write((tx) => setAside({ store, keys }, tx, before, { stream: active.id, position: 4 }, "status 400"));
  const [file, next] = [join(server.folder, "one.ndjson"), join(server.folder, "two.ndjson")];
  const told = await archive({ store, keys }, file, { before }, server.clock.now);
  assert.match(told, /^9 older reports stay: the receiver.*\narchive .*: 3 reports of 1 devices/);
  assert.equal((await server.reports(hex(revoked.id))).length, 3);
  await archive({ store, keys }, next, { before, undelivered: true }, server.clock.now);
  assert.deepEqual(await store.read.selectFrom("dead_letters").selectAll().execute(), []);
  assert.deepEqual(await findings(server, [file, next]), []);
  assert.equal((await server.reports(hex(revoked.id))).length, 0);
});
