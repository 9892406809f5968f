// weight: 11 s, 0.3 cores
import assert from "node:assert/strict";
import { connect, type Socket } from "node:net";
import { test } from "node:test";
import { concat, hex } from "../../tools/wire/bytes.ts";
import { decode, encode, type Value } from "../../tools/wire/cbor.ts";
import * as keyFile from "../../tools/server/keys.ts";
import * as ed25519 from "../../tools/wire/ed25519.ts";
import * as exchange from "../../tools/wire/exchange.ts";
import { hash } from "../../tools/wire/key.ts";
import * as messages from "../../tools/wire/messages.ts";
import { open, seal } from "../../tools/wire/sign1.ts";
import { AUDIENCE, ask, enrolled, refusal, rows, serve, text, type Fixture } from "./harness.ts";

/** Send raw bytes, and return what comes back until the server closes, or `ms` pass. */
function raw(
  server: Fixture,
  bytes: string | Uint8Array,
  ms = 5000,
): Promise<{ answer: string; closed: boolean; took: number }> {
  return new Promise((resolve) => {
    const began = Date.now();
    let answer = "";
    const socket: Socket = connect(server.port, "127.0.0.1", () => socket.write(bytes));
    const end = (closed: boolean): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve({ answer, closed, took: Date.now() - began });
    };
    const timer = setTimeout(() => end(false), ms);
    socket.on("data", (part) => (answer += part.toString("latin1")));
    socket.on("close", () => end(true));
    socket.on("error", () => undefined);
  });
}

async function serves(server: Fixture): Promise<void> {
  const device = await enrolled(server);
  assert.equal((await exchange.report(device, server.url, text("x"))).kind, "accepted");
}

void test("squatting an id: no enrolment under an id of a foreign key", async (t) => {
  const server = await serve(t);
  const victim = server.device();
  const thief = server.device();
  const nonce = await exchange.challenge(server.url);
  const before = await rows(server);
  // The victim's id over the thief's key, the thief's id over the victim's key, the victim's both with the thief's signature.
  const claims = (key: Uint8Array): Uint8Array =>
    encode(
      new Map<number, Value>([
        [3, AUDIENCE],
        [7, new Uint8Array(16)],
        [
          8,
          new Map([
            [
              1,
              new Map<number, Value>([
                [1, 1],
                [-1, 6],
                [-2, key],
              ]),
            ],
          ]),
        ],
        [10, nonce],
        [259, text("m")],
        [267, 1],
        [270, "s"],
        [271, ["1"]],
      ]),
    );
  const attempts: [Uint8Array, messages.ReasonName][] = [
    [seal("enrol", victim.id, thief.key, claims(thief.key.publicKey)), "malformed"],
    [seal("enrol", thief.id, thief.key, claims(victim.key.publicKey)), "malformed"],
    [seal("enrol", victim.id, thief.key, claims(victim.key.publicKey)), "bad-signature"],
  ];
  for (const [body, reason] of attempts) assert.equal((await refusal(server, "enrol", body)).reason, reason);
  assert.deepEqual(await rows(server), before);
});

void test("speaking for another device: its kid under another signature, its signature over other claims", async (t) => {
  const server = await serve(t);
  const [victim, thief] = [await enrolled(server), await enrolled(server)];
  await exchange.report(victim, server.url, text("mine"));
  const genuine = victim.report(text("next"));
  const before = await rows(server);
  const parts = open(genuine);
  const attempts = [
    seal("report", victim.id, thief.key, parts.payload),
    concat(seal("report", victim.id, thief.key, parts.payload).subarray(0, -64), parts.signature),
    concat(thief.report(text("theirs")).subarray(0, -64), parts.signature),
  ];
  // The second is the victim's own report, bit for bit: the sender does not matter.
  assert.deepEqual(attempts[1], genuine);
  assert.equal((await refusal(server, "reports", attempts[0]!)).reason, "bad-signature");
  assert.equal((await refusal(server, "reports", attempts[2]!)).reason, "bad-signature");
  assert.deepEqual(await rows(server), before);
});

