/** A key replaced by another: on the server's order only, signed by both, in one transaction. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { audit } from "../../tools/server/audit.ts";
import * as keyFile from "../../tools/server/keys.ts";
import { startServer } from "../../tools/server/server.ts";
import { hex } from "../../tools/wire/bytes.ts";
import type { Device } from "../../tools/wire/device.ts";
import * as ed25519 from "../../tools/wire/ed25519.ts";
import * as exchange from "../../tools/wire/exchange.ts";
import { hash, id } from "../../tools/wire/key.ts";
import * as messages from "../../tools/wire/messages.ts";
import { open } from "../../tools/wire/sign1.ts";
import { AUDIENCE, FLAVOURS, ask, enrolled, missing, refusal, rows, serve, text, type Fixture } from "./harness.ts";

/** Order a device to rotate; returns the order's counter. */
async function order(server: Fixture, device: Device, forMs = 1e6): Promise<number> {
  const path = `/v1/devices/${hex(device.id)}/rotate`;
  const body = JSON.stringify({ expiresAt: server.clock.now + forMs });
  const answer = await ask(server, server.adminToken, path, { method: "POST", body });
  assert.equal(answer.status, 200);
  return (answer.body as { counter: number }).counter;
}

async function states(server: Fixture): Promise<Record<string, string>> {
  return Object.fromEntries((await server.devices()).map((row) => [row.id, row.state]));
}

/** An enrolment of a fresh key with a handover as given; returns the refusal. */
async function offered(server: Fixture, device: Device, handover: Partial<messages.Handover>, signer = device.key) {
  const successor = ed25519.fromSeed(new Uint8Array(32).fill(7));
  const enrolment = messages.sealEnrol(successor, {
    audience: AUDIENCE,
    cti: new Uint8Array(16),
    nonce: await exchange.challenge(server.url),
    model: text("twin"),
    bootCount: 1,
    software: "signet-twin",
    version: "1.0.0",
    handover: messages.sealHandover(signer, {
      audience: AUDIENCE,
      successor: id(successor.publicKey),
      head: device.head,
      order: 1,
      ...handover,
    }),
  });
  return refusal(server, "enrol", enrolment);
}

