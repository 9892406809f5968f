// weight: 12 s, 0.7 cores
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { audit } from "../../tools/server/audit.ts";
import * as keyFile from "../../tools/server/keys.ts";
import { concat, hex } from "../../tools/wire/bytes.ts";
import * as exchange from "../../tools/wire/exchange.ts";
import { hash } from "../../tools/wire/key.ts";
import { FLAVOURS, ask, decide, enrolled, missing, post, refusal, rows, serve, text, type Json } from "./harness.ts";
import { readUntil } from "./wait.ts";

for (const flavour of FLAVOURS) {
  const skip = missing(flavour);

  void test(
    `${flavour}: the last word of a key is stored and revokes it, by the device's own decision`,
    { skip },
    async (t) => {
      const server = await serve(t, {}, flavour);
      const device = await enrolled(server);
      assert.equal((await exchange.report(device, server.url, text("x"))).kind, "accepted");
      // Not in the middle of a chain: nothing of the request is stored.
      const before = await rows(server);
      const ending = device.report(text("y"), { last: true });
      const after = { counter: device.counter, hash: hash(ending) };
      const behind = concat(ending, device.report(text("z"), { after }));
      assert.deepEqual(await refusal(server, "reports", behind), { reason: "malformed", status: 400, signed: true });
      assert.deepEqual(await rows(server), before);

      const last = device.report(text("y"), { last: true });
      assert.equal((await exchange.send(device, server.url, [last])).kind, "accepted");
      const view = (await server.devices()).find(({ id }) => id === hex(device.id));
      assert.deepEqual([view?.state, view?.reports], ["revoked", 2]);
      const { entries } = (await ask(server, server.adminToken, "/v1/log")).body;
      assert.deepEqual([entries[0].action, entries[0].actor, entries[0].device], ["leave", "device", hex(device.id)]);
      // Its receipt may be lost: the refusal of the repetition says as much.
      assert.equal((await refusal(server, "reports", last)).reason, "revoked");
      const again = await exchange.enrol(device, server.url);
      assert.ok(again.kind === "refused" && again.reason === "revoked" && again.signed);
      assert.equal((await post(server, `/v1/devices/${hex(device.id)}/restore`, {})).status, 409);
      assert.deepEqual((await audit(server.store, keyFile.load(server.options.key!))).findings, []);
    },
  );

  void test(`${flavour}: the totals count the database, and not a list`, { skip }, async (t) => {
    const server = await serve(t, {}, flavour);
    const totals = async (): Promise<unknown> => (await ask(server, server.adminToken, "/v1/totals")).body;
    const none = { active: 0, suspended: 0, revoked: 0, replaced: 0 };
    assert.deepEqual(await totals(), { devices: none, reports: 0 });
    const devices = [];
    for (let i = 0; i < 4; i++) devices.push(await enrolled(server));
    for (const device of devices.slice(0, 3))
      assert.equal((await exchange.report(device, server.url, text("x"))).kind, "accepted");
    for (const device of devices.slice(0, 2)) assert.equal(await decide(server, device, "suspend"), 200);
    assert.equal(await decide(server, devices[2]!, "revoke"), 200);
    assert.equal((await ask(server, server.adminToken, "/v1/devices?limit=1")).body.devices.length, 1);
    assert.deepEqual(await totals(), { devices: { ...none, active: 1, suspended: 2, revoked: 1 }, reports: 3 });
  });

  void test(
    `${flavour}: suspend, restore, revoke: the device receives each decision, and revoked is final`,
    { skip },
    async (t) => {
      const server = await serve(t, {}, flavour);
      const device = await enrolled(server);
      const path = `/v1/devices/${hex(device.id)}`;
      const report = async (): Promise<unknown> => {
        const verdict = await exchange.report(device, server.url, text("x"));
        return verdict.kind === "refused" ? `${verdict.reason} ${verdict.signed}` : verdict.kind;
      };
      assert.equal(await report(), "accepted");
      assert.equal((await post(server, `${path}/suspend`, { reason: "strange" })).status, 200);
      assert.equal((await post(server, `${path}/suspend`, {})).status, 409);
      assert.equal(await report(), "suspended true");
      assert.equal((await post(server, `${path}/restore`, {})).status, 200);
      assert.equal(await report(), "stale-session true");
      assert.equal((await exchange.enrol(device, server.url)).kind, "accepted");
      assert.equal(await report(), "accepted");
      assert.equal((await post(server, `${path}/revoke`, { reason: "stolen" })).status, 200);
      assert.equal(await report(), "revoked true");
      for (const verb of ["restore", "suspend", "revoke"])
        assert.equal((await post(server, `${path}/${verb}`, {})).status, 409);
      const again = await exchange.enrol(device, server.url);
      assert.ok(again.kind === "refused" && again.reason === "revoked" && again.signed);
      assert.equal((await post(server, `/v1/devices/${"00".repeat(32)}/revoke`, {})).status, 404);
      const log = (await ask(server, server.adminToken, "/v1/log")).body.entries.map(
        (entry: { action: string }) => entry.action,
      );
      assert.deepEqual(log, ["revoke", "restore", "suspend", "enrol", "token"]);
    },
  );

  void test(
    `${flavour}: policy claim: a claim admits one device, once, in time; only its hash is kept`,
    { skip },
    async (t) => {
      const server = await serve(t, { policy: "claim" }, flavour);
      const expiresAt = server.clock.now + 60_000;
      const made = (await post(server, "/v1/claims", { count: 3, expiresAt })).body.claims as string[];
      const claims = made.map((claim) => new Uint8Array(Buffer.from(claim, "hex")));
      const stored = JSON.stringify(await rows(server));
      for (const claim of made) assert.ok(!stored.includes(claim));
      const denied = async (claim?: Uint8Array): Promise<void> => {
        const before = await rows(server);
        const device = server.device(claim === undefined ? {} : { claim });
        const { reason, status, signed } = await refusal(
          server,
          "enrol",
          device.enrol(await exchange.challenge(server.url)),
        );
        assert.deepEqual([reason, status, signed], ["not-invited", 403, false]);
        assert.deepEqual(await rows(server), before);
      };
      await denied();
      await denied(new Uint8Array(16));
      const guess = claims[0]!.slice();
      guess[15]! ^= 1;
      await denied(guess);
      const device = await enrolled(server, { claim: claims[0]! });
      assert.equal((await exchange.enrol(device, server.url)).kind, "accepted", "it comes again with the same claim");
      await denied(claims[0]!);
      const raced = [server.device({ claim: claims[1]! }), server.device({ claim: claims[1]! })];
      const results = await Promise.all(raced.map((one) => exchange.enrol(one, server.url)));
      assert.deepEqual(results.map((one) => one.kind).toSorted(), ["accepted", "refused"]);
      server.clock.pass(expiresAt + 1 - server.clock.now);
      await denied(claims[2]!);
    },
  );

  void test(
    `${flavour}: one key with two claims is a duplicate key once it reports: an alarm, and the second claim stays valid`,
    { skip },
    async (t) => {
      const server = await serve(t, { policy: "claim" }, flavour);
      const { body } = await post(server, "/v1/claims", { count: 2, expiresAt: server.clock.now + 60_000 });
      const [first, second] = (body.claims as string[]).map((claim) => new Uint8Array(Buffer.from(claim, "hex")));
      const seed = new Uint8Array(32).fill(4);
      await enrolled(server, { seed, claim: first! });
      const before = await rows(server);
      const twin = await enrolled(server, { seed, claim: second! });
      assert.equal((await exchange.report(twin, server.url, text("x"))).kind, "accepted");
      assert.deepEqual((await rows(server))["claims"], before["claims"]);
      const alarms = (await ask(server, server.adminToken, "/v1/alarms")).body.alarms;
      assert.match(alarms[0].detail.what, /duplicate key: another claim/);
      await enrolled(server, { claim: second! });
    },
  );

  void test(`${flavour}: policy allowlist: admits the listed ids and no others`, { skip }, async (t) => {
    const server = await serve(t, { policy: "allowlist" }, flavour);
    const [known, stranger] = [server.device(), server.device()];
    assert.deepEqual((await post(server, "/v1/invitations", { ids: [hex(known.id)] })).body, { added: 1 });
    assert.deepEqual((await post(server, "/v1/invitations", { ids: [hex(known.id)] })).body, { added: 0 });
    assert.equal((await exchange.enrol(known, server.url)).kind, "accepted");
    const verdict = await exchange.enrol(stranger, server.url);
    assert.ok(verdict.kind === "refused" && verdict.reason === "not-invited");
  });

  void test(
    `${flavour}: downlinks come one an answer, in order, until they are acknowledged or expired`,
    { skip },
    async (t) => {
      const server = await serve(t, {}, flavour);
      const [device, other] = [await enrolled(server), await enrolled(server)];
      const path = `/v1/devices/${hex(device.id)}/downlinks`;
      const queue = (data: string, ms: number): ReturnType<typeof ask> =>
        post(server, path, { data: hex(text(data)), expiresAt: server.clock.now + ms });
      assert.deepEqual((await queue("one", 60_000)).body, { counter: 1 });
      assert.deepEqual((await queue("void", 1000)).body, { counter: 2 });
      assert.deepEqual((await queue("three", 60_000)).body, { counter: 3 });
      server.clock.now += 2000;
      const got: string[] = [];
      for (let i = 0; i < 5; i++) {
        const verdict = await exchange.report(device, server.url, text("x"));
        assert.ok(verdict.kind === "accepted");
        got.push(verdict.downlinks.map((downlink) => Buffer.from(downlink.data).toString()).join());
      }
      assert.deepEqual(got, ["one", "three", "", "", ""]);
      const verdict = await exchange.report(other, server.url, text("x"));
      assert.ok(verdict.kind === "accepted" && verdict.downlinks.length === 0);
      // One whose answer was lost gets it again, and acts upon it once.
      await queue("four", 60_000);
      const report = device.report(text("y"));
      const lost = await exchange.post(server.url + exchange.PATHS.reports, "application/cbor-seq", report);
      assert.ok(lost.body.length > 300);
      const again = await exchange.send(device, server.url, [report]);
      assert.ok(again.kind === "accepted" && again.downlinks.length === 1);
      assert.equal(
        (await post(server, `/v1/devices/${"00".repeat(32)}/downlinks`, { data: "", expiresAt: 1 })).status,
        404,
      );
    },
  );

  void test(`${flavour}: a token allows the acts of its scope, and nothing after its end`, { skip }, async (t) => {
    const server = await serve(t, {}, flavour);
    const device = await enrolled(server);
    const path = `/v1/devices/${hex(device.id)}`;
    const make = async (scope: string): Promise<string> =>
      (await post(server, "/v1/tokens", { name: scope, scope })).body.token as string;
    const [read, operate] = [await make("read"), await make("operate")];
    const stored = JSON.stringify(await rows(server));
    assert.ok(!stored.includes(read) && !stored.includes(operate));
    const status = async (token: string | undefined, method: string, where: string): Promise<number> =>
      (await ask(server, token, where, method === "GET" ? {} : { method, body: "{}" })).status;
    const table: [string, string, readonly number[]][] = [
      ["GET", "/v1/devices", [401, 200, 200]],
      ["GET", `${path}/export`, [401, 200, 200]],
      ["GET", "/metrics", [401, 200, 200]],
      ["GET", "/v1/log", [401, 200, 200]],
      ["POST", `${path}/suspend`, [401, 403, 200]],
      ["POST", `${path}/restore`, [401, 403, 200]],
      ["POST", `${path}/revoke`, [401, 403, 403]],
      ["POST", "/v1/tokens", [401, 403, 403]],
      ["POST", "/v1/tokens/end", [401, 403, 403]],
      ["POST", "/v1/claims", [401, 403, 400]],
      ["POST", "/v1/invitations", [401, 403, 400]],
    ];
    for (const [method, where, expected] of table) {
      for (const [i, token] of [undefined, read, operate].entries()) {
        assert.equal(await status(token, method, where), expected[i], `${method} ${where} ${i}`);
      }
    }
    assert.deepEqual((await post(server, "/v1/tokens/end", { name: "read" })).body, { ended: 1 });
    assert.equal(await status(read, "GET", "/v1/devices"), 401);
  });
}

