// weight: 10 s, 0.5 cores
import assert from "node:assert/strict";
import "reflect-metadata";
import { createHash, KeyObject, webcrypto } from "node:crypto";
import { writeFileSync } from "node:fs";
import { request } from "node:https";
import { connect as connectTcp } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { connect as connectTls, type ConnectionOptions } from "node:tls";
import * as x509 from "@peculiar/x509";
import * as keyFile from "../../tools/server/keys.ts";
import * as tls from "../../tools/server/tls.ts";
import { concat, fromHex, hex } from "../../tools/wire/bytes.ts";
import type { Device } from "../../tools/wire/device.ts";
import * as exchange from "../../tools/wire/exchange.ts";
import { hash } from "../../tools/wire/key.ts";
import * as messages from "../../tools/wire/messages.ts";
import { open } from "../../tools/wire/sign1.ts";
import { AUDIENCE, ask, enrolled, post, refusal, rows, serve, text, type Fixture } from "./harness.ts";
import { readUntil } from "./wait.ts";

/** A certificate for a device's own key, as its firmware makes one. */
async function certificate(server: Fixture, device: Device): Promise<ConnectionOptions> {
  const file = join(server.folder, `${hex(device.id)}.key`);
  writeFileSync(file, device.key.object.export({ format: "pem", type: "pkcs8" }), { mode: 0o600 });
  const identity = await tls.load(file, "device", Date.now());
  return { key: identity.key, cert: identity.certificate };
}

/** A certificate for a key that no device has. */
async function ecdsa(): Promise<ConnectionOptions> {
  const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const made = await x509.X509CertificateGenerator.createSelfSigned(
    { keys, signingAlgorithm: algorithm },
    webcrypto as never,
  );
  const key = KeyObject.from(keys.privateKey).export({ format: "pem", type: "pkcs8" });
  return { key, cert: made.toString("pem") };
}

/** Post over TLS with the given options; return the name of the refusal, or ok. */
function postAs(server: Fixture, who: ConnectionOptions, path: "enrol" | "reports", body: Uint8Array): Promise<string> {
  const type = path === "enrol" ? "application/cose" : "application/cbor-seq";
  return new Promise((resolve, reject) => {
    const sent = request(
      `${server.tls!.url}${exchange.PATHS[path]}`,
      { method: "POST", headers: { "content-type": type }, rejectUnauthorized: false, agent: false, ...who },
      (response) => {
        const parts: Buffer[] = [];
        response.on("data", (part: Buffer) => parts.push(part));
        response.on("end", () => {
          const answer = new Uint8Array(Buffer.concat(parts));
          if (response.statusCode === 200) resolve("ok");
          else if (response.headers["content-type"] === "application/cbor")
            resolve(messages.reasonName(messages.readUnsignedRefusal(answer))!);
          else resolve(`signed ${messages.reasonName(messages.readRefusal(open(answer)).reason)}`);
        });
      },
    );
    sent.on("error", reject);
    sent.end(body);
  });
}

void test("TLS: an authenticated peer sends only its own messages, an unauthenticated one none", async (t) => {
  const server = await serve(t, { tls: { port: 0 } });
  const [victim, thief] = [await enrolled(server), await enrolled(server)];
  const stranger = server.device();
  const old = victim.report(text("captured"));
  await exchange.send(victim, server.url, [old]);
  const fresh = victim.report(text("next"));
  const mine = await certificate(server, victim);
  const before = await rows(server);
  const nobody: [string, ConnectionOptions][] = [
    ["another device", await certificate(server, thief)],
    ["no certificate", {}],
    ["a key of another kind", await ecdsa()],
  ];
  for (const [what, who] of nobody) {
    assert.equal(await postAs(server, who, "reports", fresh), "bad-signature", `${what}: a new report`);
    assert.equal(await postAs(server, who, "reports", old), "bad-signature", `${what}: a captured report`);
    const enrolment = stranger.enrol(await exchange.challenge(server.url));
    assert.equal(await postAs(server, who, "enrol", enrolment), "bad-signature", `${what}: a captured sign-up`);
  }
  assert.deepEqual(await rows(server), before);
  assert.equal(await postAs(server, mine, "reports", fresh), "ok");
});

