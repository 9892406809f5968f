// weight: 8 s, 0.6 cores
/** `POST /v1/authorize`: what a broker or an authorizer of a cloud asks about a client. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { hex } from "../../tools/wire/bytes.ts";
import type { Device } from "../../tools/wire/device.ts";
import * as ed25519 from "../../tools/wire/ed25519.ts";
import { id as idOf } from "../../tools/wire/key.ts";
import * as messages from "../../tools/wire/messages.ts";
import { open } from "../../tools/wire/sign1.ts";
import { access as firmwareAccess, accessPassword } from "../unit/identity/example.ts";
import { AUDIENCE, FLAVOURS, ask, decide, enrolled, missing, serve, text, type Fixture } from "./harness.ts";

const MINUTE_MS = 60_000;

/** An `access` of the device in base64url; by default for its id, now. */
function passwordOf(server: Fixture, device: Device, more: Partial<messages.Access> = {}): string {
  const issuedAt = Math.floor(server.clock.now / 1000);
  const access = { clientId: hex(device.id), audience: AUDIENCE, issuedAt, ...more };
  return Buffer.from(messages.sealAccess(device.key, access)).toString("base64url");
}

async function tokenOf(server: Fixture): Promise<string> {
  const body = JSON.stringify({ name: "broker", scope: "authorize" });
  return (await ask(server, server.adminToken, "/v1/tokens", { method: "POST", body })).body.token;
}

for (const flavour of FLAVOURS) {
  void test(`authorize: the accepted devices and their ids (${flavour})`, { skip: missing(flavour) }, async (t) => {
    const server = await serve(t, {}, flavour);
    const device = await enrolled(server);
    const other = await enrolled(server);
    const stranger = server.device();
    const id = hex(device.id);
    const token = await tokenOf(server);
    const put = (given: object, query = ""): ReturnType<typeof ask> =>
      ask(server, token, `/v1/authorize${query}`, { method: "POST", body: JSON.stringify(given) });
    const password = passwordOf(server, device);
    const until = server.clock.now + 5 * MINUTE_MS;

    const allowed = { result: "allow", device: id, until };
    for (const given of [
      { clientid: id, password },
      { clientid: id, password, username: id },
      { clientid: id, password, username: "" },
      { clientid: id, password: Buffer.from(password, "base64url").toString("base64") },
      { clientid: `${id}-2`, password: passwordOf(server, device, { clientId: `${id}-2` }) },
    ])
      assert.deepEqual(await put(given), { status: 200, body: allowed }, JSON.stringify(given));

    const report = Buffer.from(device.report(text("23"))).toString("base64url");
    const flipped = Buffer.from(password, "base64url");
    flipped[flipped.length - 9]! ^= 1;
    const now = Math.floor(server.clock.now / 1000);
    const cases: [denial: string, given: object][] = [
      ["malformed", { clientid: id, password: "" }],
      ["malformed", { clientid: id, password: password.slice(4) }],
      ["malformed", { clientid: id, password: report }],
      [
        "unknown-device",
        { clientid: hex(stranger.id), password: passwordOf(server, stranger, { clientId: hex(stranger.id) }) },
      ],
      ["bad-signature", { clientid: id, password: flipped.toString("base64url") }],
      ["wrong-audience", { clientid: id, password: passwordOf(server, device, { audience: "other.test" }) }],
      ["wrong-client", { clientid: `${id}-2`, password }],
      ["wrong-client", { clientid: hex(other.id), password: passwordOf(server, device, { clientId: hex(other.id) }) }],
      ["wrong-client", { clientid: "pump", password: passwordOf(server, device, { clientId: "pump" }) }],
      ["wrong-user", { clientid: id, password, username: hex(other.id) }],
      ["wrong-time", { clientid: id, password: passwordOf(server, device, { issuedAt: now - 300 }) }],
      ["wrong-time", { clientid: id, password: passwordOf(server, device, { issuedAt: now + 301 }) }],
    ];
    for (const [denial, given] of cases) {
      const refused = await put(given);
      assert.deepEqual([refused.status, refused.body.detail], [403, denial], JSON.stringify(given));
      assert.deepEqual(await put(given, "?denied=200"), { status: 200, body: { result: "deny", reason: denial } });
    }

    server.clock.pass(5 * MINUTE_MS);
    assert.equal((await put({ clientid: id, password })).body.detail, "wrong-time");
    const fresh = passwordOf(server, device);
    assert.equal((await put({ clientid: id, password: fresh })).status, 200);
    await decide(server, device, "suspend");
    assert.equal((await put({ clientid: id, password: fresh })).body.detail, "not-active");
    await decide(server, device, "restore");
    assert.equal((await put({ clientid: id, password: fresh })).status, 200);
    await decide(server, device, "revoke");
    assert.equal((await put({ clientid: id, password: fresh })).body.detail, "not-active");
  });
}

void test("a device that asks without end is told so, and others are not", async (t) => {
  const server = await serve(t, { rates: { device: [0.001, 3], address: [1e6, 1e6], failures: [1e6, 1e6] } });
  const [device, other] = [await enrolled(server), await enrolled(server)];
  const token = await tokenOf(server);
  const put = async (who: Device): Promise<number | string> => {
    const body = JSON.stringify({ clientid: hex(who.id), password: passwordOf(server, who) });
    const { status, body: said } = await ask(server, token, "/v1/authorize", { method: "POST", body });
    return said.detail ?? status;
  };
  assert.deepEqual([await put(device), await put(device), await put(device)], [200, 200, "busy"]);
  assert.equal(await put(other), 200);
});

void test("the password that the firmware makes (tests/unit/identity holds it to these bytes) lets its device in", async (t) => {
  const server = await serve(t);
  const device = await enrolled(server, { seed: new Uint8Array(32).fill(1) });
  const issuedAt = 1_767_225_600;
  server.clock.pass(issuedAt * 1000 - server.clock.now);
  const token = await tokenOf(server);
  const put = (clientid: string): ReturnType<typeof ask> =>
    ask(server, token, "/v1/authorize", {
      method: "POST",
      body: JSON.stringify({ clientid, password: accessPassword }),
    });
  const id = hex(device.id);
  assert.deepEqual(await put(id), {
    status: 200,
    body: { result: "allow", device: id, until: issuedAt * 1000 + 5 * MINUTE_MS },
  });
  assert.equal((await put(`${id}-2`)).body.detail, "wrong-client");
});

void test("the example of the protocol's page is these bytes", () => {
  const page = readFileSync(new URL("../../assembly/identity/README.md", import.meta.url), "utf8");
  const [, example] = /^### Access$[\s\S]*?```\n([0-9a-f\s]+)```/m.exec(page) ?? [];
  const key = ed25519.fromSeed(new Uint8Array(32).fill(1));
  const access = { clientId: hex(idOf(key.publicKey)), audience: AUDIENCE, issuedAt: 1_767_225_600 };
  const message = messages.sealAccess(key, access);
  assert.equal(example?.replace(/\s/g, ""), hex(message));
  assert.equal(firmwareAccess, hex(message));
  assert.deepEqual(messages.readAccess(open(message)), access);
});
