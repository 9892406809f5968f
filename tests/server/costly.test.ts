// weight: 20 s, 0.7 cores
/** Requests that cost much: devices are answered beside them, every query uses an index, and a stream ends with its token. */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import { sql, type KyselyPlugin } from "kysely";
import * as deadLetters from "../../tools/server/dead_letters.ts";
import * as devices from "../../tools/server/devices.ts";
import * as evidence from "../../tools/server/evidence.ts";
import * as log from "../../tools/server/log.ts";
import { LoopWatch } from "../../tools/server/loop.ts";
import { openapi } from "../../tools/server/openapi.ts";
import * as queries from "../../tools/server/queries.ts";
import { QUERIES, type Queries } from "../../tools/server/reader_thread.ts";
import { audit } from "../../tools/server/audit.ts";
import * as keyFile from "../../tools/server/keys.ts";
import { Store } from "../../tools/server/store/store.ts";
import { hex } from "../../tools/wire/bytes.ts";
import type { Device } from "../../tools/wire/device.ts";
import * as exchange from "../../tools/wire/exchange.ts";
import { FLAVOURS, ask, enrolled, missing, serve, text, type Fixture, post } from "./harness.ts";

const PLANTED = 10_000;

const ID = "01".repeat(32);
const PAGE = { limit: 10, now: 1, since: 0 };
const UNINDEXED: readonly string[] = devices.UNINDEXED;

/** The arguments of each query of the reader, or the reason why it needs no index. The compiler demands a line for each. */
const ASKED: { readonly [Name in keyof Queries]: readonly Parameters<Queries[Name]>[1][] | string } = {
  devices: [
    ...devices.ORDERS.filter((one) => !UNINDEXED.includes(one.replace("-", ""))).map((order) => ({ limit: 10, order })),
    ...[{ state: "suspended" }, { board: "x" }, { firmware: "1" }].map(
      (filter) => ({ limit: 10, order: "id", ...filter }) as devices.Asked,
    ),
  ],
  reports: [
    { device: ID, limit: 10 },
    { device: ID, limit: 10, after: 5 },
  ],
  series: [{ device: ID, since: 0, until: 1 }],
  history: [{ device: ID, limit: 10, since: 0 }],
  claims: [PAGE, { ...PAGE, cursor: `1-${ID}` }],
  commands: [
    { device: ID, ...PAGE },
    { device: ID, ...PAGE, before: 5 },
  ],
  letters: [{ limit: 10 }, { limit: 10, cursor: `${ID}/5` }],
  alarms: [false, true].map((isOpen) => ({ limit: 10, isOpen, bursts: [] })),
  entries: [{ limit: 10 }],
  slice: [{ device: ID, key: "", after: 5, since: 0, until: 9, format: "ndjson" }],
  receipt: [{ sealKey: new Uint8Array(32), hash: ID }],
  consistency: [{ sealKey: new Uint8Array(32), from: 1, to: 2 }],
  totals: "counts the devices",
  measured: "counts the open alarms, for metrics",
  checkpoint: "has the head of every device",
  due: "compares every device with a rule, every half minute",
  unnumbered: "compares the head of every device with its last leaf",
  undelivered: "compares the head of every device with the position of the webhook",
};

/** Store one report of a device, and copies of it under the next counters: a chain that is long, and that nothing verifies. */
async function plant({ store, url }: Fixture, device: Device): Promise<void> {
  await exchange.report(device, url, text("21.5 C"));
  const row = await store.read
    .selectFrom("reports")
    .selectAll()
    .where("device", "=", device.id)
    .executeTakeFirstOrThrow();
  const copies = Array.from({ length: PLANTED }, (_, i) => ({ ...row, counter: 2 + i, hash: randomBytes(32) }));
  await store.write(async (tx) => {
    for (let i = 0; i < PLANTED; i += 500)
      await tx
        .insertInto("reports")
        .values(copies.slice(i, i + 500))
        .execute();
  });
}