void test("TLS: a client below 1.3, or a silent one, is dropped", async (t) => {
  const server = await serve(t, { tls: { port: 0 }, limits: { headersTimeoutMs: 300 } });
  const { port } = server.tls!;
  const handshake = (options: ConnectionOptions): Promise<string> =>
    new Promise((resolve) => {
      const socket = connectTls({ port, host: "127.0.0.1", rejectUnauthorized: false, ...options }, () => {
        resolve(socket.getProtocol() ?? "");
        socket.destroy();
      });
      socket.on("error", ({ message }) => resolve(message));
    });
  assert.match(await handshake({ maxVersion: "TLSv1.2" }), /protocol version/i);
  assert.equal(await handshake({}), "TLSv1.3");
  for (const opening of ["", "\x16\x03\x01\x02\x00", "GET / HTTP/1.1\r\n\r\n"]) {
    await new Promise((resolve) => {
      const socket = connectTcp(port, "127.0.0.1", () => socket.write(opening, "latin1"));
      socket.on("error", () => undefined).on("close", resolve);
    });
  }
});

void test("a thief of a device's last report receives its receipt and its command, and takes neither from the device", async (t) => {
  const server = await serve(t);
  const [victim, thief] = [await enrolled(server), await enrolled(server)];
  const last = victim.report(text("x"));
  await exchange.send(victim, server.url, [last]);
  await post(server, `/v1/devices/${hex(victim.id)}/downlinks`, { data: "01", expiresAt: server.clock.now + 60_000 });
  const before = await rows(server);
  const captured = await exchange.post(server.url + exchange.PATHS.reports, "application/cbor-seq", last);
  assert.equal(captured.status, 200);
  assert.deepEqual(await rows(server), before);
  // The thief's own device takes nothing that is addressed to another, whatever it claims to have sent.
  assert.equal(thief.received(captured, last).kind, "ignored");
  assert.equal(thief.acknowledged, undefined);
  const verdict = await exchange.report(victim, server.url, text("y"));
  assert.ok(verdict.kind === "accepted" && verdict.downlinks.length === 1);
});

void test("nothing can be read without a token: not with a device's id, its key, its signature, or another server's token", async (t) => {
  const [server, other] = [await serve(t), await serve(t)];
  const device = await enrolled(server);
  const report = device.report(text("secret reading"));
  await exchange.send(device, server.url, [report]);
  const path = `/v1/devices/${hex(device.id)}`;
  const keys = [undefined, hex(device.id), `signet_${hex(device.key.publicKey)}`, hex(report), other.adminToken];
  for (const where of [
    "/v1/devices",
    path,
    `${path}/reports`,
    `${path}/export`,
    "/v1/alarms",
    "/v1/log",
    "/v1/events",
  ]) {
    for (const key of keys) {
      server.clock.pass(5000);
      const { status, body } = await ask(server, key, where);
      assert.equal(status, 401, `${where} with ${key}`);
      assert.ok(!JSON.stringify(body).includes(hex(text("secret"))));
    }
    assert.equal(
      (await ask(server, undefined, `${where}?token=${server.adminToken}`)).status,
      401,
      "not in the address",
    );
    const basic = Buffer.from(`admin:${server.adminToken}`).toString("base64");
    for (const authorization of [`Basic ${basic}`, `Bearer  ${server.adminToken}`, `Bearer ${server.adminToken}, x`])
      assert.equal((await fetch(server.url + where, { headers: { authorization } })).status, 401, authorization);
  }
});