void test("a request that does not match the schemas is refused, and changes no row", async (t) => {
  const server = await serve(t);
  const device = await enrolled(server);
  const before = await rows(server);
  const wrong: [string, string][] = [
    ["/v1/claims", JSON.stringify({ count: 0, expiresAt: 1 })],
    ["/v1/claims", JSON.stringify({ count: 1e9, expiresAt: 1 })],
    ["/v1/claims", JSON.stringify({ count: 1, expiresAt: 1, more: 1 })],
    ["/v1/claims", "not json"],
    ["/v1/claims", "[]"],
    ["/v1/invitations", JSON.stringify({ ids: ["xx"] })],
    ["/v1/tokens", JSON.stringify({ name: "x", scope: "root" })],
    ["/v1/tokens", JSON.stringify({ name: "x".repeat(101), scope: "read" })],
    [`/v1/devices/${hex(device.id)}/downlinks`, JSON.stringify({ data: "0", expiresAt: 1 })],
    [`/v1/devices/${hex(device.id)}/downlinks`, JSON.stringify({ data: "00".repeat(513), expiresAt: 1 })],
    [`/v1/devices/${hex(device.id)}/revoke`, JSON.stringify({ reason: 7 })],
  ];
  for (const [path, body] of wrong)
    assert.equal((await ask(server, server.adminToken, path, { method: "POST", body })).status, 400, `${path} ${body}`);
  assert.equal(
    (await ask(server, server.adminToken, "/v1/claims", { method: "POST", body: "x".repeat(40_000) })).status,
    413,
  );
  const { body } = await ask(server, server.adminToken, "/v1/claims", { method: "POST", body: "not json" });
  assert.equal(body.detail, "the body is not JSON");
  assert.deepEqual(await rows(server), before);
});

