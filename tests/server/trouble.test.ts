// weight: 25 s, 0.5 cores
import assert from "node:assert/strict";
import { test } from "node:test";
import { audit } from "../../tools/server/audit.ts";
import * as keyFile from "../../tools/server/keys.ts";
import { verifyReport } from "../../tools/server/verify.ts";
import { fromHex, hex } from "../../tools/wire/bytes.ts";
import type { Device } from "../../tools/wire/device.ts";
import * as exchange from "../../tools/wire/exchange.ts";
import { COUNTER_END, NO_HEAD } from "../../tools/wire/messages.ts";
import { FLAVOURS, ask, enrolled, missing, post, refusal, rows, serve, text, type Fixture } from "./harness.ts";

function seedOf(device: Device): Uint8Array {
  return device.key.object.export({ format: "der", type: "pkcs8" }).subarray(-32);
}

async function view(server: Fixture, device: Device): ReturnType<typeof ask> {
  return ask(server, server.adminToken, `/v1/devices/${hex(device.id)}`);
}

for (const flavour of FLAVOURS) {
  const skip = missing(flavour);

  void test(
    `${flavour}: after a compromise: the old key is revoked, a new one enrols with a fresh claim, and the old key's reports stay unchanged`,
    { skip },
    async (t) => {
      const server = await serve(t, { policy: "claim" }, flavour);
      const { body } = await post(server, "/v1/claims", { count: 2, expiresAt: server.clock.now + 1e6 });
      const [first, fresh] = (body.claims as string[]).map((claim) => fromHex(claim)!);
      const old = await enrolled(server, { claim: first! });
      const before = old.report(text("before"));
      assert.equal((await exchange.send(old, server.url, [before])).kind, "accepted");
      const path = `/v1/devices/${hex(old.id)}`;
      assert.equal((await post(server, `${path}/revoke`, { reason: "its key was extracted" })).status, 200);

      // The holder of the old key can neither continue with it nor return with the fresh claim, which stays valid.
      assert.equal((await refusal(server, "reports", old.report(text("forged")))).reason, "revoked");
      const thief = server.device({ seed: seedOf(old), claim: fresh! });
      const again = await refusal(server, "enrol", thief.enrol(await exchange.challenge(server.url)));
      assert.deepEqual(again, { reason: "revoked", status: 403, signed: true });

      // The device made a new key. Its used claim lets it in no more; the fresh one does, once.
      const stale = server.device({ claim: first! });
      assert.equal(
        (await refusal(server, "enrol", stale.enrol(await exchange.challenge(server.url)))).reason,
        "not-invited",
      );
      const renewed = await enrolled(server, { claim: fresh! });
      assert.notDeepEqual(renewed.id, old.id);
      assert.equal((await exchange.report(renewed, server.url, text("after"))).kind, "accepted");

      const states = [(await view(server, old)).body.state, (await view(server, renewed)).body.state];
      assert.deepEqual(states, ["revoked", "active"]);
      const [kept] = await server.reports(hex(old.id));
      assert.equal(kept!.text, "before");
      assert.equal(verifyReport(fromHex(kept!.message)!, old.key.publicKey).counter, 1);
      assert.deepEqual((await audit(server.store, keyFile.load(server.options.key!))).findings, []);
    },
  );

  void test(
    `${flavour}: a command is obeyed once, however often its answer arrives, and the operator sees when`,
    { skip },
    async (t) => {
      const server = await serve(t, {}, flavour);
      const device = await enrolled(server);
      const queue = (data: string): ReturnType<typeof ask> =>
        post(server, `/v1/devices/${hex(device.id)}/downlinks`, { data, expiresAt: server.clock.now + 60_000 });
      await queue("01");
      const report = device.report(text("x"));
      const carry = exchange.http(server.url);
      const acted: string[] = [];
      // The answer is repeated by the network, and by the server to the report sent again.
      const answer = await carry("reports", report);
      for (const repeated of [answer, answer, await carry("reports", report)]) {
        const verdict = device.received(repeated, report);
        assert.ok(verdict.kind === "accepted");
        acted.push(...verdict.downlinks.map(({ data }) => hex(data)));
      }
      assert.deepEqual(acted, ["01"]);
      assert.deepEqual((await view(server, device)).body.commands, { queued: 1, acknowledged: 0, passed: 0 });
      await exchange.report(device, server.url, text("y"));
      assert.deepEqual((await view(server, device)).body.commands, { queued: 1, acknowledged: 1, passed: 1 });

      // A device that restarts and lost its record of a command gets only unacknowledged ones again.
      await queue("02");
      const restarted = server.device({ seed: seedOf(device) });
      restarted.bootCount = 2;
      assert.equal((await exchange.enrol(restarted, server.url)).kind, "accepted");
      const verdict = await exchange.report(restarted, server.url, text("z"));
      assert.ok(verdict.kind === "accepted");
      assert.deepEqual(
        verdict.downlinks.map(({ data }) => hex(data)),
        ["02"],
      );

      // An acknowledgement never runs backwards, and what was never queued was never obeyed.
      const said = restarted.acknowledged!;
      for (const [ack, commands] of [
        [said, { queued: 2, acknowledged: 2, passed: 2 }],
        [
          { ...said, counter: 1 },
          { queued: 2, acknowledged: 2, passed: 2 },
        ],
        [
          { ...said, counter: COUNTER_END },
          { queued: 2, acknowledged: 2, passed: 2 },
        ],
        [
          { ...said, counter: 9 },
          { queued: 9, acknowledged: 2, passed: 9 },
        ],
        [
          { ...said, counter: 9 },
          { queued: 9, acknowledged: 2, passed: 9 },
        ],
      ] as const) {
        restarted.acknowledged = ack;
        assert.equal((await exchange.report(restarted, server.url, text("ack"))).kind, "accepted");
        assert.deepEqual((await view(server, device)).body.commands, commands);
      }
      const whats = async (): Promise<string[]> =>
        (await ask(server, server.adminToken, "/v1/alarms")).body.alarms.map((one: { detail: { what: string } }) =>
          one.detail.what.slice(0, 25),
        );
      assert.deepEqual(await whats(), [
        "acknowledges command 9, w",
        "acknowledges command 4294",
        "went back: it does not kn",
      ]);
      // The next command gets a number that the device still obeys.
      await queue("03");
      const next = await exchange.report(restarted, server.url, text("obeys"));
      assert.ok(next.kind === "accepted");
      assert.deepEqual(
        next.downlinks.map(({ counter }) => counter),
        [10],
      );
    },
  );

  void test(
    `${flavour}: a clone: both reports are kept, the device is suspended, the operator sees it and decides`,
    { skip },
    async (t) => {
      const server = await serve(t, {}, flavour);
      const device = await enrolled(server);
      const mine = device.report(text("mine"), { counter: 1 });
      const theirs = device.report(text("theirs"), { counter: 1 });
      assert.equal((await exchange.send(device, server.url, [mine])).kind, "accepted");
      assert.equal((await refusal(server, "reports", theirs)).reason, "forked");
      const { evidence, alarms } = (await ask(server, server.adminToken, "/v1/alarms")).body;
      assert.equal(evidence.length, 1);
      const [stored] = await server.reports(hex(device.id));
      assert.deepEqual(
        [evidence[0].kind, evidence[0].message, evidence[0].rival],
        ["same-counter", hex(theirs), stored!.hash],
      );
      assert.equal(stored!.message, hex(mine));
      for (const message of [stored!.message, evidence[0].message as string])
        assert.equal(verifyReport(fromHex(message)!, device.key.publicKey).counter, 1, "both belong to the key");
      assert.deepEqual([alarms[0].action, alarms[0].device], ["fork", hex(device.id)]);
      assert.equal((await view(server, device)).body.state, "suspended");
      const path = `/v1/devices/${hex(device.id)}`;
      assert.equal((await post(server, `${path}/restore`, { reason: "a test rig" })).status, 200);
      // A message in progress does not suspend it again: it belongs to the session before.
      assert.equal((await refusal(server, "reports", theirs)).reason, "stale-session");
      assert.equal((await exchange.enrol(device, server.url)).kind, "accepted");
      assert.equal((await exchange.report(device, server.url, text("goes on"))).kind, "accepted");
    },
  );

  void test(
    `${flavour}: reports are found by device and time, from the first millisecond to before the last`,
    { skip },
    async (t) => {
      const server = await serve(t, {}, flavour);
      const [device, other] = [await enrolled(server), await enrolled(server)];
      const began = server.clock.now;
      for (let i = 0; i < 6; i++) {
        for (const one of [device, other]) await exchange.report(one, server.url, text(`${i}`));
        server.clock.now += 1000;
      }
      const found = async (query: string): Promise<string> => {
        const { body } = await ask(server, server.adminToken, `/v1/devices/${hex(device.id)}/reports?${query}`);
        return (body.reports as { text: string }[]).map((report) => report.text).join("");
      };
      assert.equal(await found(`since=${began + 1000}&until=${began + 4000}`), "123");
      assert.equal(await found(`since=${began + 1001}&until=${began + 4001}`), "234");
      assert.equal(await found(`until=${began}`), "");
      assert.equal(await found(`since=${began + 2000}&limit=2`), "45", "the newest");
      assert.equal(await found(`since=${began + 2000}&limit=2&after=0`), "23", "page by page");
      assert.equal(await found(`since=${began}&until=${began + 9000}&after=2&limit=2`), "23");
    },
  );
}