void test("a reader of the database cannot enrol or operate with it: hashes are no claims and no tokens", async (t) => {
  const server = await serve(t, { policy: "claim" });
  await post(server, "/v1/claims", { count: 1, expiresAt: server.clock.now + 1e6 });
  const [claim] = await server.store.read.selectFrom("claims").selectAll().execute();
  const [token] = await server.store.read.selectFrom("tokens").selectAll().execute();
  const before = await rows(server);
  // A claim has 32 bytes at most: of a seal, those behind the mark of its form.
  const seal = claim!.seal.subarray(-32);
  for (const stolen of [claim!.hash, seal, token!.hash, createHash("sha256").update(claim!.hash).digest()]) {
    const body = server.device({ claim: new Uint8Array(stolen) }).enrol(await exchange.challenge(server.url));
    assert.equal((await refusal(server, "enrol", body)).reason, "not-invited");
    for (const guess of [hex(stolen), `signet_${hex(stolen)}`, `signet_${Buffer.from(stolen).toString("base64url")}`])
      assert.notEqual((await ask(server, guess, "/v1/devices")).status, 200);
  }
  assert.deepEqual(await rows(server), before);
});

void test("a writer of the database admits no device: a claim or an invitation without the server's seal is void", async (t) => {
  const planted = new Uint8Array(16).fill(7);
  const [claims, list] = [await serve(t, { policy: "claim" }), await serve(t, { policy: "allowlist" })];
  const thief = claims.device({ claim: planted });
  const usual = { note: "", created_at: 0, seal: new Uint8Array(32) };
  const claim = { ...usual, hash: hash(planted), expires_at: 1e15, used_by: null, used_at: null };
  await claims.store.read.insertInto("claims").values(claim).execute();
  await list.store.read
    .insertInto("invitations")
    .values({ ...usual, device: thief.id })
    .execute();
  // One that is the server's own, and was used, made unused again.
  const { body } = await post(claims, "/v1/claims", { count: 1, expiresAt: claims.clock.now + 1e6 });
  const used = fromHex(body.claims[0])!;
  await enrolled(claims, { claim: used });
  const reopened = claims.store.read.updateTable("claims").set({ used_by: null, used_at: null });
  await reopened.where("hash", "=", hash(used)).execute();
  for (const [server, device] of [
    [claims, thief],
    [list, list.device({ seed: thief.key.object.export({ format: "der", type: "pkcs8" }).subarray(-32) })],
    [claims, claims.device({ claim: used })],
  ] as const) {
    const before = await rows(server);
    const verdict = await exchange.enrol(device, server.url);
    assert.ok(verdict.kind === "refused" && verdict.reason === "not-invited");
    assert.deepEqual(await rows(server), before);
  }
});

void test("a claim of one server is void at another, and guesses at claims find nothing", async (t) => {
  const [server, other] = [await serve(t, { policy: "claim" }), await serve(t, { policy: "claim" })];
  const { body } = await post(other, "/v1/claims", { count: 1, expiresAt: other.clock.now + 1e6 });
  await post(server, "/v1/claims", { count: 100, expiresAt: server.clock.now + 1e6 });
  const before = await rows(server);
  const guesses = Array.from({ length: 100 }, (_, i) => hash(Uint8Array.of(i)).subarray(0, 16));
  for (const claim of [fromHex(body.claims[0])!, new Uint8Array(32), ...guesses]) {
    const verdict = await exchange.enrol(server.device({ claim }), server.url);
    assert.ok(verdict.kind === "refused" && verdict.reason === "not-invited");
  }
  assert.deepEqual(await rows(server), before);
});

