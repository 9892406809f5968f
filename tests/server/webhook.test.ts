// weight: 16 s, 0.4 cores
import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { audit } from "../../tools/server/audit.ts";
import * as httpSignature from "../../tools/server/http_signature.ts";
import * as keyFile from "../../tools/server/keys.ts";
import { startServer } from "../../tools/server/server.ts";
import { sealed } from "../../tools/server/seal.ts";
import { Store } from "../../tools/server/store/store.ts";
import { verifyReport } from "../../tools/server/verify.ts";
import { checkAddress } from "../../tools/server/webhook.ts";
import { Trouble } from "../../tools/trouble.ts";
import { fromHex, hex } from "../../tools/wire/bytes.ts";
import * as ed25519 from "../../tools/wire/ed25519.ts";
import * as exchange from "../../tools/wire/exchange.ts";
import { FLAVOURS, ask, enrolled, missing, text } from "./harness.ts";
import { QUICK, atLeastOnce, receiver, serveFor, told, until } from "./receiver.ts";

for (const flavour of FLAVOURS) {
  void test(
    `${flavour}: reports and decisions are posted in order, signed, and again after a failure`,
    { skip: missing(flavour) },
    async (t) => {
      const to = await receiver(t);
      to.answers = [500, "cut", "elsewhere", 404, 204, 503, 302, 500];
      const server = await serveFor(t, to, flavour);
      const devices = await Promise.all(Array.from({ length: 3 }, () => enrolled(server)));
      for (let n = 0; n < 4; n++)
        for (const device of devices)
          assert.equal(
            (await exchange.send(device, server.url, device.reports([text("a"), text("b")]))).kind,
            "accepted",
          );
      const many = await enrolled(server);
      for (let n = 0; n < 8; n++)
        await exchange.send(many, server.url, many.reports(Array.from({ length: 32 }, () => text("many"))));
      const path = `/v1/devices/${hex(devices[0]!.id)}/suspend`;
      await ask(server, server.adminToken, path, { method: "POST", body: "{}" });
      await until(
        () => told(to).get("log")?.at(-1) === 6 && told(to).get(hex(many.id))?.at(-1) === 256,
        "not all items were posted",
      );
      for (const device of devices) atLeastOnce(told(to).get(hex(device.id)), 8);
      atLeastOnce(told(to).get(hex(many.id)), 256);
      atLeastOnce(told(to).get("log"), 6);
      assert.deepEqual(to.faults, []);
      assert.equal(server.webhook!.counts.failures, 7);
      // One message has one id, also when it is posted again.
      assert.equal(new Set(to.ids.map(([id]) => id)).size, new Set(to.ids.map(([, body]) => body)).size);
      assert.equal(new Set(to.ids.map((one) => one.join())).size, new Set(to.ids.map(([id]) => id)).size);
      const types = to.taken.map(
        ({ kind, action, type }) => type === (kind === "report" ? "report.stored" : `log.${action}`),
      );
      assert.ok(types.every(Boolean) && to.ids.every(([, body]) => body.startsWith('{"type":"signet.items",')));
      for (const item of to.taken.filter(({ kind }) => kind === "report")) {
        const device = [...devices, many].find(({ id }) => hex(id) === item.device)!;
        assert.equal(verifyReport(fromHex(item.message)!, device.key.publicKey).counter, item.counter);
      }
      const { body: metrics } = await ask(server, server.adminToken, "/metrics");
      assert.match(metrics, /^signet_webhook_failures 7$/m);
      const requests = to.requests;
      await pause(300);
      assert.equal(to.requests, requests, "no accepted item is posted twice");
      assert.deepEqual((await audit(server.store, keyFile.load(server.options.key!))).findings, []);
      const again = await server.restart();
      await exchange.report(many, again.url, text("after a restart"));
      await until(() => told(to).get(hex(many.id))?.at(-1) === 257, "not posted after a restart");
      assert.equal(to.requests, requests + 1);
    },
  );
}

void test("a receiver that is away for long: requests become rare, devices are not affected, and then it gets all items", async (t) => {
  const to = await receiver(t);
  const server = await serveFor(t, to, "sqlite", { firstRetryMs: 40, lastRetryMs: 400 });
  to.answers = Array.from({ length: 1000 }, () => 503);
  const device = await enrolled(server);
  const began = performance.now();
  for (let n = 0; n < 20; n++) assert.equal((await exchange.report(device, server.url, text("x"))).kind, "accepted");
  await until(() => to.requests >= 9, "not asked again");
  // Doubled each time from 32 ms on: 0.03 + 0.06 + 0.13 + 0.26 s, and a third of a second from then on, with two items each time.
  const most = 6 + (2 * (performance.now() - began)) / 320;
  assert.ok(to.requests <= most, `${to.requests} requests, at most ${most}`);
  // Nothing is new: the same messages come again, each with its id, and none is set aside.
  const before = to.requests;
  await until(() => to.requests >= before + 12, "not asked again");
  const later = new Set(to.ids.slice(before).map(([id]) => id));
  assert.ok(later.size <= 3, `${later.size} messages`);
  assert.deepEqual((await ask(server, server.adminToken, "/v1/letters")).body, { letters: [], next: null });
  to.answers = [];
  await until(() => told(to).get(hex(device.id))?.at(-1) === 20, "not told");
  atLeastOnce(told(to).get(hex(device.id)), 20);
});

