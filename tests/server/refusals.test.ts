// weight: 15 s, 0.6 cores
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { concat, hex } from "../../tools/wire/bytes.ts";
import { encode, type Value } from "../../tools/wire/cbor.ts";
import type { Device } from "../../tools/wire/device.ts";
import * as exchange from "../../tools/wire/exchange.ts";
import { id } from "../../tools/wire/key.ts";
import * as messages from "../../tools/wire/messages.ts";
import { open, seal } from "../../tools/wire/sign1.ts";
import { LIFETIME_MS } from "../../tools/server/nonce.ts";
import { FLAVOURS, enrolled, missing, refusal, rows, serve, text, type Fixture, type Flavour } from "./harness.ts";

/** A server with two devices, one of which has reported twice. */
async function scene(
  t: Parameters<typeof serve>[0],
  flavour: Flavour,
): Promise<{ server: Fixture; device: Device; other: Device; sent: Uint8Array[] }> {
  const server = await serve(t, { suspendForks: false }, flavour);
  const device = await enrolled(server);
  const other = await enrolled(server);
  const sent: Uint8Array[] = [];
  for (const value of ["one", "two", "three"]) {
    const report = device.report(text(value));
    assert.equal((await exchange.send(device, server.url, [report])).kind, "accepted");
    sent.push(report);
  }
  return { server, device, other, sent };
}

async function refused(
  server: Fixture,
  path: "enrol" | "reports",
  body: Uint8Array,
  expected: [messages.ReasonName, number, boolean],
  what?: string,
): Promise<void> {
  const before = await rows(server);
  const count = server.intake.refusals[expected[0]];
  const { reason, status, signed } = await refusal(server, path, body);
  assert.deepEqual([reason, status, signed], expected, what);
  assert.deepEqual(await rows(server), before, `${what ?? expected[0]} changed a row`);
  assert.equal(server.intake.refusals[expected[0]], count + 1);
}