void test("events are streamed as they happen, to holders of a token", async (t) => {
  const server = await serve(t);
  const device = await enrolled(server);
  assert.equal((await fetch(`${server.url}/v1/events`)).status, 401);
  const control = new AbortController();
  const response = await fetch(`${server.url}/v1/events`, {
    headers: { authorization: `Bearer ${server.adminToken}` },
    signal: control.signal,
  });
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  const opened = await readUntil(reader, "listening");
  await exchange.report(device, server.url, text("live"));
  const seen = await readUntil(reader, '"counter":1', opened);
  assert.match(seen, /event: report\ndata: \{.*"verdict":"accepted".*"data":"6c697665"/);
  control.abort();
});

void test("an export contains the whole chain, and verifies offline", async (t) => {
  const server = await serve(t);
  const device = await enrolled(server);
  for (let i = 0; i < 40; i++)
    await exchange.send(device, server.url, device.reports(Array.from({ length: 20 }, (_, n) => text(`${i}.${n}`))));
  const { body } = await ask(server, server.adminToken, `/v1/devices/${hex(device.id)}/export`);
  const lines = (body as string).trim().split("\n");
  assert.equal(lines.length, 800);
  const { verifyReport, readMessages } = await import("../../tools/server/verify.ts");
  const messages = readMessages(text(body as string));
  const found = messages.map((bytes) => verifyReport(bytes, device.key.publicKey));
  assert.deepEqual(
    found.map(({ counter }) => counter),
    Array.from({ length: 800 }, (_, i) => i + 1),
  );
});

/** Compare the dashboard for Grafana with the metrics: each query names families that are there, and no panel lies on another. */
function checkDashboard(text: string): void {
  const known = new Map([...text.matchAll(/^# TYPE (\w+) (\w+)$/gm)].map(([, name, type]) => [name!, type!]));
  const kindOf = (name: string): string | undefined => {
    const histogram = known.get(name.replace(/_(bucket|sum|count)$/, ""));
    // These two need a webhook.
    return (
      known.get(name) ??
      (histogram === "histogram" ? "counter" : name.startsWith("signet_webhook_") ? "gauge" : undefined)
    );
  };
  const { panels } = JSON.parse(readFileSync("tools/server/grafana.json", "utf8")) as Json;
  const taken = new Set<string>();
  assert.ok(panels.length > 10);
  assert.equal(new Set(panels.map(({ id }: Json) => id)).size, panels.length);
  for (const { title, gridPos, targets } of panels) {
    for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++)
      for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
        assert.ok(x < 24 && !taken.has(`${x} ${y}`), title);
        taken.add(`${x} ${y}`);
      }
    for (const { expr } of targets) {
      const names = [...expr.matchAll(/\bsignet_\w+/g)].map(([name]) => name);
      assert.ok(names.length > 0, expr);
      // A counter is of use as a rate, and a gauge is not.
      for (const name of names)
        assert.equal(kindOf(name), /rate\(/.test(expr) ? "counter" : "gauge", `${title}: ${name}`);
    }
  }
}

void test("metrics, health, readiness and the OpenAPI document", async (t) => {
  const server = await serve(t);
  const device = await enrolled(server);
  await exchange.report(device, server.url, text("x"));
  await refusal(server, "reports", text("x"));
  const { body } = await ask(server, server.adminToken, "/metrics");
  for (const line of [
    "signet_enrolments_total 1",
    "signet_reports_total 1",
    'signet_refusals_total{reason="malformed"} 1',
    'signet_request_seconds_bucket{request="report",le="0.001"} 2',
    'signet_request_seconds_bucket{request="report",le="+Inf"} 2',
    'signet_request_seconds_count{request="enrol"} 1',
    "signet_requests_in_progress 0",
    "signet_database_up 1",
    'signet_alarms_open{kind="fork"} 0',
    'signet_rule_devices{kind="silent"} 0',
  ]) {
    assert.ok((body as string).includes(`\n${line}\n`), line);
  }
  assert.ok(Number(/^signet_database_bytes (\d+)$/m.exec(body as string)![1]) > 100_000);
  assert.ok(Number(/^signet_connections (\d+)$/m.exec(body as string)![1]) >= 1);
  checkDashboard(body as string);
  assert.equal((await ask(server, undefined, "/healthz")).body, "ok");
  assert.equal((await ask(server, undefined, "/readyz")).body, "ready");
  const api = (await ask(server, undefined, "/openapi.json")).body;
  assert.equal(api.openapi, "3.1.0");
  const { get } = api.paths["/v1/devices/{id}/reports"];
  assert.deepEqual(
    get.parameters.map((one: { name: string; in: string }) => `${one.in} ${one.name}`),
    ["path id", "query limit", "query since", "query until", "query after"],
  );
  assert.deepEqual(api.paths["/v1/claims"].post.requestBody.content["application/json"].schema.required, [
    "count",
    "expiresAt",
  ]);
});
