// weight: 22 s, 0.2 cores
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
import { id } from "../../tools/wire/key.ts";
import * as messages from "../../tools/wire/messages.ts";
import { open } from "../../tools/wire/sign1.ts";
import {
  AUDIENCE,
  FLAVOURS,
  ask,
  backup,
  command,
  decide,
  enrolled,
  missing,
  order,
  refusal,
  rows,
  serve,
  text,
  type Fixture,
} from "./harness.ts";

async function states(server: Fixture): Promise<Record<string, string>> {
  return Object.fromEntries((await server.devices()).map((row) => [row.id, row.state]));
}

/** An enrolment of a fresh key with a handover as given; returns the refusal. */
async function offered(
  server: Fixture,
  device: Device,
  handover: Partial<messages.Handover>,
  signer = device.key,
  model = "twin",
) {
  const successor = ed25519.fromSeed(new Uint8Array(32).fill(7));
  const enrolment = messages.sealEnrol(successor, {
    audience: AUDIENCE,
    cti: new Uint8Array(16),
    nonce: await exchange.challenge(server.url),
    model: text(model),
    bootCount: 1,
    software: "signet-twin",
    version: "1.0.0",
    handover: messages.sealHandover(signer, {
      audience: AUDIENCE,
      token: new Uint8Array(16),
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
    `${flavour}: a device gets its order with a receipt, and continues with its next key`,
    { skip },
    async (t) => {
      const server = await serve(t, { policy: "allowlist" }, flavour);
      const old = server.device();
      const invited = { method: "POST", body: JSON.stringify({ ids: [hex(old.id)] }) };
      assert.equal((await ask(server, server.adminToken, "/v1/invitations", invited)).status, 200);
      assert.equal((await exchange.enrol(old, server.url)).kind, "accepted");
      assert.equal((await exchange.report(old, server.url, text("before"))).kind, "accepted");
      const ordered = await order(server, old);
      const verdict = await exchange.report(old, server.url, text("last"));
      assert.ok(verdict.kind === "accepted");
      assert.deepEqual(verdict.downlinks, [ordered]);
      assert.equal(ordered.order, messages.Order.rotate);
      const next = old.successor(ordered);
      assert.equal((await exchange.enrol(next, server.url)).kind, "accepted");
      assert.deepEqual(await states(server), { [hex(old.id)]: "replaced", [hex(next.id)]: "active" });
      assert.equal((await server.devices()).find((row) => row.id === hex(old.id))!.successor, hex(next.id));
      assert.equal((await exchange.report(next, server.url, text("after"))).kind, "accepted");
      assert.deepEqual(await refusal(server, "reports", old.report(text("too late"))), {
        reason: "stale-session",
        status: 409,
        signed: true,
      });
      const enrolment = old.enrol(await exchange.challenge(server.url));
      assert.equal((await refusal(server, "enrol", enrolment)).reason, "revoked");
      // An abandoned key cannot be restored.
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

  void test(`${flavour}: a wrong handover is refused by name, and changes no device`, { skip }, async (t) => {
    const server = await serve(t, { suspendForks: false }, flavour);
    const device = await enrolled(server);
    await exchange.report(device, server.url, text("one"));
    const stranger = server.device();
    const before = (await rows(server))["devices"];
    const unordered = await offered(server, device, {});
    assert.deepEqual(unordered, { reason: "handover-refused", status: 403, signed: true });
    const { counter, data: token } = await order(server, device);
    const plain = await command(server, device, "00", 1e6);
    const queued = (await rows(server))["devices"];
    // None of these is what the order's device signed for this server and its own next key: the order stays good.
    const cases: readonly (readonly [messages.ReasonName, Partial<messages.Handover>, ed25519.SigningKey?])[] = [
      ["handover-refused", { order: counter }],
      ["handover-refused", { order: plain, token }],
      ["handover-refused", { order: 9, token }],
      ["handover-refused", { order: counter, token, successor: device.id }],
      ["wrong-audience", { order: counter, token, audience: "another" }],
      ["bad-signature", { order: counter, token }, stranger.key],
    ];
    for (const [reason, claims, signer] of cases) {
      const refused = await offered(server, device, claims, signer && { ...signer, publicKey: device.key.publicKey });
      assert.deepEqual([refused.reason, refused.signed], [reason, true], JSON.stringify(claims));
    }
    // The key before is not known, and the order is another server's.
    const foreign = await offered(server, device, { order: counter, token }, stranger.key);
    assert.deepEqual([foreign.reason, foreign.signed], ["handover-refused", true]);
    assert.deepEqual((await rows(server))["devices"], queued);
    assert.notDeepEqual(queued, before);
    assert.equal((await exchange.report(device, server.url, text("two"))).kind, "accepted");
    await decide(server, device, "suspend");
    const suspended = await offered(server, device, { order: counter, token });
    assert.deepEqual([suspended.reason, suspended.signed], ["suspended", true]);
    await decide(server, device, "restore");
    assert.equal((await offered(server, device, { order: counter, token })).reason, undefined, "the order was good");
    assert.deepEqual((await audit(server.store, keyFile.load(server.options.key!))).findings, []);
  });
}

for (const flavour of FLAVOURS) {
  void test(
    `${flavour}: a handover that cannot be accepted any more ends its order, and the device continues with its key`,
    { skip: missing(flavour) },
    async (t) => {
      const server = await serve(t, {}, flavour);
      const device = await enrolled(server);
      for (const value of ["one", "two"]) await exchange.report(device, server.url, text(value));
      const other = { counter: device.head.counter, hash: new Uint8Array(32).fill(1) };
      const cases: readonly (readonly [string, Partial<messages.Handover>, string?])[] = [
        ["expired", {}],
        ["another board", {}, "another"],
        ["forked", { head: messages.NO_HEAD }],
        ["forked", { head: other }],
      ];
      for (const [why, claims, model] of cases) {
        const { counter, data: token } = await order(server, device, 60_000);
        if (why === "expired") server.clock.pass(61_000);
        const ordered = { order: counter, token };
        const refused = await offered(server, device, { ...ordered, ...claims }, device.key, model);
        assert.deepEqual(refused, { reason: "handover-refused", status: 403, signed: true }, why);
        if (why === "expired") server.clock.now -= 61_000;
        // No copy that is right, or was, is accepted after the device was told so.
        const again = await offered(server, device, ordered);
        assert.equal(again.reason, "handover-refused", why);
        const [entry] = (await ask(server, server.adminToken, "/v1/log")).body.entries.filter(
          ({ action }: { action: string }) => action === "refuse-handover",
        );
        assert.deepEqual(entry.detail, { order: counter, why });
        assert.equal((await exchange.report(device, server.url, text("goes on"))).kind, "accepted");
      }
      const { alarms } = (await ask(server, server.adminToken, "/v1/alarms")).body;
      assert.deepEqual(
        alarms.map(({ detail }: { detail: { what: string } }) => detail.what.slice(0, 27)),
        ["fork: handed over at report", "fork: handed over at report"],
      );
      assert.equal((await server.devices()).length, 1);
      // A head that the database does not know yet means that a backup was put back.
      const { counter, data: token } = await order(server, device);
      const head = { counter: device.head.counter + 5, hash: new Uint8Array(32).fill(2) };
      assert.equal((await offered(server, device, { order: counter, token, head })).reason, undefined);
      const { gaps } = (await ask(server, server.adminToken, "/v1/alarms")).body;
      assert.deepEqual(gaps[0].detail, { after: head.counter - 5, before: head.counter + 1, most: 5 });
      assert.deepEqual((await audit(server.store, keyFile.load(server.options.key!))).findings, []);
    },
  );
}

void test("a copy of the key that takes the order first is an alarm when the device's own handover comes", async (t) => {
  const server = await serve(t);
  const device = await enrolled(server);
  await exchange.report(device, server.url, text("x"));
  const ordered = await order(server, device);
  const [theirs, mine] = [device.successor(ordered), device.successor(ordered)];
  assert.equal((await exchange.enrol(theirs, server.url)).kind, "accepted");
  const verdict = await exchange.enrol(mine, server.url);
  assert.ok(verdict.kind === "refused" && verdict.reason === "revoked" && verdict.signed);
  const { alarms } = (await ask(server, server.adminToken, "/v1/alarms")).body;
  assert.deepEqual(
    alarms.map(({ device: id, detail }: { device: string; detail: { what: string } }) => [id, detail.what]),
    [[hex(device.id), "fork: two next keys for one order"]],
  );
});

void test("a replaced key in use is an alarm; a late copy of its earlier message is none", async (t) => {
  const server = await serve(t);
  const device = await enrolled(server);
  await exchange.report(device, server.url, text("x"));
  const next = device.successor(await order(server, device));
  const late = device.enrol(await exchange.challenge(server.url));
  server.clock.pass(1000);
  assert.equal((await exchange.enrol(next, server.url)).kind, "accepted");
  server.clock.pass(1000);
  const alarms = async (): Promise<number> => (await ask(server, server.adminToken, "/v1/alarms")).body.alarms.length;
  assert.equal((await refusal(server, "enrol", late)).reason, "revoked");
  assert.equal((await refusal(server, "reports", device.report(text("late")))).reason, "stale-session");
  assert.equal((await refusal(server, "enrol", device.enrol(new Uint8Array(32)))).reason, "revoked");
  assert.equal(await alarms(), 0);
  const fresh = device.enrol(await exchange.challenge(server.url));
  assert.equal((await refusal(server, "enrol", fresh)).reason, "revoked");
  assert.equal(await alarms(), 1);
  assert.equal((await exchange.report(next, server.url, text("goes on"))).kind, "accepted");
});

void test("clocks of instances that differ by an hour make no alarm of a late copy, and hide no replaced key", async (t) => {
  for (const skewMs of [3_600_000, -3_600_000]) {
    const server = await serve(t, { stepMs: Infinity });
    const device = await enrolled(server);
    const next = device.successor(await order(server, device, 1e8));
    const late = device.enrol(await exchange.challenge(server.url));
    // The instance whose clock differs takes the handover; the other one hears of the replaced key.
    server.clock.now += skewMs;
    assert.equal((await exchange.enrol(next, server.url)).kind, "accepted");
    server.clock.now -= skewMs;
    const alarms = async (): Promise<number> => (await ask(server, server.adminToken, "/v1/alarms")).body.alarms.length;
    assert.equal((await refusal(server, "enrol", late)).reason, "revoked");
    assert.equal(await alarms(), 0);
    const fresh = device.enrol(await exchange.challenge(server.url));
    assert.equal((await refusal(server, "enrol", fresh)).reason, "revoked");
    assert.equal(await alarms(), 1);
  }
});

void test("a handover that was refused before a backup was restored is refused again, without an alarm", async (t) => {
  for (const isOrderKnown of [true, false]) {
    const began = await serve(t);
    const device = await enrolled(began);
    await exchange.report(device, began.url, text("before"));
    const empty = isOrderKnown ? undefined : await backup(began);
    const next = device.successor(await order(began, device, 1000));
    const saved = empty ?? (await backup(began));
    began.clock.pass(2000);
    assert.equal(
      (await refusal(began, "enrol", next.enrol(await exchange.challenge(began.url)))).reason,
      "handover-refused",
    );
    assert.equal((await exchange.enrol(device, began.url)).kind, "accepted");
    await exchange.report(device, began.url, text("after the refusal"));
    const now = await saved.putBack(began);
    assert.equal((await exchange.enrol(device, now.url)).kind, "accepted");
    assert.equal((await exchange.report(device, now.url, text("restored"))).kind, "accepted");
    assert.equal(
      (await refusal(now, "enrol", next.enrol(await exchange.challenge(now.url)))).reason,
      "handover-refused",
    );
    const { alarms } = (await ask(now, now.adminToken, "/v1/alarms")).body as {
      alarms: { detail: { what: string } }[];
    };
    assert.deepEqual(
      alarms.map(({ detail }) => detail.what).filter((what) => what.startsWith("fork")),
      [],
    );
  }
});

void test("a handover with the signature of another key, or with one byte changed, is refused", async (t) => {
  const server = await serve(t);
  const device = await enrolled(server);
  const successor = device.successor(await order(server, device));
  const before = (await rows(server))["devices"];
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
    assert.ok(["malformed", "bad-signature", "unknown-device", "handover-refused"].includes(reason!), reason);
    assert.equal(signed, reason !== "unknown-device");
    refused++;
  }
  assert.ok(refused > 80);
  assert.deepEqual((await rows(server))["devices"], before);
  assert.equal((await exchange.enrol(successor, server.url)).kind, "accepted");
});

void test(
  "postgres: two keys that take over at the same time at two instances: one of them succeeds",
  {
    skip: missing("postgres"),
  },
  async (t) => {
    const server = await serve(t, {}, "postgres");
    const twin = await startServer({ ...server.options, port: 0 });
    t.after(() => twin.close());
    for (let round = 0; round < 10; round++) {
      const device = await enrolled(server);
      const ordered = await order(server, device);
      const successors = [device.successor(ordered), device.successor(ordered)];
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