void test("a receiver that accepts a request and does not answer: it is posted again", async (t) => {
  const to = await receiver(t);
  to.answers = ["silence"];
  const server = await serveFor(t, to, "sqlite", { timeoutMs: 1000 });
  const device = await enrolled(server);
  await exchange.report(device, server.url, text("x"));
  await until(() => told(to).get(hex(device.id))?.at(-1) === 1, "not told");
  assert.ok(to.requests >= 2 && server.webhook!.counts.failures >= 1, `${to.requests} requests`);
});

void test(
  "of two instances one delivers the reports of both; another takes over when it ends, or its lease expires",
  { skip: missing("postgres") },
  async (t) => {
    const to = await receiver(t);
    const first = await serveFor(t, to, "postgres");
    const second = await startServer(first.options);
    const third = await startServer(first.options);
    t.after(() => Promise.all([second.close(), third.close()]));
    const device = await enrolled(first);
    const servers = [first, second, third];
    for (let n = 0; n < 30; n++)
      assert.equal((await exchange.report(device, servers[n % 3]!.url, text("x"))).kind, "accepted");
    await until(() => told(to).get(hex(device.id))?.at(-1) === 30, "not told");
    assert.deepEqual(
      told(to).get(hex(device.id)),
      Array.from({ length: 30 }, (_, i) => i + 1),
      "told once, in order",
    );
    const who = (): number[] => servers.map((server) => server.webhook!.counts.delivered);
    await until(() => who().some((count) => count >= 30), "not counted");
    const working = who().findIndex((count) => count > 0);
    assert.equal(who().filter((count) => count > 0).length, 1, who().join());
    // It ends: its lease is given back, and another has it at once.
    const rest = servers.filter((_, i) => i !== working);
    await servers[working]!.close();
    await exchange.report(device, rest[0]!.url, text("x"));
    await until(() => told(to).get(hex(device.id))?.at(-1) === 31, "not taken over");
    // It does not respond: a lease ends if it is not renewed.
    await until(() => rest.some((server) => server.webhook!.counts.delivered > 0), "not counted");
    const silent = rest.find((server) => server.webhook!.counts.delivered > 0)!;
    // One that is gone has it from now on: so the end of the one that had it does not give it back.
    const { store } = rest[0]!;
    const { name, until: end } = await store.read.selectFrom("leases").selectAll().executeTakeFirstOrThrow();
    const gone = sealed(keyFile.load(first.options.key!).seal, "leases", { name, until: end, holder: "gone" });
    await store.read.updateTable("leases").set(gone).execute();
    await silent.webhook!.close();
    const last = rest.find((server) => server !== silent)!;
    await exchange.report(device, last.url, text("x"));
    await pause(300);
    assert.equal(told(to).get(hex(device.id))!.at(-1), 31, "the lease belongs to another instance");
    first.clock.now += QUICK.leaseMs + 1;
    await until(() => told(to).get(hex(device.id))?.at(-1) === 32, "not taken over from one that is silent");
  },
);

void test("a writer of the database: a cursor or a lease without the server's seal hides nothing, and the audit names it", async (t) => {
  const to = await receiver(t);
  const server = await serveFor(t, to, "sqlite");
  const device = await enrolled(server);
  await exchange.report(device, server.url, text("x"));
  await until(() => told(to).get(hex(device.id))?.length === 1, "not told");
  await server.close();
  const store = await Store.open(server.options.database);
  const seal = new Uint8Array(32);
  await store.read
    .updateTable("leases")
    .set({ holder: "thief", until: 2 ** 50, seal })
    .execute();
  await store.read.updateTable("deliveries").set({ seal }).execute();
  const { findings } = await audit(store, keyFile.load(server.options.key!));
  await store.close();
  assert.deepEqual(findings.map(({ table }) => table).toSorted(), ["deliveries", "deliveries", "leases"]);
  const again = await server.restart();
  await exchange.report(device, again.url, text("y"));
  await until(() => told(to).get(hex(device.id))?.at(-1) === 2, "a planted lease holds");
  assert.deepEqual(told(to).get(hex(device.id)), [1, 1, 2]);
});

void test("malformed addresses are refused at the start", () => {
  for (const wrong of [
    "",
    "example.com",
    "ftp://x/",
    "file:///etc/passwd",
    "http://user:pass@x/",
    "https://u@x/",
    "http://x/#y",
  ])
    assert.throws(
      () => checkAddress(wrong),
      (error) => error instanceof Trouble && !/pass@/.test(error.message),
      wrong,
    );
});

/** RFC 9421, appendix B.2.6 and B.1.4. */
void test("the signature is RFC 9421's", () => {
  const der = Buffer.from("MC4CAQAwBQYDK2VwBCIEIJ+DYvh6SEqVTm50DFtMDoQikTmiCqirVv9mWG9qfSnF", "base64");
  const components = [
    ["date", "Tue, 20 Apr 2021 02:07:55 GMT"],
    ["@method", "POST"],
    ["@path", "/foo"],
    ["@authority", "example.com"],
    ["content-type", "application/json"],
    ["content-length", "18"],
  ] as const;
  const made = httpSignature.sign(
    "sig-b26",
    components,
    1618884473,
    "test-key-ed25519",
    ed25519.fromSeed(der.subarray(-32)),
  );
  assert.equal(
    made.input,
    'sig-b26=("date" "@method" "@path" "@authority" "content-type" "content-length");created=1618884473;keyid="test-key-ed25519"',
  );
  assert.equal(
    made.signature,
    "sig-b26=:wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu4A0w6vuQv5lIp5WPpBKRCw==:",
  );
  const body = Buffer.from('{"hello": "world"}');
  assert.equal(httpSignature.contentDigest(body), "sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:");
});