void test("small-order and non-canonical keys cannot be registered", async (t) => {
  const server = await serve(t);
  const before = await rows(server);
  const keys = [new Uint8Array(32), Uint8Array.of(1, ...new Uint8Array(31)), new Uint8Array(32).fill(0xff)];
  for (const publicKey of keys) {
    const forged = { ...ed25519.fromSeed(new Uint8Array(32)), publicKey };
    const nonce = await exchange.challenge(server.url);
    const body = messages.sealEnrol(forged, {
      audience: AUDIENCE,
      cti: new Uint8Array(16),
      nonce,
      model: text("m"),
      bootCount: 1,
      software: "s",
      version: "1",
    });
    assert.equal((await refusal(server, "enrol", body)).reason, "bad-signature");
  }
  assert.deepEqual(await rows(server), before);
});

void test("replay across servers: another audience, another server's nonce", async (t) => {
  const [here, there] = [await serve(t), await serve(t, { audience: "signet.there" })];
  const device = await enrolled(here);
  const report = device.report(text("x"));
  const twin = there.device({ seed: device.key.object.export({ format: "der", type: "pkcs8" }).subarray(-32) });
  await exchange.enrol(twin, there.url);
  assert.deepEqual(await refusal(there, "reports", report), { reason: "wrong-audience", status: 403, signed: true });
  // Same audience name by another operator: its nonces are still not ours.
  const namesake = await serve(t);
  const body = device.enrol(await exchange.challenge(namesake.url));
  assert.equal((await refusal(here, "enrol", body)).reason, "stale-nonce");
});

void test("forged answers: a device accepts none that its server did not sign", async (t) => {
  const [server, other] = [await serve(t), await serve(t)];
  const device = await enrolled(server);
  const report = device.report(text("x"));
  const about = hash(report);
  const forger = ed25519.fromSeed(new Uint8Array(32).fill(9));
  const claims = { issuer: AUDIENCE, issuedAt: 1, device: device.id, counter: 1, about };
  const type = "application/cbor-seq";
  assert.equal(device.received({ type, body: messages.sealReceipt(forger, claims) }, report).kind, "ignored");
  const twin = other.device({ seed: device.key.object.export({ format: "der", type: "pkcs8" }).subarray(-32) });
  await exchange.enrol(twin, other.url);
  const foreign = await exchange.post(other.url + exchange.PATHS.reports, type, report);
  assert.equal(foreign.status, 409, "it belongs to no session of that server");
  assert.equal(device.received(foreign, report).kind, "ignored");
  const theirs = keyFile.load(other.options.key!).signing;
  assert.equal(device.received({ type, body: messages.sealReceipt(theirs, claims) }, report).kind, "ignored");
  assert.equal(device.head.counter, 0);
});

void test("SQL and markup in every field a device or an operator fills in", async (t) => {
  const server = await serve(t);
  const nasty = "'); DROP TABLE devices;--";
  const device = await enrolled(server, { model: nasty, software: "\"'`<script>&\0", version: "$1 ?1 :x %s" });
  const data = text("x'); DELETE FROM reports; --<img src=x onerror=alert(1)>");
  assert.equal((await exchange.report(device, server.url, data)).kind, "accepted");
  const [row] = await server.devices();
  assert.deepEqual([row!.model, row!.software, row!.version], [nasty, "\"'`<script>&\\x00", "$1 ?1 :x %s"]);
  assert.equal((await server.reports(hex(device.id)))[0]!.data, hex(data));
  for (const id of ["' OR 1=1 --", "%27%20OR%201=1", "..%2f..%2fetc", "00".repeat(31) + "'x"]) {
    assert.equal(
      (await ask(server, server.adminToken, `/v1/devices/${encodeURIComponent(id)}/reports`)).status,
      404,
      id,
    );
  }
  const before = await rows(server);
  for (const token of ["' OR '1'='1", "signet_' OR 1=1--", "signet_", "", "signet_" + "A".repeat(32)]) {
    assert.equal((await ask(server, token, "/v1/devices")).status, 401, token);
  }
  assert.deepEqual(await rows(server), before);
});