for (const flavour of FLAVOURS) {
  const skip = missing(flavour);

  void test(
    `${flavour}: malformed, unknown-device and bad-signature change no row and are not signed`,
    { skip },
    async (t) => {
      const { server, device, other, sent } = await scene(t, flavour);
      const good = device.report(text("four"));
      const malformed: [string, Uint8Array][] = [
        ["nothing", new Uint8Array(0)],
        ["no message", text("SELECT 1")],
        ["cut", good.subarray(0, -1)],
        ["more", concat(good, Uint8Array.of(0))],
        ["an enrolment", device.enrol(new Uint8Array(32))],
        ["two devices", concat(good, other.report(text("x")))],
        ["33 reports", concat(...device.reports(Array.from({ length: 33 }, () => text("x"))))],
      ];
      for (const [what, body] of malformed) await refused(server, "reports", body, ["malformed", 400, false], what);
      await refused(server, "enrol", good, ["malformed", 400, false], "a report as an enrolment");
      await refused(server, "reports", server.device().report(text("x")), ["unknown-device", 404, false]);
      for (let at = good.length - 64; at < good.length; at += 9) {
        const flipped = good.slice();
        flipped[at]! ^= 0x40;
        await refused(server, "reports", flipped, ["bad-signature", 401, false], `signature byte ${at}`);
      }
      const altered = good.slice();
      altered[altered.indexOf(0x66, 120)]! ^= 1;
      await refused(server, "reports", altered, ["bad-signature", 401, false]);
      const swapped = concat(sent[0]!.subarray(0, -64), sent[1]!.subarray(-64));
      await refused(server, "reports", swapped, ["bad-signature", 401, false]);
      assert.equal((await exchange.send(device, server.url, [good])).kind, "accepted");
    },
  );

  void test(
    `${flavour}: claims that are malformed under a good signature are refused with a signature`,
    { skip },
    async (t) => {
      const { server, device } = await scene(t, flavour);
      const sealed = seal("report", device.id, device.key, encode(new Map([[3, "signet.test"]])));
      await refused(server, "reports", sealed, ["malformed", 400, true]);
      const nonce = await exchange.challenge(server.url);
      const map = new Map<number, Value>([
        [3, "signet.test"],
        [
          8,
          new Map([
            [
              1,
              new Map<number, Value>([
                [1, 1],
                [-1, 6],
                [-2, device.key.publicKey],
              ]),
            ],
          ]),
        ],
        [10, nonce],
      ]);
      await refused(server, "enrol", seal("enrol", device.id, device.key, encode(map)), ["malformed", 400, true]);
    },
  );

  void test(`${flavour}: another audience is refused, in reports and enrolments`, { skip }, async (t) => {
    const { server, device } = await scene(t, flavour);
    const report = messages.sealReport(device.key, {
      audience: "signet.other",
      counter: 4,
      prev: device.head.hash,
      data: text("x"),
      session: device.session!,
    });
    await refused(server, "reports", report, ["wrong-audience", 403, true]);
    const stranger = server.device({ audience: "signet.other" });
    await refused(server, "enrol", stranger.enrol(await exchange.challenge(server.url)), ["wrong-audience", 403, true]);
  });

  void test(
    `${flavour}: stored reports sent again are answered with their first receipt, and change nothing`,
    { skip },
    async (t) => {
      const { server, device, sent } = await scene(t, flavour);
      const carry = exchange.http(server.url);
      const receipt = async (body: Uint8Array): Promise<string> => hex((await carry("reports", body)).body);
      const receipts = [];
      for (const report of sent) receipts.push(await receipt(report));
      const before = await rows(server);
      server.clock.pass(3600_000);
      for (const again of [0, 1]) {
        for (const [i, report] of sent.entries())
          assert.equal(await receipt(report), receipts[i], `${i}, time ${again}`);
        assert.equal(await receipt(concat(...sent)), receipts[2], "all of them");
        assert.equal(await receipt(concat(sent[0]!, sent[1]!)), receipts[1], "some of them");
        assert.deepEqual(await rows(server), before);
        // Also in a later session, which they do not belong to.
        if (again === 0) assert.equal((await exchange.enrol(device, server.url)).kind, "accepted");
        Object.assign(before, await rows(server));
      }
      assert.equal((await exchange.report(device, server.url, text("four"))).kind, "accepted");
    },
  );

  void test(
    `${flavour}: reports that contradict their session are forked, and kept as evidence once`,
    { skip },
    async (t) => {
      const { server, device, sent } = await scene(t, flavour);
      const at = heads(sent);
      const forks: [string, Uint8Array][] = [
        ["same-counter", device.report(text("other"), { after: at[2]!, counter: 3 })],
        ["same-counter", device.report(text("other"), { after: at[0]!, counter: 1 })],
        ["two-successors", device.report(text("other"), { after: at[2]!, counter: 4 })],
        ["two-successors", device.report(text("other"), { after: at[0]!, counter: 9 })],
      ];
      for (const [kind, body] of forks) {
        const before = await rows(server);
        assert.deepEqual(await refusal(server, "reports", body), { reason: "forked", status: 409, signed: true }, kind);
        const after = await rows(server);
        assert.deepEqual(after["reports"], before["reports"]);
        assert.deepEqual(after["devices"], before["devices"]);
        assert.equal(after["evidence"]!.length, before["evidence"]!.length + 1);
        assert.equal(after["audit"]!.length, before["audit"]!.length + 1);
        await refused(server, "reports", body, ["forked", 409, true], "again");
        const [found] = await server.store.read
          .selectFrom("evidence")
          .select(["kind", "message"])
          .where("id", "=", hashOf(body))
          .execute();
        assert.deepEqual([found!.kind, hex(found!.message)], [kind, hex(body)]);
      }
      assert.equal((await exchange.report(device, server.url, text("four"))).kind, "accepted", "the chain goes on");
    },
  );

  void test(
    `${flavour}: a report of an older session, after no stored one, or too far ahead is stale-session: no alarm, no row`,
    { skip },
    async (t) => {
      const { server, device, sent } = await scene(t, flavour);
      const stale: [messages.ReasonName, number, boolean] = ["stale-session", 409, true];
      const nowhere = { counter: 3, hash: new Uint8Array(32).fill(7) };
      await refused(server, "reports", device.report(text("x"), { after: nowhere }), stale, "after no stored one");
      const head = { counter: 3, hash: hashOf(sent[2]!) };
      const far = { after: head, counter: 3 + messages.REPORT_STEP + 1 };
      await refused(server, "reports", device.report(text("x"), far), stale, "too far ahead");
      const late = device.report(text("never answered"), { after: head, counter: 4 });
      const clash = device.report(text("never answered"), { after: heads(sent)[1]!, counter: 2 });
      assert.equal((await exchange.enrol(device, server.url)).kind, "accepted");
      await refused(server, "reports", late, stale, "the head's successor, of the session before");
      await refused(server, "reports", clash, stale, "a stored counter, of the session before");
      await refused(server, "reports", concat(sent[2]!, late), stale, "behind a stored one");
      const stranger = await enrolled(server);
      device.session = stranger.session;
      await refused(server, "reports", device.report(text("x"), { after: head, counter: 5 }), stale, "another's");
      device.session = undefined;
      await refused(server, "reports", device.report(text("x"), { after: head, counter: 5 }), stale, "none");
      assert.equal((await exchange.enrol(device, server.url)).kind, "accepted");
      assert.equal((await exchange.report(device, server.url, text("goes on"))).kind, "accepted");
      assert.equal((await rows(server))["evidence"]!.length, 0);
    },
  );

  void test(`${flavour}: a proved clone is suspended: the server accepts neither of the two`, { skip }, async (t) => {
    const server = await serve(t, { suspendForks: true }, flavour);
    const device = await enrolled(server);
    await exchange.report(device, server.url, text("one"));
    const clone = device.report(text("the clone's"));
    const honest = device.report(text("the device's"), { counter: 2 });
    assert.equal((await refusal(server, "reports", clone)).reason, undefined);
    assert.equal((await refusal(server, "reports", honest)).reason, "forked");
    assert.equal((await server.devices())[0]!.state, "suspended");
    const next = device.report(text("next"), { after: { counter: 2, hash: hashOf(clone) }, counter: 3 });
    await refused(server, "reports", next, ["suspended", 403, true]);
    await refused(server, "enrol", device.enrol(await exchange.challenge(server.url)), ["suspended", 403, true]);
    const actions = await server.store.read.selectFrom("audit").select("action").orderBy("seq").execute();
    assert.deepEqual(
      actions.map((row) => row.action),
      ["token", "enrol", "fork", "suspend"],
    );
  });

  void test(`${flavour}: nonces are the server's own, recent, and valid once`, { skip }, async (t) => {
    const { server } = await scene(t, flavour);
    const device = server.device();
    const nonce = await exchange.challenge(server.url);
    const stale: [messages.ReasonName, number, boolean] = ["stale-nonce", 401, false];
    await refused(server, "enrol", device.enrol(new Uint8Array(32)), stale, "made up");
    await refused(server, "enrol", device.enrol(nonce.subarray(0, 16)), stale, "cut");
    for (const at of [0, 5, 6, 15, 16, 31]) {
      const other = nonce.slice();
      other[at]! ^= 1;
      await refused(server, "enrol", device.enrol(other), stale, `byte ${at}`);
    }
    const enrolment = device.enrol(nonce);
    assert.equal((await refusal(server, "enrol", enrolment)).reason, undefined);
    await refused(server, "enrol", enrolment, stale, "the same again");
    await refused(server, "enrol", server.device().enrol(nonce), stale, "another device with it");
    const old = await exchange.challenge(server.url);
    server.clock.now += LIFETIME_MS - 1;
    const young = await exchange.challenge(server.url);
    server.clock.now += 1;
    await refused(server, "enrol", device.enrol(old), stale, "five minutes old");
    assert.equal((await refusal(server, "enrol", device.enrol(young))).reason, undefined);
  });

  void test(
    `${flavour}: one key with two boards is an alarm once it reports; a boot count that goes back is none`,
    { skip },
    async (t) => {
      const { server, device } = await scene(t, flavour);
      device.bootCount = 5;
      assert.equal((await exchange.enrol(device, server.url)).kind, "accepted");
      assert.equal((await exchange.report(device, server.url, text("x"))).kind, "accepted");
      const seed = device.key.object.export({ format: "der", type: "pkcs8" }).subarray(-32);
      const entries = async (): Promise<number> => (await rows(server))["audit"]!.length;
      const before = await entries();
      const rebooted = server.device({ seed });
      Object.assign(rebooted, { bootCount: 1, reportedIn: device.reportedIn });
      assert.equal((await exchange.enrol(rebooted, server.url)).kind, "accepted");
      assert.equal((await exchange.report(rebooted, server.url, text("x"))).kind, "accepted");
      assert.equal(await entries(), before);
      const twin = server.device({ seed, model: "other board" });
      twin.reportedIn = rebooted.reportedIn;
      assert.equal((await exchange.enrol(twin, server.url)).kind, "accepted");
      assert.equal(await entries(), before, "it may still be a late copy");
      assert.equal((await exchange.report(twin, server.url, text("x"))).kind, "accepted");
      const [entry] = await server.store.read.selectFrom("audit").selectAll().orderBy("seq", "desc").limit(1).execute();
      assert.deepEqual([entry!.action, entry!.detail], ["alarm", '{"what":"duplicate key: another board"}']);
      assert.equal(await entries(), before + 1);
      assert.equal((await server.devices()).find((row) => row.id === hex(device.id))!.model, "twin");
    },
  );
}

