// weight: 10 s, 0.8 cores
import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { sql, type RawBuilder } from "kysely";
import { audit, type AuditOptions } from "../../tools/server/audit.ts";
import * as keyFile from "../../tools/server/keys.ts";
import { hex } from "../../tools/wire/bytes.ts";
import * as exchange from "../../tools/wire/exchange.ts";
import { FLAVOURS, enrolled, missing, serve, text, type Fixture } from "./harness.ts";
import { past } from "./past.ts";

const EDITS = Number(process.env["SIGNET_TAMPERINGS"] ?? 25);

const TABLES = [
  "devices",
  "reports",
  "evidence",
  "invitations",
  "claims",
  "tokens",
  "downlinks",
  "handovers",
  "profiles",
  "labels",
  "replacements",
  "rules",
  "acknowledged",
  "dead_letters",
  "audit",
  "audit_head",
] as const;

/** The key columns of each table. */
const KEYS: Readonly<Record<(typeof TABLES)[number], readonly string[]>> = {
  devices: ["id"],
  reports: ["device", "counter"],
  evidence: ["id"],
  invitations: ["device"],
  claims: ["hash"],
  tokens: ["hash"],
  downlinks: ["device", "counter"],
  handovers: ["device", "successor"],
  profiles: ["device"],
  labels: ["device", "label"],
  replacements: ["device"],
  rules: ["name"],
  acknowledged: ["seq"],
  dead_letters: ["stream", "position"],
  audit: ["seq"],
  audit_head: ["id"],
};

