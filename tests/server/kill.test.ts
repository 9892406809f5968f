// weight: 46 s, 0.7 cores
import assert from "node:assert/strict";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { auditDatabase } from "../../tools/server/audit.ts";
import * as bases from "../../tools/server/base.ts";
import { REPORTS_MAX } from "../../tools/server/reporting.ts";
import { startServer } from "../../tools/server/server.ts";
import { Store } from "../../tools/server/store/store.ts";
import { reportView } from "../../tools/server/queries.ts";
import { hex } from "../../tools/wire/bytes.ts";
import { Device } from "../../tools/wire/device.ts";
import * as exchange from "../../tools/wire/exchange.ts";
import { hash } from "../../tools/wire/key.ts";
import { AUDIENCE, FLAVOURS, enrolled, folder, missing, serve, text } from "./harness.ts";
import * as clusters from "./cluster.ts";
import * as postgres from "./postgres.ts";
import { run, verb } from "./program.ts";
import { until } from "./wait.ts";

const ROUNDS = Number(process.env["SIGNET_KILLS"] ?? 2);
const DEVICES = 8;
/** Pause of a device that was told to come later. */
const PAUSE_MS = 50;

/** A device that reports without pause until its server is gone, and keeps count of what was acknowledged. */
async function load(
  device: Device,
  url: string,
  acknowledged: Map<string, Set<string>>,
  pending: Map<string, Uint8Array>,
): Promise<void> {
  const id = hex(device.id);
  try {
    for (;;) {
      // An unanswered report is sent again after the kill, the same bytes.
      const report = pending.get(id) ?? device.report(text(`after ${device.head.counter}`));
      pending.set(id, report);
      const verdict = await exchange.send(device, url, [report]);
      if (verdict.kind === "refused" && verdict.reason === "busy") {
        await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
        continue;
      }
      assert.equal(verdict.kind, "accepted", JSON.stringify(verdict));
      pending.delete(id);
      acknowledged.get(id)!.add(hex(hash(report)));
    }
  } catch (error) {
    if (error instanceof assert.AssertionError) throw error;
  }
}

for (const flavour of FLAVOURS) {
  void test(
    `${flavour}: kill -9 under load, ${ROUNDS} times: each acknowledged report is stored once, and every chain is whole`,
    { skip: missing(flavour) },
    async (t) => {
      const place = folder(t);
      const database = flavour === "sqlite" ? join(place, "signet.db") : await postgres.database();
      const key = join(place, "server.key");
      let devices: Device[] = [];
      const acknowledged = new Map<string, Set<string>>();
      const pending = new Map<string, Uint8Array>();
      for (let round = 0; round < ROUNDS; round++) {
        const options = ["--database", database, "--key", key, "--audience", AUDIENCE];
        const { child, url, publicKey } = await run(t, options);
        if (devices.length === 0) {
          devices = Array.from({ length: DEVICES }, () => new Device({ audience: AUDIENCE, serverKey: publicKey }));
          for (const device of devices) {
            acknowledged.set(hex(device.id), new Set());
            await exchange.enrol(device, url);
          }
        }
        const working = devices.map((device) => load(device, url, acknowledged, pending));
        const count = (): number => devices.reduce((sum, { id }) => sum + acknowledged.get(hex(id))!.size, 0);
        const enough = count() + 2 * DEVICES;
        await until("reports are acknowledged", () => count() >= enough);
        // Spread over the life of a commit: a fixed sequence, other moments each round.
        await pause((round * 377) % 700);
        const gone = once(child, "exit");
        child.kill("SIGKILL");
        await Promise.all([...working, gone]);
      }
      await checkStored(database, key, devices, acknowledged);
    },
  );
}

/** Reports of the device whose archiving is killed: they leave in three transactions. */
const ARCHIVED = 33 * REPORTS_MAX;