for (const flavour of FLAVOURS) {
  const skip = missing(flavour);

  void test(
    `${flavour}: a device gets its order with a receipt, and goes on under its next key`,
    { skip },
    async (t) => {
      const server = await serve(t, { policy: "allowlist" }, flavour);
      const old = server.device();
      const invited = { method: "POST", body: JSON.stringify({ ids: [hex(old.id)] }) };
      assert.equal((await ask(server, server.adminToken, "/v1/invitations", invited)).status, 200);
      assert.equal((await exchange.enrol(old, server.url)).kind, "accepted");
      assert.equal((await exchange.report(old, server.url, text("before"))).kind, "accepted");
      const counter = await order(server, old);
      const verdict = await exchange.report(old, server.url, text("last"));
      assert.ok(verdict.kind === "accepted");
      assert.deepEqual(
        verdict.downlinks.map((downlink) => [downlink.counter, downlink.order]),
        [[counter, messages.Order.rotate]],
      );
      const next = old.successor(counter);
      assert.equal((await exchange.enrol(next, server.url)).kind, "accepted");
      assert.deepEqual(await states(server), { [hex(old.id)]: "replaced", [hex(next.id)]: "active" });
      assert.equal((await server.devices()).find((row) => row.id === hex(old.id))!.successor, hex(next.id));
      assert.equal((await exchange.report(next, server.url, text("after"))).kind, "accepted");
      assert.deepEqual(await refusal(server, "reports", old.report(text("too late"))), {
        reason: "revoked",
        status: 403,
        signed: true,
      });
      const enrolment = old.enrol(await exchange.challenge(server.url));
      assert.equal((await refusal(server, "enrol", enrolment)).reason, "revoked");
      // Nobody restores what was given up.
      const restore = { method: "POST", body: "{}" };
      assert.equal((await ask(server, server.adminToken, `/v1/devices/${hex(old.id)}/restore`, restore)).status, 409);
      // It missed the answer, and sends the handover again; then it is a device like any other, and can rotate again.
      assert.equal((await exchange.enrol(next, server.url)).kind, "accepted");
      assert.equal(next.head.counter, (await server.reports(hex(next.id))).at(-1)!.counter);
      const third = next.successor(await order(server, next));
      assert.equal((await exchange.enrol(third, server.url)).kind, "accepted");
      const found = await audit(server.store, keyFile.load(server.options.key!));
      assert.deepEqual(found.findings, []);
      assert.equal(found.devices, 3);
    },
  );

  void test(
    `${flavour}: a handover that is not right is refused by name, and changes no device`,
    { skip },
    async (t) => {
      const server = await serve(t, { suspendForks: false }, flavour);
      const device = await enrolled(server);
      await exchange.report(device, server.url, text("one"));
      const stranger = server.device();
      const before = (await rows(server))["devices"];
      const unordered = await offered(server, device, {});
      assert.deepEqual(unordered, { reason: "not-invited", status: 403, signed: true });
      const counter = await order(server, device);
      const expired = await order(server, device, 1000);
      const plain = { method: "POST", body: JSON.stringify({ data: "00", expiresAt: server.clock.now + 1e6 }) };
      await ask(server, server.adminToken, `/v1/devices/${hex(device.id)}/downlinks`, plain);
      server.clock.now += 2000;
      const queued = (await rows(server))["devices"];
      const cases: readonly (readonly [messages.ReasonName, Partial<messages.Handover>, ed25519.SigningKey?])[] = [
        ["not-invited", { order: expired }],
        ["not-invited", { order: expired + 1 }],
        ["not-invited", { order: 9 }],
        ["not-invited", { order: counter, successor: device.id }],
        ["wrong-audience", { order: counter, audience: "another" }],
        ["forked", { order: counter, head: messages.NO_HEAD }],
        ["forked", { order: counter, head: { ...device.head, hash: hash(text("other")) } }],
        ["unknown-device", { order: counter }, stranger.key],
      ];
      for (const [reason, claims, signer] of cases) {
        const refused = await offered(server, device, claims, signer);
        assert.deepEqual([refused.reason, refused.signed], [reason, true]);
      }
      assert.deepEqual((await rows(server))["devices"], queued);
      assert.notDeepEqual(queued, before);
      assert.equal((await exchange.report(device, server.url, text("two"))).kind, "accepted");
      const suspend = { method: "POST", body: "{}" };
      await ask(server, server.adminToken, `/v1/devices/${hex(device.id)}/suspend`, suspend);
      assert.equal((await offered(server, device, { order: counter })).reason, "revoked");
      assert.deepEqual((await audit(server.store, keyFile.load(server.options.key!))).findings, []);
    },
  );
}

void test("a handover with the signature of another key, or with one byte changed, is refused", async (t) => {
  const server = await serve(t);
  const device = await enrolled(server);
  const counter = await order(server, device);
  const before = (await rows(server))["devices"];
  const successor = device.successor(counter);
  const sealed = messages.readEnrol(open(successor.enrol(new Uint8Array(8))));
  const good = sealed.handover!;
  let refused = 0;
  for (let at = 0; at < good.length; at += 3) {
    const handover = good.slice();
    handover[at]! ^= 1;
    const enrolment = messages.sealEnrol(successor.key, {
      ...sealed,
      nonce: await exchange.challenge(server.url),
      handover,
    });
    const { reason, signed } = await refusal(server, "enrol", enrolment);
    assert.ok(["malformed", "bad-signature", "unknown-device"].includes(reason!), reason);
    assert.ok(signed);
    refused++;
  }
  assert.ok(refused > 80);
  assert.deepEqual((await rows(server))["devices"], before);
  assert.equal((await exchange.enrol(successor, server.url)).kind, "accepted");
});

void test(
  "postgres: two keys that take over at the same instant at two instances: one of them does",
  {
    skip: missing("postgres"),
  },
  async (t) => {
    const server = await serve(t, {}, "postgres");
    const twin = await startServer({ ...server.options, port: 0 });
    t.after(() => twin.close());
    for (let round = 0; round < 10; round++) {
      const device = await enrolled(server);
      const counter = await order(server, device);
      const successors = [device.successor(counter), device.successor(counter)];
      const verdicts = await Promise.all([
        exchange.enrol(successors[0]!, server.url),
        exchange.enrol(successors[1]!, twin.url),
      ]);
      assert.deepEqual(verdicts.map((verdict) => verdict.kind).toSorted(), ["accepted", "refused"]);
      const won = successors[verdicts.findIndex((verdict) => verdict.kind === "accepted")]!;
      assert.equal((await server.devices()).find((row) => row.id === hex(device.id))!.successor, hex(won.id));
    }
    assert.deepEqual((await audit(server.store, keyFile.load(server.options.key!))).findings, []);
  },
);