void test("header tricks: smuggling, splitting and doubled lengths are refused by the door", async (t) => {
  const server = await serve(t);
  const before = await rows(server);
  const post = "POST /v1/reports HTTP/1.1\r\nhost: x\r\ncontent-type: application/cbor-seq\r\n";
  const tricks = [
    `${post}content-length: 1\r\ncontent-length: 2\r\n\r\nxx`,
    `${post}content-length: 1\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`,
    `${post}content-length: -1\r\n\r\n`,
    `${post}content-length: 1e3\r\n\r\n`,
    `${post}transfer-encoding: chunked\r\n\r\nffffffffffffffffff\r\n`,
    `${post}x: a\0b\r\n\r\n`,
    "POST /v1/reports HTTP/9.9\r\n\r\n",
    "\x16\x03\x01\x02\x00\x01\x00",
    `${post.replaceAll("\r\n", "\n")}\n`,
  ];
  for (const trick of tricks) {
    const { answer, closed } = await raw(server, trick, 15_000);
    assert.match(answer, /^HTTP\/1\.1 (400|4\d\d) /, JSON.stringify(trick));
    assert.ok(closed);
  }
  assert.deepEqual(await rows(server), before);
  await serves(server);
});

void test("requests in pieces, pipelined, or with fields of any kind: each has its answer, in order", async (t) => {
  const server = await serve(t);
  const device = await enrolled(server);
  const reports = device.reports(Array.from({ length: 8 }, (_, i) => text(`${i}`)));
  const request = (i: number, more = ""): Uint8Array => {
    const head = `POST /v1/reports HTTP/1.1\r\nHost: x\r\nContent-Length: ${reports[i]!.length}\r\n${more}Content-Type: application/cbor-seq\r\n\r\n`;
    return concat(text(head), reports[i]!);
  };
  const halves = request(4);
  const writes = [
    request(0),
    request(1),
    // While the answer to the one before is awaited, and two at once.
    concat(request(2), request(3)),
    halves.subarray(0, 150),
    halves.subarray(150),
    request(5, "x-any: y\r\n"),
    request(6),
    concat(request(7), text("GET /nothing HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")),
  ];
  for (const pauseMs of [0, 30]) {
    const answer = await new Promise<string>((resolve) => {
      let received = "";
      const socket = connect(server.port, "127.0.0.1", () => {
        void (async () => {
          for (const bytes of writes) {
            socket.write(bytes);
            await new Promise((next) => setTimeout(next, pauseMs));
          }
        })();
      });
      socket.on("data", (part) => (received += part.toString("latin1")));
      socket.on("close", () => resolve(received));
    });
    const statuses = [...answer.matchAll(/HTTP\/1\.1 (\d+) /g)].map((found) => found[1]);
    // The second time all were stored before: they are answered again.
    assert.deepEqual(statuses, [...Array<string>(8).fill("200"), "404"]);
  }
  assert.equal((await server.reports(hex(device.id))).length, 8);
});

void test("oversized requests end at the limit, announced, chunked or in the head", async (t) => {
  const server = await serve(t);
  const type = "content-type: application/cbor-seq\r\n";
  const announced = await raw(
    server,
    `POST /v1/reports HTTP/1.1\r\nhost: x\r\n${type}content-length: 1000000000\r\n\r\n`,
  );
  assert.match(announced.answer, /^HTTP\/1\.1 413 /);
  assert.ok(announced.closed);
  const chunk = "8000\r\n" + "x".repeat(0x8000) + "\r\n";
  const chunked = await raw(
    server,
    `POST /v1/reports HTTP/1.1\r\nhost: x\r\n${type}transfer-encoding: chunked\r\n\r\n${chunk.repeat(3)}0\r\n\r\n`,
  );
  assert.match(chunked.answer, /^HTTP\/1\.1 413 /);
  assert.equal(server.intake.refusals["too-large"], 2);
  const head = await raw(server, `GET / HTTP/1.1\r\nhost: x\r\nx: ${"y".repeat(5000)}\r\n\r\n`);
  assert.match(head.answer, /^HTTP\/1\.1 431 /);
  await serves(server);
});