void test("an answer signed by another key, or for or about something else, is ignored", async (t) => {
  const server = await serve(t);
  const [device, other] = [await enrolled(server), await enrolled(server)];
  const serverKey = keyFile.load(server.options.key!).signing;
  const forger = (await enrolled(server)).key;
  const report = device.report(text("x"));
  const enrolment = device.enrol(await exchange.challenge(server.url));
  const about = hash(report);
  const usual = { issuer: AUDIENCE, issuedAt: 1, device: device.id };
  const receipt = { ...usual, counter: 1, about };
  const sequence = "application/cbor-seq";
  const genuine = messages.sealReceipt(serverKey, receipt);
  const command = { ...usual, expires: 1e9, counter: 1, data: text("open") };
  const ignored: [string, string, Uint8Array][] = [
    ["another signer", sequence, messages.sealReceipt(forger, receipt)],
    ["another device", sequence, messages.sealReceipt(serverKey, { ...receipt, device: other.id })],
    ["another report", sequence, messages.sealReceipt(serverKey, { ...receipt, about: hash(enrolment) })],
    ["another counter", sequence, messages.sealReceipt(serverKey, { ...receipt, counter: 2 })],
    ["another server", sequence, messages.sealReceipt(serverKey, { ...receipt, issuer: "signet.other" })],
    ["a forged command behind a genuine receipt", sequence, concat(genuine, messages.sealDownlink(forger, command))],
    ["a command alone", sequence, messages.sealDownlink(serverKey, command)],
    ["a refusal of another signer", "application/cose", messages.sealRefusal(forger, { ...usual, about, reason: 7 })],
    [
      "a refusal of another report",
      "application/cose",
      messages.sealRefusal(serverKey, { ...usual, about: hash(enrolment), reason: 7 }),
    ],
  ];
  for (const [what, type, body] of ignored) assert.equal(device.received({ type, body }, report).kind, "ignored", what);
  const told = { ...usual, head: { counter: 99, hash: about }, ack: 0 };
  const session = new Uint8Array(16);
  session.set(hash(enrolment).subarray(0, 8), 8);
  const enrolled1 = messages.sealEnrolled(forger, { ...told, about: hash(enrolment), session });
  const enrolled2 = messages.sealEnrolled(serverKey, { ...told, about, session });
  for (const body of [enrolled1, enrolled2])
    assert.equal(device.enrolled({ type: "application/cose", body }, enrolment).kind, "ignored");
  assert.deepEqual([device.head, device.acknowledged, device.alarms], [messages.NO_HEAD, undefined, []]);
  // A genuine one, with another device's command behind it: the receipt counts, the command does not.
  const astray = concat(genuine, messages.sealDownlink(serverKey, { ...command, device: other.id }));
  const verdict = device.received({ type: sequence, body: astray }, report);
  assert.ok(verdict.kind === "accepted" && verdict.downlinks.length === 0);
});

void test("text from devices and operators cannot break out of a stream, a line or a header", async (t) => {
  const server = await serve(t);
  const nasty = 'x"}\r\n\r\nevent: forged\r\ndata: {}\r\nset-cookie: a=b';
  const control = new AbortController();
  const headers = { authorization: `Bearer ${server.adminToken}` };
  const events = await fetch(`${server.url}/v1/events`, { headers, signal: control.signal });
  const reader = events.body!.pipeThrough(new TextDecoderStream()).getReader();
  const device = await enrolled(server, { model: nasty.slice(0, 32), software: nasty.slice(0, 32), version: "\n" });
  await exchange.report(device, server.url, text(nasty));
  const path = `/v1/devices/${hex(device.id)}`;
  for (const [reason, status] of [
    [nasty, 400],
    [nasty.replaceAll(/[\r\n]+/g, " "), 200],
  ] as const) {
    assert.equal((await post(server, `${path}/suspend`, { reason })).status, status);
    assert.equal((await post(server, "/v1/tokens", { name: reason, scope: "read" })).status, status);
    assert.equal((await post(server, "/v1/claims", { count: 1, expiresAt: 1e15, note: reason })).status, status);
  }
  const seen = await readUntil(reader, "event: state");
  assert.ok(!/^(event: forged|data: \{\}|set-cookie)/m.test(seen), seen);
  const { body } = await ask(server, server.adminToken, `${path}/export`);
  assert.equal((body as string).trim().split("\n").length, 1);
  for (const where of ["/v1/devices", "/v1/log", `${path}/reports`]) {
    const response = await fetch(server.url + where, { headers });
    assert.equal(response.headers.get("set-cookie"), null);
    assert.match(response.headers.get("content-type")!, /^application\/json/);
    assert.ok(JSON.parse(await response.text()));
  }
  const { body: metrics } = await ask(server, server.adminToken, "/metrics");
  for (const line of (metrics as string).trim().split("\n"))
    assert.match(line, /^(# |signet_\w+(\{[^{}]*\})? \d+(\.\d+)?(e-\d+)?$)/);
  control.abort();
});
