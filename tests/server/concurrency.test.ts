// weight: 33 s, 0.5 cores
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import { hex } from "../../tools/wire/bytes.ts";
import * as exchange from "../../tools/wire/exchange.ts";
import { audit } from "../../tools/server/audit.ts";
import * as keyFile from "../../tools/server/keys.ts";
import { startServer } from "../../tools/server/server.ts";
import { FLAVOURS, type Json, ask, command, enrolled, missing, post, refusal, rows, serve, text } from "./harness.ts";

for (const flavour of FLAVOURS) {
  const skip = missing(flavour);

  void test(
    `${flavour}: one report posted 50 times at once is stored once and answered 50 times`,
    { skip },
    async (t) => {
      const server = await serve(t, {}, flavour);
      const device = await enrolled(server);
      const report = device.report(text("once"));
      const answers = await Promise.all(
        Array.from({ length: 50 }, () =>
          exchange.post(server.url + exchange.PATHS.reports, "application/cbor-seq", report),
        ),
      );
      for (const answer of answers) assert.equal(device.received(answer, report).kind, "accepted");
      assert.equal((await rows(server))["reports"]!.length, 1);
      assert.deepEqual([server.intake.accepted.reports, server.intake.accepted.resent], [1, 49]);
    },
  );

  void test(`${flavour}: of two successors posted at once one is stored, the other is a fork`, { skip }, async (t) => {
    const server = await serve(t, { suspendForks: false }, flavour);
    const device = await enrolled(server);
    for (let round = 0; round < 10; round++) {
      const pair = ["a", "b"].map((value) => device.report(text(value), { counter: device.head.counter + 1 }));
      const results = await Promise.all(pair.map((report) => refusal(server, "reports", report)));
      assert.deepEqual(results.map(({ reason }) => reason ?? "ok").toSorted(), ["forked", "ok"]);
      await exchange.enrol(device, server.url);
      assert.equal(device.head.counter, round + 1);
    }
  });

  void test(`${flavour}: one enrolment posted 20 times at once uses its nonce once`, { skip }, async (t) => {
    const server = await serve(t, {}, flavour);
    const device = server.device();
    const body = device.enrol(await exchange.challenge(server.url));
    const results = await Promise.all(Array.from({ length: 20 }, () => refusal(server, "enrol", body)));
    const reasons = results.map(({ reason }) => reason ?? "ok").toSorted();
    assert.deepEqual(reasons, ["ok", ...Array<string>(19).fill("stale-nonce")]);
    assert.equal((await server.devices()).length, 1);
  });

  void test(`${flavour}: many devices at once, each with its own chain`, { skip }, async (t) => {
    const server = await serve(t, {}, flavour);
    const devices = await Promise.all(Array.from({ length: 30 }, () => enrolled(server)));
    await Promise.all(
      devices.map(async (device, i) => {
        for (let n = 0; n < 10; n++)
          assert.equal((await exchange.report(device, server.url, text(`${i}/${n}`))).kind, "accepted");
      }),
    );
    for (const [i, device] of devices.entries()) {
      const stored = await server.reports(hex(device.id));
      assert.deepEqual(
        stored.map((report) => report.text),
        Array.from({ length: 10 }, (_, n) => `${i}/${n}`),
      );
    }
  });
}

void test("sqlite: two instances in one process, one with decisions about many rows", async (t) => {
  const first = await serve(t);
  const second = await serve(t, { database: first.options.database, key: first.options.key! });
  const [owned, other] = [await enrolled(first), await enrolled(second)];
  const path = `/v1/devices/${hex(owned.id)}`;
  const labels = JSON.stringify({ labels: ["owner:a"] });
  assert.equal((await ask(first, first.adminToken, path, { method: "PATCH", body: labels })).status, 200);
  const expiresAt = first.clock.now + 1e6;
  const ids = Array.from({ length: 400 }, () => randomBytes(32).toString("hex"));
  const commands = async (count: number): Promise<void> => {
    for (let i = 0; i < count; i++) await command(first, owned, "00", 1e6);
  };
  const decisions = [
    ["/v1/claims", { count: 1000, expiresAt }, (body: Json) => body.claims.length, 1000],
    ["/v1/invitations", { ids }, (body: Json) => body.added, 400],
    [`${path}/downlinks/withdraw`, { reason: "x" }, (body: Json) => body.withdrawn, 201],
    [`${path}/transfer`, { from: "owner:a", to: "owner:b", reason: "x" }, (body: Json) => body.withdrawn, 201],
  ] as const;
  for (const [what, asked, count, expected] of decisions) {
    if (what.startsWith(path)) await commands(expected);
    const state = { isOver: false };
    const decided = post(first, what, asked).finally(() => (state.isOver = true));
    do assert.equal((await exchange.report(other, second.url, text("x"))).kind, "accepted");
    while (!state.isOver);
    const { status, body } = await decided;
    assert.deepEqual([status, count(body)], [200, expected], what);
  }
  assert.deepEqual((await audit(first.store, keyFile.load(first.options.key!))).findings, []);
});