for (const flavour of FLAVOURS) {
  const skip = missing(flavour);

  void test(`${flavour}: devices are answered while a long chain is exported and listed`, { skip }, async (t) => {
    const server = await serve(t, {}, flavour);
    const [long, other] = [await enrolled(server), await enrolled(server)];
    await plant(server, long);
    const path = `/v1/devices/${hex(long.id)}`;
    for (const [what, least] of [
      [`${path}/export`, PLANTED / 500],
      [`${path}/reports?limit=1000`, 1],
      [`${path}/series`, PLANTED / 2000],
      ["/v1/devices?limit=1000", 1],
      ["/v1/log?limit=1000", 1],
      ["/v1/alarms?limit=1000", 1],
    ] as const) {
      const state = { isOver: false };
      const asked = ask(server, server.adminToken, what).finally(() => (state.isOver = true));
      let answered = 0;
      for (; !state.isOver; answered++)
        assert.equal((await exchange.report(other, server.url, text("x"))).kind, "accepted");
      const { status, body } = await asked;
      assert.equal(status, 200);
      assert.ok(answered >= least, `${answered} reports beside ${what}`);
      if (what.endsWith("export")) assert.equal((body as string).trimEnd().split("\n").length, PLANTED + 1);
    }
  });

  void test(`${flavour}: what a report, a handover or a list looks for has an index`, { skip }, async (t) => {
    const { store } = await serve(t, {}, flavour);
    // A query is explained on a connection on which PostgreSQL prefers any index to none.
    await store.read.connection().execute(async (db) => {
      if (flavour === "postgres")
        for (const way of ["seqscan", "bitmapscan", "sort"])
          await sql`set ${sql.raw(`enable_${way}`)} = off`.execute(db);
      const seen: { sql: string; parameters: readonly unknown[] }[] = [];
      const recorder: KyselyPlugin = {
        transformQuery: ({ node, queryId }) => {
          seen.push(db.getExecutor().compileQuery(node, queryId));
          return node;
        },
        transformResult: async ({ result }) => result,
      };
      const recorded = db.withPlugin(recorder);
      const tx = recorded as never;
      const view = { read: recorded, flavour, find: () => undefined } as never;
      const id = new Uint8Array(32).fill(1);
      const device = { id, epoch: 1 } as never;
      await evidence.contradiction(tx, device, { hash: id, counter: 9, prev: id, message: undefined as never });
      await log.hasSince(tx, 0, "gap", id);
      await queries.entriesAfter(view, 1, 10);
      await devices.find(view, id);
      await deadLetters.wanted({ store: view, keys: undefined as never }, 10);
      for (const [name, given] of Object.entries(ASKED))
        if (typeof given !== "string")
          for (const one of given) await QUERIES[name as keyof Queries](view, one as never);
      assert.ok(seen.length >= 30, String(seen.length));
      const explain = sql.raw(flavour === "postgres" ? "explain " : "explain query plan ");
      for (const { sql: query, parameters } of seen) {
        const parts = query.split(flavour === "postgres" ? /\$\d+/ : "?");
        const bound = sql.join(
          parts.flatMap((part, i) => (i === 0 ? [sql.raw(part)] : [sql`${parameters[i - 1]}`, sql.raw(part)])),
          sql.raw(""),
        );
        const { rows } = await sql<Record<string, unknown>>`${explain}${bound}`.execute(db);
        const plan = rows.map((row) => String(row["detail"] ?? row["QUERY PLAN"])).join("; ");
        assert.doesNotMatch(plan, /Seq Scan|Sort|TEMP B-TREE|SCAN \w+($|;)/, `${query}: ${plan}`);
      }
    });
  });

  void test(`${flavour}: a reader writes nothing`, { skip }, async (t) => {
    const server = await serve(t, {}, flavour);
    const reader = await Store.openToRead(server.options.database);
    t.after(() => reader.close());
    assert.equal((await reader.read.selectFrom("tokens").selectAll().execute()).length, 1);
    await assert.rejects(reader.read.deleteFrom("tokens").execute(), /read-?only/);
  });

  void test(`${flavour}: an ended token ends its streams, at each instance`, { skip }, async (t) => {
    const first = await serve(t, {}, flavour);
    const second = await serve(t, { database: first.options.database, key: first.options.key! }, flavour);
    const device = await enrolled(first);
    await plant(first, device);
    const { token } = (await post(first, "/v1/tokens", { name: "watcher", scope: "read" })).body;
    const open = async ({ url }: Fixture, path: string): Promise<ReadableStreamDefaultReader<Uint8Array>> => {
      const response = await fetch(url + path, { headers: { authorization: `Bearer ${token}` } });
      assert.equal(response.status, 200);
      return response.body!.getReader();
    };
    const streams = [await open(first, "/v1/events"), await open(second, "/v1/events")];
    for (const stream of streams) await stream.read();
    const exporting = await open(second, `/v1/devices/${hex(device.id)}/export`);
    assert.deepEqual((await post(first, "/v1/tokens/end", { name: "watcher" })).body, { ended: 1 });
    for (const stream of streams) while (!(await stream.read()).done);
    // Nothing is read of it until here, so it cannot be over.
    await assert.rejects(async () => {
      while (!(await exporting.read()).done);
    });
  });
}

