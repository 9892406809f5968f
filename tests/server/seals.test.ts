// weight: 28 s, 0.4 cores
/** Seals and schema: a database that an older version wrote, and columns that a later one adds. */
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { Kysely, Migrator, sql } from "kysely";
import { audit } from "../../tools/server/audit.ts";
import * as keyFile from "../../tools/server/keys.ts";
import { COLUMNS, isSealed, sealed, type Sealed } from "../../tools/server/seal.ts";
import { KEYS } from "../../tools/server/store/copy.ts";
import { migrations } from "../../tools/server/store/migrations.ts";
import { openPostgres } from "../../tools/server/store/postgres.ts";
import type { Tables } from "../../tools/server/store/schema.ts";
import { openSqlite } from "../../tools/server/store/sqlite.ts";
import { verifyReport } from "../../tools/server/verify.ts";
import { fromHex, hex } from "../../tools/wire/bytes.ts";
import { encode } from "../../tools/wire/cbor.ts";
import { Device } from "../../tools/wire/device.ts";
import * as exchange from "../../tools/wire/exchange.ts";
import {
  AUDIENCE,
  FLAVOURS,
  ask,
  decide,
  enrolled,
  folder,
  missing,
  refusal,
  serve,
  text,
  type Fixture,
  type Flavour,
} from "./harness.ts";
import { past } from "./past.ts";
import * as postgres from "./postgres.ts";

const SEALED = Object.keys(COLUMNS) as Sealed[];

/** A database as an older commit wrote it (`write.ts`): every kind of row, the server's keys, and the seeds of some devices. */
interface Written {
  readonly at: number;
  /** The last step of its migrations. */
  readonly schema: string;
  readonly key: string;
  /** The secret of seals, if it is not derived from the key. */
  readonly seal?: string;
  readonly token: string;
  readonly claim?: string;
  readonly seeds: Readonly<Record<string, string>>;
  readonly tables: Readonly<Record<string, readonly Readonly<Record<string, unknown>>[]>>;
}

const WRITTEN = new URL("written/", import.meta.url);

function read(commit: string): Written {
  return JSON.parse(readFileSync(new URL(`${commit}.json`, WRITTEN), "utf-8")) as Written;
}

const COMMITS = readdirSync(WRITTEN).map((name) => name.replace(".json", ""));
const written = read("f32970b");

/** The tables of a backup are in the order in which rows name each other. */
const ORDER: readonly string[] = KEYS.map(([table]) => table);

function value(shown: unknown): unknown {
  return typeof shown === "string" && shown.startsWith("\\x") ? fromHex(shown.slice(2)) : shown;
}

/** A server on a database that an older commit wrote: its tables as they were then, its rows, then this version's start. */
async function upgraded(t: TestContext, flavour: Flavour, from = written): Promise<Fixture> {
  const place = folder(t);
  const database = flavour === "sqlite" ? join(place, "old.db") : await postgres.database();
  const dialect = flavour === "sqlite" ? openSqlite(database) : await openPostgres(database, 2);
  const db = new Kysely<Tables>({ dialect });
  const steps = migrations(flavour);
  const migrator = new Migrator({ db, provider: { getMigrations: () => Promise.resolve(steps) } });
  const { error } = await migrator.migrateTo(from.schema);
  assert.equal(error, undefined);
  // A table comes after those that its rows name.
  const tables = Object.keys(from.tables).toSorted((a, b) => ORDER.indexOf(a) - ORDER.indexOf(b));
  for (const table of tables) {
    for (const row of from.tables[table]!) {
      const names = sql.join(Object.keys(row).map((name) => sql.ref(name)));
      await sql`insert into ${sql.table(table)} (${names}) values (${sql.join(Object.values(row).map(value))})`.execute(
        db,
      );
    }
  }
  await db.destroy();
  const key = join(place, "old.key");
  writeFileSync(key, from.key, { mode: 0o600 });
  if (from.seal !== undefined) writeFileSync(keyFile.sealFile(key), from.seal, { mode: 0o600 });
  const policy = from.claim === undefined ? "open" : "claim";
  const server = await serve(t, { database, key, policy, stepMs: Infinity, trustClock: true }, flavour);
  server.clock.now = from.at + 60_000;
  assert.equal(server.adminToken, undefined, "it has its operator already");
  return { ...server, adminToken: from.token };
}

async function findings(server: Fixture): Promise<readonly object[]> {
  return (await audit(server.store, keyFile.load(server.options.key!))).findings;
}