void test("a kid that is not the thumbprint of the key is malformed", async (t) => {
  const server = await serve(t);
  const [device, victim] = [server.device(), await enrolled(server)];
  const nonce = await exchange.challenge(server.url);
  const enrol = {
    audience: "signet.test",
    cti: new Uint8Array(16),
    nonce,
    model: text("m"),
    bootCount: 1,
    software: "s",
    version: "1",
  };
  const payload = messages.sealEnrol(device.key, enrol);
  assert.ok(payload.length > 0);
  const claims = encode(
    new Map<number, Value>([
      [3, "signet.test"],
      [7, new Uint8Array(16)],
      [
        8,
        new Map([
          [
            1,
            new Map<number, Value>([
              [1, 1],
              [-1, 6],
              [-2, device.key.publicKey],
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
  await refused(server, "enrol", seal("enrol", victim.id, device.key, claims), ["malformed", 400, false]);
  assert.equal(
    (await refusal(server, "enrol", seal("enrol", id(device.key.publicKey), device.key, claims))).reason,
    undefined,
  );
});

void test("senders beyond their rate are told to come later, others are not", async (t) => {
  const server = await serve(t, { rates: { device: [1, 3], address: [1e6, 1e6], failures: [1e6, 1e6] } });
  const [eager, calm] = [await enrolled(server), await enrolled(server)];
  const verdicts: string[] = [];
  for (let i = 0; i < 5; i++) {
    const { reason, status } = await refusal(
      server,
      "reports",
      eager.report(text("x"), { after: eager.head, counter: 1 }),
    );
    verdicts.push(`${reason ?? "ok"} ${status}`);
  }
  assert.deepEqual(verdicts, ["ok 200", "ok 200", "busy 429", "busy 429", "busy 429"]);
  assert.equal((await exchange.report(calm, server.url, text("y"))).kind, "accepted");
  server.clock.pass(2000);
  assert.equal((await exchange.enrol(eager, server.url)).kind, "accepted");
});

void test("an address with too many failures is refused for a while; devices with a valid signature from there are not", async (t) => {
  const server = await serve(t, { rates: { device: [1e6, 1e6], address: [1e6, 1e6], failures: [1, 3] } });
  const [familiar, victim, stranger] = [await enrolled(server), await enrolled(server), server.device()];
  assert.equal((await exchange.report(familiar, server.url, text("x"))).kind, "accepted");
  const forged = seal("report", victim.id, stranger.key, open(victim.report(text("x"))).payload);
  const tried = async (body: Uint8Array): Promise<string> => {
    const { reason, status } = await refusal(server, "reports", body);
    return `${reason ?? "ok"} ${status}`;
  };
  assert.equal(await tried(forged), "bad-signature 401");
  assert.equal(await tried(stranger.report(text("x"))), "unknown-device 404");
  assert.equal(await tried(forged), "bad-signature 401");
  // The address has failed three times: nothing of it is verified or looked up, but for the device that was right.
  assert.equal(await tried(forged), "busy 429");
  assert.equal(await tried(stranger.report(text("x"))), "busy 429");
  assert.equal(await tried(victim.report(text("x"))), "busy 429");
  assert.equal((await exchange.report(familiar, server.url, text("y"))).kind, "accepted");
  // A sender of messages in its name, from its own address, harms that device only.
  const inItsName = seal("report", familiar.id, stranger.key, open(familiar.report(text("z"))).payload);
  for (let i = 0; i < 3; i++) assert.equal(await tried(inItsName), "bad-signature 401");
  assert.equal(await tried(inItsName), "busy 429");
  server.clock.pass(1000);
  assert.equal((await exchange.report(familiar, server.url, text("y"))).kind, "accepted");
  assert.equal(await tried(victim.report(text("x"))), "ok 200");
});

function hashOf(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(createHash("sha256").update(bytes).digest());
}

function heads(sent: readonly Uint8Array[]): messages.Head[] {
  return [messages.NO_HEAD, ...sent.map((report, i) => ({ counter: i + 1, hash: hashOf(report) }))];
}
