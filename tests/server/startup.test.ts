// weight: 16 s, 0.3 cores
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdtempSync, rmdirSync, statfsSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import Libsql from "libsql";
import { Trouble } from "../../tools/trouble.ts";
import { startServer } from "../../tools/server/server.ts";
import { Store } from "../../tools/server/store/store.ts";
import * as exchange from "../../tools/wire/exchange.ts";
import { AUDIENCE, FLAVOURS, ask, enrolled, folder, missing, refusal, serve, text } from "./harness.ts";
import * as clusters from "./cluster.ts";
import * as postgres from "./postgres.ts";

function complains(pattern: RegExp): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof Trouble, String(error));
    assert.match(error.message, pattern);
    assert.notEqual(error.hint, "");
    return true;
  };
}

void test("a port in use, a missing folder, an audience too long: one clear line each", async (t) => {
  const server = await serve(t);
  const options = { ...server.options, database: join(server.folder, "other.db") };
  await assert.rejects(startServer({ ...options, port: server.port }), complains(/port \d+ is taken/));
  await assert.rejects(
    startServer({ ...options, database: "/nowhere/at/all.db" }),
    complains(/folder .* does not exist/),
  );
  await assert.rejects(startServer({ ...options, database: server.folder }), complains(/is not a file/));
  await assert.rejects(startServer({ ...options, audience: "x".repeat(65) }), complains(/audience/));
  await assert.rejects(
    startServer({ ...options, database: "postgres://127.0.0.1:1/x" }),
    complains(/PostgreSQL does not answer/),
  );
});

void test("a file that is no database, or of a newer version, is left alone", async (t) => {
  const server = await serve(t);
  const file = join(server.folder, "text.db");
  writeFileSync(file, "this is a letter, not a database\n".repeat(100));
  await assert.rejects(startServer({ ...server.options, database: file }), complains(/is not a database/));
  await server.close();
  const native = new Libsql(server.options.database);
  native.exec("insert into kysely_migration values ('999-tomorrow', '2099-01-01')");
  native.close();
  await assert.rejects(startServer(server.options), complains(/newer version of signet/));
});

for (const flavour of FLAVOURS) {
  void test(
    `${flavour}: work on an existing database makes no tables in an empty one`,
    { skip: missing(flavour) },
    async (t) => {
      const where = flavour === "postgres" ? await postgres.database() : join(folder(t), "empty.db");
      if (flavour === "sqlite") writeFileSync(where, "");
      await assert.rejects(Store.openExisting(where), complains(/is no database of a server/));
      const store = await Store.openToRead(where);
      t.after(() => store.close());
      assert.deepEqual(await store.read.introspection.getTables({ withInternalKyselyTables: true }), []);
    },
  );
}

void test("a key that others can read, or that is malformed, is refused", async (t) => {
  const server = await serve(t);
  await server.close();
  chmodSync(server.options.key!, 0o644);
  await assert.rejects(startServer(server.options), complains(/can be read by others/));
  chmodSync(server.options.key!, 0o600);
  writeFileSync(server.options.key!, "nonsense");
  await assert.rejects(startServer(server.options), complains(/contains no private key/));
});

for (const flavour of FLAVOURS) {
  void test(
    `${flavour}: a database starts with its own key only: another or a lost key file is refused, and none is made`,
    { skip: missing(flavour) },
    async (t) => {
      const server = await serve(t, {}, flavour);
      const device = await enrolled(server);
      const other = await serve(t);
      await server.close();
      const key = join(server.folder, "lost.key");
      await assert.rejects(startServer({ ...server.options, key }), complains(/key of this database is not at/));
      assert.equal(existsSync(key), false);
      const { key: foreign } = other.options;
      await assert.rejects(startServer({ ...server.options, key: foreign! }), complains(/is not the key of this/));
      const again = await server.restart();
      assert.equal((await exchange.enrol(device, again.url)).kind, "accepted");
    },
  );
}

void test("a database locked by another process: devices are told to come later, and are served when it is released", async (t) => {
  const errors: string[] = [];
  const server = await serve(t, { onError: (error) => errors.push(String(error)) });
  const device = await enrolled(server);
  const holder = new Libsql(server.options.database);
  holder.exec("begin immediate");
  const report = device.report(text("x"));
  assert.deepEqual(await refusal(server, "reports", report), { reason: "busy", status: 503, signed: false });
  assert.match(errors.join(), /locked|busy/i);
  holder.exec("commit");
  holder.close();
  assert.equal((await exchange.send(device, server.url, [report])).kind, "accepted");
});