for (const flavour of FLAVOURS) {
  const skip = missing(flavour);

  void test(`${flavour}: a seal covers every column of its table`, { skip }, async (t) => {
    const { store } = await serve(t, {}, flavour);
    const tables = await store.read.introspection.getTables();
    for (const table of SEALED) {
      const { first, added } = COLUMNS[table];
      const covered = [...first, ...added.flatMap((columns) => Object.keys(columns)), "seal"];
      const found = tables.find(({ name }) => name === table)!.columns.map(({ name }) => name);
      assert.deepEqual(covered.toSorted(), found.toSorted(), table);
    }
  });

  void test(
    `${flavour}: a column added to every table breaks no seal: the operator can sign in, and the audit finds nothing`,
    { skip },
    async (t) => {
      const first = await serve(t, {}, flavour);
      await past(first);
      const device = await enrolled(first);
      for (const table of [...SEALED, "audit", "used_nonces"])
        await sql`alter table ${sql.table(table)} add column remark text`.execute(first.store.read);
      const { adminToken } = first;
      const server: Fixture = { ...(await first.restart()), adminToken };
      await sql`update devices set remark = 'x'`.execute(server.store.read);
      assert.equal((await ask(server, adminToken, "/v1/devices")).status, 200);
      assert.equal((await exchange.report(device, server.url, text("x"))).kind, "accepted");
      await past(server);
      assert.deepEqual(await findings(server), []);
    },
  );

  void test(
    `${flavour}: a database written by f32970b is migrated and passes the audit; its operator, devices and claims are accepted`,
    { skip },
    async (t) => {
      const server = await upgraded(t, flavour);
      assert.deepEqual(await findings(server), []);
      const device = (name: string): Device =>
        new Device({ audience: AUDIENCE, serverKey: server.publicKey, seed: fromHex(written.seeds[name]!)! });
      const before = await server.devices();
      assert.deepEqual(before.map(({ state }) => state).toSorted(), [
        "active",
        "active",
        "active",
        "replaced",
        "revoked",
        "suspended",
      ]);
      // Reports from before sessions are still shown and verified.
      const plain = device("plain");
      const stored = await server.reports(hex(plain.id));
      assert.deepEqual(
        stored.map((report) => [report.text, report.epitaph === null ? null : "die 1"]),
        [
          ["reading 0", null],
          ["reading 1", null],
          ["reading 2", null],
          ["after a fall", "die 1"],
        ],
      );
      for (const { message } of stored) verifyReport(fromHex(message)!, plain.key.publicKey);
      for (const name of ["plain", "commanded", "successor"]) {
        const one = device(name);
        one.head = { counter: 100, hash: new Uint8Array(32) };
        assert.equal((await refusal(server, "reports", one.report(text("x")))).reason, "stale-session");
        assert.equal((await exchange.enrol(one, server.url)).kind, "accepted");
        const verdict = await exchange.report(one, server.url, text("after the upgrade"));
        assert.ok(verdict.kind === "accepted");
        assert.deepEqual(
          verdict.downlinks.map(({ counter }) => counter),
          name === "commanded" ? [2] : [],
        );
        assert.equal((await exchange.report(one, server.url, text("goes on"))).kind, "accepted");
      }
      for (const [name, reason] of [
        ["rotated", "stale-session"],
        ["revoked", "revoked"],
        ["forked", "suspended"],
      ] as const)
        assert.equal((await refusal(server, "reports", device(name).report(text("x")))).reason, reason);
      assert.equal(await decide(server, device("forked"), "restore"), 200);
      const forked = device("forked");
      assert.equal((await exchange.enrol(forked, server.url)).kind, "accepted");
      assert.equal((await exchange.report(forked, server.url, text("x"))).kind, "accepted");
      await enrolled(server, { claim: fromHex(written.claim!)! });
      const { alarms } = (await ask(server, server.adminToken, "/v1/alarms")).body;
      assert.equal(alarms.length, 1, "the old fork, and no other");
      assert.deepEqual(await findings(server), []);
    },
  );

  for (const commit of COMMITS) {
    const old = read(commit);
    const name = `${flavour}: a database of schema ${old.schema}, written by ${commit}, passes the audit and goes on`;
    void test(name, { skip }, async (t) => {
      const server = await upgraded(t, flavour, old);
      assert.deepEqual(await findings(server), []);
      const before = (await server.devices()).length;
      assert.equal(before, old.tables["devices"]!.length);
      const device = new Device({
        audience: AUDIENCE,
        serverKey: server.publicKey,
        seed: fromHex(old.seeds["plain"]!)!,
      });
      assert.equal((await exchange.enrol(device, server.url)).kind, "accepted");
      const { counter } = device.head;
      assert.ok(counter > 0, "it continues its chain");
      assert.equal((await exchange.report(device, server.url, text("goes on"))).kind, "accepted");
      assert.equal(device.head.counter, counter + 1);
      await server.sequencer.look();
      const [first, last] = [0, -1].map((at) => old.tables["audit"]!.at(at)!);
      for (const hash of [device.head.hash, value(first!["hash"]), value(last!["hash"])])
        assert.equal((await ask(server, server.adminToken, `/v1/receipts/${hex(hash as Uint8Array)}`)).status, 200);
      assert.deepEqual(await findings(server), []);
    });
  }

  void test(
    `${flavour}: columns outside an old seal contain the values of the migration, or the audit names the row`,
    { skip },
    async (t) => {
      const server = await upgraded(t, flavour);
      const [id] = await server.store.read.selectFrom("devices").select("id").limit(1).execute();
      const set = (column: string, to: unknown): Promise<unknown> =>
        sql`update devices set ${sql.ref(column)} = ${to} where id = ${id!.id}`.execute(server.store.read);
      const [row] = await server.store.read.selectFrom("devices").selectAll().where("id", "=", id!.id).execute();
      for (const [column, forged] of [
        ["session", new Uint8Array(16)],
        ["confirmed", new Uint8Array(16)],
        ["doubt", "gap"],
        ["passed", 7],
        ["void_order", 7],
      ] as const) {
        await set(column, forged);
        assert.match(JSON.stringify(await findings(server)), /its seal is wrong/, column);
        await set(column, row![column]);
      }
      assert.deepEqual(await findings(server), []);
    },
  );
}