void test(
  "two instances on one PostgreSQL: enrolments and reports of one device at both at once end in one session, without an alarm",
  { skip: missing("postgres") },
  async (t) => {
    const first = await serve(t, {}, "postgres");
    const second = await startServer({ ...first.options });
    t.after(() => second.close());
    const device = await enrolled(first);
    const ways = [first, second].map(({ url }) => exchange.http(url));
    let accepted = 0;
    for (let round = 0; round < 20; round++) {
      if (round % 3 === 0) device.restart();
      // Two enrolments under way: the answer to the later one is lost, or comes first.
      const enrolments = [
        device.enrol(await exchange.challenge(first.url)),
        device.enrol(await exchange.challenge(second.url)),
      ];
      const answers = await Promise.all(enrolments.map((enrolment, i) => ways[i]!("enrol", enrolment)));
      assert.equal(device.enrolled(answers[round % 2]!, enrolments[round % 2]!).kind, "accepted");
      let report = device.report(text(`round ${round}`));
      let both = await Promise.all(ways.map((way) => way("reports", report)));
      if (device.received(both[0]!, report).kind !== "accepted") {
        assert.equal((await exchange.enrol(device, (round % 4 < 2 ? first : second).url)).kind, "accepted");
        report = device.report(text(`round ${round}`));
        both = await Promise.all(ways.map((way) => way("reports", report)));
      }
      assert.equal(device.received(both[0]!, report).kind, "accepted");
      assert.equal(hex(both[0]!.body), hex(both[1]!.body), "the same receipt from both");
      accepted++;
    }
    assert.equal((await first.reports(hex(device.id))).length, accepted);
    const log = (await rows(first))["audit"]!;
    assert.equal(log.length, 2, "a token, an enrolment, and nothing else");
    assert.equal((await first.devices())[0]!.state, "active");
  },
);

void test(
  "two instances on one PostgreSQL: one report at both at the same instant is stored once",
  { skip: missing("postgres") },
  async (t) => {
    const rounds = Number(process.env["SIGNET_TWIN_ROUNDS"] ?? 100);
    const first = await serve(t, { suspendForks: false }, "postgres");
    const second = await startServer({ ...first.options });
    t.after(() => second.close());
    assert.deepEqual(second.publicKey, first.publicKey);
    const device = await enrolled(first);
    for (let round = 1; round <= rounds; round++) {
      const report = device.report(text(`round ${round}`));
      const verdicts = await Promise.all(
        [first, second].map((server) =>
          exchange.post(server.url + exchange.PATHS.reports, "application/cbor-seq", report),
        ),
      );
      for (const answer of verdicts) assert.equal(device.received(answer, report).kind, "accepted");
    }
    const stored = await first.reports(hex(device.id));
    assert.deepEqual(
      stored.map((report) => report.counter),
      Array.from({ length: rounds }, (_, i) => i + 1),
    );
    assert.equal(first.intake.accepted.reports + second.intake.accepted.reports, rounds);
    assert.equal(first.intake.accepted.resent + second.intake.accepted.resent, rounds);
  },
);

void test(
  "two instances on one PostgreSQL under load: each device in flight at both is answered by both, beside commands and the numbering of leaves",
  { skip: missing("postgres") },
  async (t) => {
    const first = await serve(t, {}, "postgres");
    const second = await serve(t, { database: first.options.database, key: first.options.key! }, "postgres");
    const servers = [first, second];
    const rounds = Number(process.env["SIGNET_PAIR_ROUNDS"] ?? 12);
    const devices = await Promise.all(Array.from({ length: 8 }, () => enrolled(first)));
    const ways = servers.map(({ url }) => exchange.http(url));
    const state = { isOver: false };
    const numbering = servers.map(async ({ sequencer }) => {
      while (!state.isOver) await sequencer.look();
    });
    await Promise.all(
      devices.map(async (device, i) => {
        for (let round = 0; round < rounds; round++) {
          const report = device.report(text(`${round}`));
          const [sent] = await Promise.all([
            Promise.all(ways.map((way) => way("reports", report))),
            i === 0 ? command(first, device, "00") : undefined,
          ]);
          const verdicts = sent.map((answer) => device.received(answer, report).kind);
          assert.deepEqual(verdicts, ["accepted", "accepted"], `device ${i}, round ${round}`);
        }
      }),
    );
    state.isOver = true;
    await Promise.all(numbering);
    await first.sequencer.look();
    for (const device of devices) assert.equal((await first.reports(hex(device.id))).length, rounds);
    assert.equal(first.intake.accepted.reports + second.intake.accepted.reports, rounds * devices.length);
    assert.deepEqual((await audit(first.store, keyFile.load(first.options.key!))).findings, []);
  },
);