/** Bytes that a small disk has left for reports. */
const ROOM = 250_000;

void test("a full disk: devices are told to come later, nothing is acknowledged unless it is stored, and it recovers", async (t) => {
  const disk = mkdtempSync(join(tmpdir(), "signet-disk-"));
  const mounted = spawnSync("mount", ["-t", "tmpfs", "-o", "size=2m", "tmpfs", disk]);
  if (mounted.status !== 0) {
    t.skip("a small disk cannot be mounted here (it needs root)");
    return;
  }
  t.after(() => {
    execFileSync("umount", ["-l", disk]);
    rmdirSync(disk);
  });
  const errors: string[] = [];
  const server = await serve(t, { database: join(disk, "signet.db"), onError: (error) => errors.push(String(error)) });
  const device = await enrolled(server);
  const { bavail, bsize } = statfsSync(disk);
  writeFileSync(join(disk, "ballast"), new Uint8Array(bavail * bsize - ROOM));
  let accepted = 0;
  let full: Uint8Array | undefined;
  while (full === undefined && accepted < 5000) {
    const report = device.report(new Uint8Array(512));
    const verdict = await exchange.send(device, server.url, [report]);
    if (verdict.kind === "accepted") accepted++;
    else {
      assert.deepEqual(verdict, { kind: "refused", reason: "busy", signed: false });
      full = report;
    }
  }
  assert.ok(full !== undefined, "the disk never filled");
  assert.equal((await server.reports(Buffer.from(device.id).toString("hex"))).length, accepted);
  // Operators still read, and a decision is refused by name.
  const claims = JSON.stringify({ count: 1000, expiresAt: server.clock.now + 1e6 });
  const decided = (): ReturnType<typeof ask> =>
    ask(server, server.adminToken, "/v1/claims", { method: "POST", body: claims });
  assert.equal((await ask(server, server.adminToken, "/v1/devices")).status, 200);
  const { status, body } = await decided();
  assert.deepEqual([status, body.status, body.title], [503, 503, "Service Unavailable"]);
  assert.ok(errors.length > 0 && errors.every((error) => /disk is full|SQLITE_FULL/.test(error)), errors[0]);
  execFileSync("rm", [join(disk, "ballast")]);
  assert.equal((await decided()).status, 200);
  assert.equal((await exchange.send(device, server.url, [full])).kind, "accepted");
});

void test("a server that is told to stop finishes the requests in progress", async (t) => {
  const server = await serve(t);
  const devices = await Promise.all(Array.from({ length: 10 }, () => enrolled(server)));
  const working = devices.map((device) => exchange.report(device, server.url, text("last")));
  await new Promise((resolve) => setTimeout(resolve, 5));
  const again = await server.restart();
  let accepted = 0;
  for (const result of await Promise.allSettled(working)) {
    if (result.status === "fulfilled") accepted += result.value.kind === "accepted" ? 1 : 0;
  }
  const stored = (await again.devices()).reduce((sum, device) => sum + device.reports, 0);
  assert.ok(stored >= accepted, `${accepted} acknowledged, ${stored} stored`);
  assert.equal(again.options.audience, AUDIENCE);
});

void test(
  "a lost PostgreSQL: alive but not ready, and ready again when it is back",
  { skip: missing("postgres") },
  async (t) => {
    const cluster = await clusters.start();
    t.after(() => clusters.end(cluster));
    const database = await postgres.database(Promise.resolve(cluster));
    const server = await serve(t, { database, onError: () => undefined });
    const status = async (path: string): Promise<number> => (await fetch(server.url + path)).status;
    const devices = async (): Promise<number> =>
      (await ask(server, server.adminToken, "/v1/devices/" + "0".repeat(64))).status;
    assert.deepEqual([await status("/healthz"), await status("/readyz")], [200, 200]);
    await clusters.crash(cluster.process);
    assert.deepEqual([await status("/healthz"), await status("/readyz"), await devices()], [200, 503, 503]);
    cluster.process = await clusters.run(cluster.data, cluster.socket);
    assert.deepEqual([await status("/healthz"), await status("/readyz")], [200, 200]);
  },
);