void test("a seal of another version, table or key is invalid; a truncated seal is invalid", () => {
  const [key, other] = [new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)];
  const columns = [...COLUMNS.devices.first, ...Object.keys(COLUMNS.devices.added[0]!)];
  const row = sealed(key, "devices", Object.fromEntries(columns.map((name) => [name, 1])));
  assert.ok(isSealed(key, "devices", row));
  assert.equal(row.seal[0], 0x82);
  assert.ok(!isSealed(other, "devices", row));
  for (const seal of [
    row.seal.subarray(1),
    row.seal.subarray(0, -1),
    new Uint8Array(0),
    Uint8Array.of(2, ...row.seal.subarray(1)),
    Uint8Array.of(0x81, ...row.seal.subarray(1)),
    Uint8Array.of(0x83, ...row.seal.subarray(1)),
    Uint8Array.of(0x80, ...row.seal.subarray(1)),
    Uint8Array.of(0, ...row.seal.subarray(1)),
  ])
    assert.ok(!isSealed(key, "devices", { ...row, seal }), `${seal.length} ${seal[0]}`);
  const report = sealed(key, "reports", Object.fromEntries(COLUMNS.reports.first.map((name) => [name, 1])));
  assert.ok(isSealed(key, "reports", report));
  const asEvidence: object = { id: 1, kind: 1, rival: 1 };
  assert.ok(!isSealed(key, "evidence", { ...report, ...asEvidence }));
  for (const name of COLUMNS.reports.first) assert.ok(!isSealed(key, "reports", { ...report, [name]: 2 }), name);
  for (const name of columns) assert.ok(!isSealed(key, "devices", { ...row, [name]: 2 }), name);
});

void test("a seal of the older form, HMAC over CBOR, is valid, and bound to each column", () => {
  const key = new Uint8Array(32).fill(1);
  const names = [...COLUMNS.devices.first, ...Object.keys(COLUMNS.devices.added[0]!)];
  const row = Object.fromEntries(names.map((name, i) => [name, i]));
  const mac = createHmac("sha256", key)
    .update(encode(["devices", 2, ...names.map((_, i) => i)]))
    .digest();
  const seal = Uint8Array.of(2, ...mac);
  assert.ok(isSealed(key, "devices", { ...row, seal }));
  for (const name of names) assert.ok(!isSealed(key, "devices", { ...row, [name]: 99, seal }), name);
});

void test("a seal tells values of different types and columns of different lengths apart", () => {
  const key = new Uint8Array(32).fill(1);
  const device = new Uint8Array(32);
  const notes = ["", "\u0000", "0", "é", "e", "ab"];
  const rows = [
    ...notes.map((note) => ({ device, note, created_at: 0 })),
    ...notes.map((note) => ({ device, note: new TextEncoder().encode(note), created_at: 0 })),
    ...[0, -1, 1, 2 ** 32, 2 ** 53 - 1, null].map((created_at) => ({ device, note: "", created_at })),
    { device: new Uint8Array(31), note: "\u0000", created_at: 0 },
  ];
  const seals = rows.map((row) => hex(sealed(key, "invitations", row).seal));
  for (const odd of [undefined, true, 1n, "x".repeat(2 ** 18), new Uint8Array(2 ** 18)]) {
    const row = { device, note: odd, created_at: 0, seal: Uint8Array.of(0x81, ...new Uint8Array(32)) };
    assert.equal(isSealed(key, "invitations", row), false);
  }
  // The first and the one with the time 0 are the same row.
  assert.equal(new Set(seals).size, rows.length - 1);
});