/** A fixed sequence of numbers. */
function sequence(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

/** Another value of the same type. */
function changed(value: unknown, random: (below: number) => number): unknown {
  if (typeof value === "number") return value + 1 + random(5);
  if (typeof value === "string") return `${value}x`;
  if (value === null) return undefined;
  const bytes = Uint8Array.from(value as Uint8Array);
  bytes[random(bytes.length)]! ^= 1 << random(8);
  return bytes;
}

type Row = Record<string, unknown>;

/** The condition that some columns are what they are in a row. */
function named(columns: readonly string[], row: Row): RawBuilder<unknown> {
  const each = columns.map((name) =>
    row[name] === null ? sql`${sql.ref(name)} is null` : sql`${sql.ref(name)} = ${row[name]}`,
  );
  return sql.join(each, sql` and `);
}

/** Change one thing that only the server may change; false if nothing changed. */
async function tamper({ store }: Fixture, random: (below: number) => number): Promise<string | undefined> {
  const table = TABLES[random(TABLES.length)]!;
  const found = (await store.read.selectFrom(table).selectAll().execute()) as unknown as Row[];
  const row = found[random(found.length)]!;
  const names = Object.keys(row);
  const match = named(names, row);
  const name = names[random(names.length)]!;
  switch (random(5)) {
    case 0:
      await sql`delete from ${sql.table(table)} where ${match}`.execute(store.read);
      return `delete a row of ${table}`;
    case 1: {
      const other = found[random(found.length)]!;
      const value = other[name];
      if (other === row || value === null || same(value, row[name])) return undefined;
      await sql`update ${sql.table(table)} set ${sql.ref(name)} = ${value} where ${match}`.execute(store.read);
      return `copy ${name} of another row of ${table}`;
    }
    case 2: {
      // A second row, with another key.
      const key = names.find((candidate) =>
        ["id", "counter", "hash", "device", "seq", "position"].includes(candidate),
      )!;
      const values = names.map(
        (candidate) => sql`${candidate === key ? changed(row[candidate], random) : row[candidate]}`,
      );
      await sql`insert into ${sql.table(table)} (${sql.join(names.map((n) => sql.ref(n)))}) values (${sql.join(values)})`.execute(
        store.read,
      );
      return `insert a row into ${table}`;
    }
    case 3: {
      // Two rows, each with what the other one's key stood for.
      const other = found[random(found.length)]!;
      if (other === row) return undefined;
      const keyOf = (of: Row): Row => Object.fromEntries(KEYS[table].map((key) => [key, of[key]]));
      const columns = sql.join(names.map((candidate) => sql.ref(candidate)));
      const moved = [
        { ...other, ...keyOf(row) },
        { ...row, ...keyOf(other) },
      ].map((values) => sql`(${sql.join(names.map((candidate) => values[candidate]))})`);
      for (const gone of [row, other])
        await sql`delete from ${sql.table(table)} where ${named(KEYS[table], gone)}`.execute(store.read);
      await sql`insert into ${sql.table(table)} (${columns}) values ${sql.join(moved)}`.execute(store.read);
      return `swap two rows of ${table}`;
    }
    default: {
      const value = changed(row[name], random);
      if (value === undefined) return undefined;
      await sql`update ${sql.table(table)} set ${sql.ref(name)} = ${value} where ${match}`.execute(store.read);
      return `edit ${name} of ${table}`;
    }
  }
}

function same(a: unknown, b: unknown): boolean {
  return a instanceof Uint8Array && b instanceof Uint8Array ? hex(a) === hex(b) : a === b;
}

/** Undo everything: put back the rows as they were. */
async function restore({ store }: Fixture, saved: ReadonlyMap<string, readonly Row[]>): Promise<void> {
  await store.read.transaction().execute(async (tx) => {
    for (const table of TABLES) await sql`delete from ${sql.table(table)}`.execute(tx);
    for (const [table, rows] of saved) {
      for (const row of rows) {
        const names = sql.join(Object.keys(row).map((name) => sql.ref(name)));
        await sql`insert into ${sql.table(table)} (${names}) values (${sql.join(Object.values(row))})`.execute(tx);
      }
    }
  });
}

async function foreignKeys({ store }: Fixture): Promise<void> {
  if (store.flavour === "sqlite") await sql`pragma foreign_keys = off`.execute(store.read);
  else {
    const { rows } = await sql<{
      name: string;
      of: string;
    }>`select conname as name, conrelid::regclass::text as of from pg_constraint where contype = 'f'`.execute(
      store.read,
    );
    for (const { name, of } of rows)
      await sql`alter table ${sql.table(of)} drop constraint ${sql.ref(name)}`.execute(store.read);
  }
}

for (const flavour of FLAVOURS) {
  void test(
    `${flavour}: the audit finds every one of ${EDITS} random edits, deletions, insertions, copies and reorderings, and reports nothing else`,
    { skip: missing(flavour) },
    async (t) => {
      const server = await serve(t, { suspendForks: true }, flavour);
      await past(server);
      const keys = keyFile.load(server.options.key!);
      const told: number[] = [];
      const clean = await audit(server.store, keys, { progress: (reports) => void told.push(reports) });
      assert.equal(told.at(-1), clean.reports, "the progress ends at all reports");
      assert.deepEqual(clean.findings, []);
      assert.deepEqual([clean.devices, clean.reports], [9, 15]);
      await foreignKeys(server);
      const saved = new Map<string, readonly Row[]>();
      for (const table of TABLES)
        saved.set(table, (await server.store.read.selectFrom(table).selectAll().execute()) as unknown as Row[]);
      const random = sequence(20260101);
      const done = new Map<string, number>();
      for (let round = 0; round < EDITS;) {
        const what = await tamper(server, random).catch((error: unknown) => {
          // A row that the database itself refuses was not planted.
          assert.match(String(error), /UNIQUE|unique|duplicate key/);
          return undefined;
        });
        if (what === undefined) continue;
        round++;
        const { findings } = await audit(server.store, keys);
        assert.ok(findings.length > 0, `not found: ${what}`);
        done.set(what, (done.get(what) ?? 0) + 1);
        await restore(server, saved);
      }
      assert.deepEqual((await audit(server.store, keys)).findings, []);
      assert.ok(done.size > Math.min(30, EDITS / 2), [...done].join("; "));
    },
  );
}

for (const flavour of FLAVOURS) {
  const skip = missing(flavour);

  void test(`${flavour}: threads find the same, also in an audit that was interrupted`, { skip }, async (t) => {
    const server = await serve(t, {}, flavour);
    const devices = await Promise.all(Array.from({ length: 6 }, () => enrolled(server)));
    for (const device of devices)
      for (let n = 0; n < 3; n++) await exchange.report(device, server.url, text(`reading ${n}`));
    await server.sequencer.look();
    const seal = new Uint8Array(33);
    for (const device of devices.slice(0, 3))
      await server.store.read
        .updateTable("reports")
        .set({ seal })
        .where("device", "=", device.id)
        .where("counter", "=", 2)
        .execute();
    const keys = keyFile.load(server.options.key!);
    const audited = (options: AuditOptions): ReturnType<typeof audit> =>
      server.store.snapshot((db) => audit(server.store, keys, options, db));
    const alone = await audited({});
    assert.deepEqual([alone.reports, alone.findings.length], [18, 3]);
    assert.deepEqual(await audited({ alone: 0 }), alone);

    const resume = join(server.folder, "audit.state");
    const ending = new AbortController();
    const seen: number[] = [];
    const progress = (reports: number): void => {
      seen.push(reports);
      if (seen.length === 2) ending.abort(new Error("enough"));
    };
    await assert.rejects(audited({ resume, progress, signal: ending.signal }), /enough/);
    const kept = readFileSync(resume, "utf-8");
    let again = 0;
    const result = await audited({ resume, alone: 0, progress: (reports) => (again = reports) });
    assert.ok(again > 0 && again < 18, `${again} reports were checked again`);
    assert.deepEqual({ ...result, findings: sorted(result.findings) }, { ...alone, findings: sorted(alone.findings) });
    assert.equal(existsSync(resume), false);
    writeFileSync(resume, kept.replace('"count', '"kount').replace(/,3\]/, ",2]"));
    await assert.rejects(audited({ resume }), /is not of an audit with this key/);
  });
}

function sorted(findings: readonly object[]): string[] {
  return findings.map((finding) => JSON.stringify(finding)).toSorted();
}