void test("a holder of a key cannot fill the database with alarms: twenty are kept, then one a minute, and all are refused", async (t) => {
  const server = await serve(t, { suspendForks: false });
  const [device, twin] = [await enrolled(server), await enrolled(server)];
  assert.equal((await exchange.report(device, server.url, text("mine"))).kind, "accepted");
  const kept = async (): Promise<number[]> => {
    const { evidence, audit: log } = await rows(server);
    return [evidence!.length, log!.length];
  };
  const [, entries] = await kept();
  const stray = async (i: number): Promise<void> => {
    const other = device.report(text(`other ${i}`), { after: NO_HEAD, counter: 1 });
    assert.equal((await refusal(server, "reports", other)).reason, "forked");
  };
  for (let i = 0; i < 30; i++) await stray(i);
  assert.deepEqual(await kept(), [20, entries! + 20]);
  server.clock.pass(61_000);
  for (let i = 30; i < 33; i++) await stray(i);
  assert.deepEqual(await kept(), [21, entries! + 21]);
  const other = server.device({ seed: seedOf(twin), model: "another board" });
  for (let i = 0; i < 30; i++) {
    assert.equal((await exchange.enrol(other, server.url)).kind, "accepted");
    assert.equal((await exchange.report(other, server.url, text("x"))).kind, "accepted");
  }
  assert.deepEqual(await kept(), [21, entries! + 41]);
  assert.equal(server.intake.refusals.forked, 33);
});

void test("a holder of a key pays for reports that do not follow the chain: sixty, then one a second; its chain goes on", async (t) => {
  const server = await serve(t, { suspendForks: false });
  const device = await enrolled(server);
  const alone = device.report(text("alone"));
  assert.equal((await exchange.send(device, server.url, [alone])).kind, "accepted");
  const reasons: Record<string, number> = {};
  for (let i = 0; i < 70; i++) {
    const stray = device.report(text(`${i}`), {
      after: { counter: 50, hash: new Uint8Array(32).fill(9) },
      counter: 51 + i,
    });
    const { reason } = await refusal(server, "reports", stray);
    reasons[reason!] = (reasons[reason!] ?? 0) + 1;
  }
  assert.deepEqual(reasons, { "stale-session": 60, busy: 10 });
  assert.equal((await exchange.report(device, server.url, text("follows"))).kind, "accepted");
  server.clock.pass(1000);
  const stray = device.report(text("x"), { after: { counter: 50, hash: new Uint8Array(32).fill(9) }, counter: 200 });
  assert.equal((await refusal(server, "reports", stray)).reason, "stale-session");
});