void test("kill -9 of an archiving at any moment loses nothing, and the next call completes it", async (t) => {
  const server = await serve(t);
  const { database } = server.options;
  const key = server.options.key!;
  const device = await enrolled(server);
  for (let sent = 0; sent < ARCHIVED + REPORTS_MAX; sent += REPORTS_MAX) {
    const reports: Uint8Array[] = [];
    let after = device.head;
    for (let i = 0; i < REPORTS_MAX; i++) {
      const counter = after.counter + 1;
      reports.push(device.report(text(`${counter}`), { after, counter }));
      after = { counter, hash: hash(reports.at(-1)!) };
    }
    assert.equal((await exchange.send(device, server.url, reports)).kind, "accepted");
  }
  const file = join(server.folder, "old.ndjson");
  const options = ["archive", file, "--before", "2026-01-02", "--database", database, "--key", key];
  const base = async (): Promise<number> => (await bases.of(server.store.read, device.id)).count;
  const moments: readonly (() => Promise<boolean>)[] = [
    async () => existsSync(`${file}.part`),
    async () => (await base()) > 0,
  ];
  let killed = 0;
  for (const moment of moments) {
    const child = verb(t, ...options);
    const gone = once(child, "exit");
    while (child.exitCode === null && !(await moment())) await pause(1);
    if (child.kill("SIGKILL")) killed++;
    await gone;
    const archives = existsSync(file) ? [file] : [];
    const { findings, reports, archived } = await auditDatabase(database, key, { archives });
    assert.deepEqual(findings, []);
    assert.equal(reports + (await base()), ARCHIVED + REPORTS_MAX);
    if (archives.length > 0) assert.equal(archived, ARCHIVED);
  }
  assert.ok(killed >= 1, `${killed} killed before they ended`);
  const last = verb(t, ...options);
  const [code] = (await once(last, "exit")) as [number | null];
  assert.equal(code, 0);
  assert.equal(await base(), ARCHIVED);
  assert.deepEqual((await auditDatabase(database, key, { archives: [file] })).findings, []);
});

void test(
  `PostgreSQL itself killed under load, ${ROUNDS} times, whole or one backend: each acknowledged report is stored once, and every chain is whole`,
  { skip: missing("postgres") },
  async (t) => {
    const cluster = await clusters.start();
    t.after(() => clusters.end(cluster));
    const database = await postgres.database(Promise.resolve(cluster));
    const key = join(folder(t), "server.key");
    let told = 0;
    const server = await startServer({ port: 0, database, key, audience: AUDIENCE, onError: () => told++ });
    const devices = Array.from(
      { length: DEVICES },
      () => new Device({ audience: AUDIENCE, serverKey: server.publicKey }),
    );
    const acknowledged = new Map(devices.map((device) => [hex(device.id), new Set<string>()]));
    for (const device of devices) await exchange.enrol(device, server.url);
    const counted = (): number => [...acknowledged.values()].reduce((sum, { size }) => sum + size, 0);
    const more = async (): Promise<void> => {
      const wanted = counted() + DEVICES;
      await until("reports are acknowledged", () => counted() >= wanted);
    };
    const working = devices.map((device) => load(device, server.url, acknowledged, new Map()));
    for (let round = 0; round < ROUNDS; round++) {
      await more();
      await new Promise((resolve) => setTimeout(resolve, (round * 377) % 200));
      if (round % 2 === 1) await clusters.killBackend(cluster.socket, round).catch(() => undefined);
      else {
        await clusters.crash(cluster.process);
        cluster.process = await clusters.run(cluster.data, cluster.socket);
      }
    }
    await more();
    await server.close();
    await Promise.all(working);
    assert.ok(told > 0, "the server never missed its database");
    await checkStored(database, key, devices, acknowledged);
  },
);

async function checkStored(
  database: string,
  key: string,
  devices: readonly Device[],
  acknowledged: ReadonlyMap<string, ReadonlySet<string>>,
): Promise<void> {
  const store = await Store.open(database);
  let total = 0;
  try {
    for (const device of devices) {
      const stored = await store.read
        .selectFrom("reports")
        .selectAll()
        .where("device", "=", device.id)
        .orderBy("counter")
        .execute();
      const hashes = stored.map((row) => hex(row.hash));
      for (const wanted of acknowledged.get(hex(device.id))!)
        assert.ok(hashes.includes(wanted), "an acknowledged report is gone");
      assert.equal(new Set(hashes).size, hashes.length);
      // At most the one whose answer was lost is there beyond what was acknowledged.
      assert.ok(stored.length - acknowledged.get(hex(device.id))!.size <= 1);
      const messages = stored.map((row) => reportView(row));
      for (let i = 1; i < messages.length; i++) assert.equal(messages[i]!.counter, messages[i - 1]!.counter + 1);
      total += stored.length;
    }
  } finally {
    await store.close();
  }
  const { findings, reports } = await auditDatabase(database, key);
  assert.deepEqual([findings, reports], [[], total]);
  assert.ok(total >= ROUNDS * DEVICES, `only ${total} reports: not much of a load`);
}