void test("slow and half-open clients are dropped in time, and do not delay others", async (t) => {
  const limits = { headersTimeoutMs: 400, requestTimeoutMs: 800, keepAliveTimeoutMs: 500 };
  const server = await serve(t, { limits });
  const type = "content-type: application/cbor-seq\r\n";
  const slow = [
    raw(server, ""),
    raw(server, "POST /v1/rep"),
    raw(server, `POST /v1/reports HTTP/1.1\r\nhost: x\r\n${type}content-length: 100\r\n\r\nabc`),
    raw(server, `POST /v1/reports HTTP/1.1\r\nhost: x\r\n${type}transfer-encoding: chunked\r\n\r\n5\r\nab`),
    raw(server, "GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n"),
  ];
  await serves(server);
  for (const [i, { closed, took }] of (await Promise.all(slow)).entries()) {
    assert.ok(closed, `client ${i} was still held after ${took} ms`);
    assert.ok(took < 4000, `client ${i} was held for ${took} ms`);
  }
});

void test("connections beyond the limit are dropped at once, and are accepted again when others end", async (t) => {
  const server = await serve(t, { limits: { connections: 20, headersTimeoutMs: 20_000 } });
  const held = await Promise.all(
    Array.from(
      { length: 20 },
      () =>
        new Promise<Socket>((resolve) => {
          const socket = connect(server.port, "127.0.0.1", () => resolve(socket));
          socket.on("error", () => undefined);
        }),
    ),
  );
  await new Promise((resolve) => setTimeout(resolve, 200));
  const { answer, closed } = await raw(server, "GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n");
  assert.deepEqual([answer, closed], ["", true]);
  for (const socket of held) socket.destroy();
  await new Promise((resolve) => setTimeout(resolve, 200));
  await serves(server);
});

void test("a request outside the protocol has an answer, and no effect", async (t) => {
  const server = await serve(t);
  const before = await rows(server);
  assert.equal((await fetch(server.url + exchange.PATHS.reports)).status, 405);
  assert.equal((await fetch(server.url + exchange.PATHS.enrol, { method: "DELETE" })).status, 405);
  assert.equal((await fetch(server.url + "/v1/enrol/../reports", { method: "PUT", body: "x" })).status, 405);
  assert.equal((await fetch(server.url + "/nothing")).status, 404);
  const other = await refusal(server, "reports", text("{}"), "application/json");
  assert.deepEqual(other, { reason: "malformed", status: 400, signed: false });
  const nonce = decode((await exchange.post(server.url + exchange.PATHS.challenge, undefined, text("ignored"))).body);
  assert.equal((nonce as Uint8Array).length, 32);
  assert.deepEqual(await rows(server), before);
});

void test("tokens: guesses are slowed down, and a row written by hand is no token", async (t) => {
  const server = await serve(t);
  const statuses: number[] = [];
  for (let i = 0; i < 15; i++)
    statuses.push((await ask(server, `signet_${String(i).padStart(32, "0")}`, "/v1/devices")).status);
  assert.deepEqual([statuses[0], statuses[9], statuses[10], statuses[14]], [401, 401, 429, 429]);
  assert.equal(
    (await ask(server, server.adminToken, "/v1/devices")).status,
    200,
    "the holder of a token is not locked out",
  );
  const planted = "signet_planted-by-who-writes-the-database";
  const row = {
    hash: hash(text(planted)),
    name: "x",
    scope: "admin",
    created_at: 0,
    revoked_at: null,
    seal: new Uint8Array(32),
  };
  await server.store.read.insertInto("tokens").values(row).execute();
  assert.notEqual((await ask(server, planted, "/v1/devices")).status, 200);
});

void test("a key put into another device's row by hand cannot send anything", async (t) => {
  const server = await serve(t);
  const [victim, thief] = [await enrolled(server), server.device()];
  await server.store.read
    .updateTable("devices")
    .set({ key: thief.key.publicKey })
    .where("id", "=", victim.id)
    .execute();
  const forged = seal("report", victim.id, thief.key, open(victim.report(text("x"))).payload);
  assert.notEqual((await refusal(server, "reports", forged)).reason, undefined);
  assert.deepEqual((await rows(server))["reports"], []);
});
