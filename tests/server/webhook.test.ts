// weight: 20 s, 0.4 cores
import assert from "node:assert/strict";
import { createHash, createPublicKey, verify, type KeyObject } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { test, type TestContext } from "node:test";
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
import { concat, fromHex, hex } from "../../tools/wire/bytes.ts";
import * as ed25519 from "../../tools/wire/ed25519.ts";
import * as exchange from "../../tools/wire/exchange.ts";
import { FLAVOURS, ask, enrolled, missing, serve, text, type Fixture } from "./harness.ts";

/** No request takes as long as `timeoutMs`, however busy the machine is; leases run by the test's clock. */
const QUICK = { restMs: 5, pollMs: 50, timeoutMs: 120_000, firstRetryMs: 20, lastRetryMs: 100, leaseMs: 30_000 };

interface Item {
  readonly kind: "report" | "entry";
  readonly device: string | null;
  readonly counter: number;
  readonly seq: number;
  readonly action: string;
  readonly type: string;
  readonly message: string;
}

interface Receiver {
  readonly url: string;
  /** Every item of every request that was answered 2xx. */
  readonly taken: Item[];
  /** Requests, whatever the answer. */
  requests: number;
  /** Answers to the next requests, in order. */
  answers: (number | "silence" | "cut" | "elsewhere")[];
  /** The `webhook-id` of each request, and its body. */
  readonly ids: [id: string, body: string][];
  /** The faults of a request. */
  readonly faults: string[];
  key: Uint8Array | undefined;
}

function publicKey(raw: Uint8Array): KeyObject {
  const der = concat(Buffer.from("302a300506032b6570032100", "hex"), raw);
  return createPublicKey({ key: Buffer.from(der), format: "der", type: "spki" });
}

/** Check a request as the operator's guide says, by nothing but the server's public key; what is wrong with it. */
function fault(request: IncomingMessage, url: string, body: Buffer, key: Uint8Array): string | undefined {
  const header = (name: string): string => String(request.headers[name] ?? "");
  const digest = `sha-256=:${createHash("sha256").update(body).digest("base64")}:`;
  if (header("content-digest") !== digest) return "digest";
  const [, params, keyid] =
    /^signet=(\("@method" "@target-uri" "content-type" "content-digest"\);created=\d+;keyid="(\w+)")$/.exec(
      header("signature-input"),
    ) ?? [];
  if (params === undefined) return "signature-input";
  if (
    keyid !==
    hex(
      createHash("sha256")
        .update(concat(fromHex("a301012006215820")!, key))
        .digest(),
    )
  )
    return "keyid";
  const lines = [
    `"@method": ${request.method}`,
    `"@target-uri": ${url}`,
    `"content-type": ${header("content-type")}`,
    `"content-digest": ${digest}`,
    `"@signature-params": ${params}`,
  ];
  const [, signature] = /^signet=:([\w+/=]+):$/.exec(header("signature")) ?? [];
  if (!verify(null, Buffer.from(lines.join("\n")), publicKey(key), Buffer.from(signature ?? "", "base64")))
    return "signature";
  return standardFault(header, body, key);
}

/** Check a request as Standard Webhooks says, with the public key of the server; what is wrong with it. */
function standardFault(header: (name: string) => string, body: Buffer, key: Uint8Array): string | undefined {
  const [id, timestamp] = [header("webhook-id"), header("webhook-timestamp")];
  if (!/^msg_[\w-]{32}$/.test(id)) return "webhook-id";
  if (!/^\d{10}$/.test(timestamp) || !header("signature-input").includes(`created=${timestamp};`))
    return "webhook-timestamp";
  const [, signature = ""] = /^v1a,([\w+/=]+)$/.exec(header("webhook-signature")) ?? [];
  const signed = Buffer.from(`${id}.${timestamp}.${body.toString()}`);
  return verify(null, signed, publicKey(key), Buffer.from(signature, "base64")) ? undefined : "webhook-signature";
}

/** A receiver that checks every request. */
async function receiver(t: TestContext): Promise<Receiver> {
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on("data", (part: Buffer) => parts.push(part));
    request.on("end", () => {
      const body = Buffer.concat(parts);
      made.requests++;
      const wrong = fault(request, made.url, body, made.key!);
      made.ids.push([String(request.headers["webhook-id"]), body.toString()]);
      if (wrong !== undefined) made.faults.push(wrong);
      const answer = made.answers.shift() ?? 204;
      if (answer === "silence") return;
      if (answer === "cut") return void request.socket.destroy();
      if (answer === "elsewhere") return void response.writeHead(307, { location: `${made.url}&elsewhere` }).end();
      if (answer >= 200 && answer < 300) made.taken.push(...(JSON.parse(body.toString()).items as Item[]));
      response.writeHead(answer).end(answer === 204 ? undefined : "x".repeat(100_000));
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const made: Receiver = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/in?from=signet`,
    taken: [],
    requests: 0,
    answers: [],
    faults: [],
    ids: [],
    key: undefined,
  };
  return made;
}

async function until(holds: () => boolean, what: string): Promise<void> {
  for (let left = 3000; left > 0; left--) {
    if (holds()) return;
    await pause(10);
  }
  assert.fail(what);
}

/** Return the delivered counters of each device, and the delivered entries of the log. */
function told({ taken }: Receiver): Map<string, number[]> {
  const out = new Map<string, number[]>();
  for (const item of taken) {
    const name = item.kind === "entry" ? "log" : item.device!;
    out.set(name, [...(out.get(name) ?? []), item.kind === "entry" ? item.seq : item.counter]);
  }
  return out;
}

/** Numbers from 1, each the one after or one that was there: told at least once, and in order. */
function atLeastOnce(found: readonly number[] | undefined, most: number): void {
  let next = 1;
  for (const number of found ?? []) {
    assert.ok(number <= next, `${number} before ${next}`);
    if (number === next) next++;
  }
  assert.equal(next, most + 1);
}

async function serveFor(t: TestContext, to: Receiver, flavour: "sqlite" | "postgres", times = {}): Promise<Fixture> {
  const server = await serve(
    t,
    { webhook: to.url, webhookTimes: { ...QUICK, ...times }, onError: () => undefined },
    flavour,
  );
  to.key = server.publicKey;
  return server;
}

for (const flavour of FLAVOURS) {
  void test(
    `${flavour}: reports and decisions are posted in order, signed, and again after a failure`,
    { skip: missing(flavour) },
    async (t) => {
      const to = await receiver(t);
      to.answers = [500, "cut", "elsewhere", 404, 503, 302, 204, 500];
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
  // Doubled each time from 32 ms on: 0.03 + 0.06 + 0.13 + 0.26 s, and a third of a second from then on.
  const most = 6 + (performance.now() - began) / 320;
  assert.ok(to.requests <= most, `${to.requests} requests, at most ${most}`);
  // Nothing is new: the same message comes again, with its id.
  const before = to.requests;
  await until(() => to.requests >= before + 2, "not asked again");
  assert.deepEqual(to.ids[before + 1], to.ids[before]);
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