void test("a text with a control character or half a character is refused in every field", async (t) => {
  const server = await serve(t);
  const device = hex((await enrolled(server)).id);
  type Schema = {
    type?: string;
    pattern?: string;
    enum?: string[];
    properties: Record<string, Schema>;
    required?: string[];
  };
  const paths = openapi()["paths"] as Record<
    string,
    Record<string, { requestBody?: { content: Record<string, { schema: Schema }> } }>
  >;
  let fields = 0;
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method: method.toUpperCase(), ...operation })),
  );
  for (const { path, method, requestBody } of operations) {
    const schema = requestBody?.content["application/json"]?.schema;
    for (const [name, property] of Object.entries(schema?.properties ?? {})) {
      if (property.type !== "string" || property.enum !== undefined) continue;
      fields++;
      const good = {
        count: 1,
        expiresAt: server.clock.now + 1e6,
        name: "x",
        scope: "read",
        data: "00",
        ids: path.startsWith("/v1/letters/") ? ["log/1"] : [device],
        seqs: [1],
        by: device,
      };
      const asked = (schema!.required ?? []).map((field) => [field, good[field as keyof typeof good]]);
      for (const bad of ["shift 3\u0000", "half \ud83d", "two\nlines", "\u009b31m", "\u2028"]) {
        const body = JSON.stringify({ ...Object.fromEntries(asked), [name]: bad });
        const answer = await ask(server, server.adminToken, path.replace("{id}", device), { method, body });
        assert.equal(answer.status, 400, `${path} ${name} ${JSON.stringify(bad)}: ${JSON.stringify(answer.body)}`);
      }
    }
  }
  assert.ok(fields >= 10, `only ${fields} fields`);
  const body = JSON.stringify({ count: 1, expiresAt: server.clock.now + 1e6, note: "Halle Süd, Gerät 7 🌡" });
  assert.equal((await ask(server, server.adminToken, "/v1/claims", { method: "POST", body })).status, 200);
  assert.deepEqual((await audit(server.store, keyFile.load(server.options.key!))).findings, []);
});

void test("a held event loop shows in the metrics, and a long hold is logged", async (t) => {
  const server = await serve(t);
  let tell: (delay: { maxMs: number }) => void;
  const told = new Promise<{ maxMs: number }>((resolve) => (tell = resolve));
  const watch = new LoopWatch((delay) => tell(delay), 1300);
  t.after(() => watch.close());
  await new Promise((resolve) => setTimeout(resolve, 50));
  const end = performance.now() + 1100;
  while (performance.now() < end);
  assert.ok((await told).maxMs > 1000);
  const { body } = await ask(server, server.adminToken, "/metrics");
  assert.ok(Number(/^signet_event_loop_delay_max_seconds (\S+)$/m.exec(body as string)![1]) > 1);
});
