// weight: 21 s, 0.3 cores
import assert from "node:assert/strict";
import { statSync } from "node:fs";
import { test } from "node:test";
import { concat, hex } from "../../tools/wire/bytes.ts";
import { encode } from "../../tools/wire/cbor.ts";
import * as exchange from "../../tools/wire/exchange.ts";
import { hash } from "../../tools/wire/key.ts";
import * as messages from "../../tools/wire/messages.ts";
import { FLAVOURS, ask, enrolled, missing, refusal, rows, serve, text } from "./harness.ts";

for (const flavour of FLAVOURS) {
  const skip = missing(flavour);

  void test(
    `${flavour}: a device enrols, reports, and finds its head again after a restart of both`,
    { skip },
    async (t) => {
      let server = await serve(t, {}, flavour);
      const device = await enrolled(server);
      for (let i = 1; i <= 5; i++) {
        const verdict = await exchange.report(device, server.url, text(`reading ${i}`));
        assert.equal(verdict.kind, "accepted");
      }
      const [key, head] = [server.publicKey, device.head];
      server = await server.restart();
      assert.deepEqual(server.publicKey, key, "the server is the same");
      const restarted = server.device({
        seed: device.key.object.export({ format: "der", type: "pkcs8" }).subarray(-32),
      });
      restarted.bootCount = 2;
      assert.equal((await exchange.enrol(restarted, server.url)).kind, "accepted");
      assert.deepEqual(restarted.head, head);
      assert.equal((await exchange.report(restarted, server.url, text("reading 6"))).kind, "accepted");
      const stored = await server.reports(hex(device.id));
      assert.deepEqual(
        stored.map((report) => report.text),
        [1, 2, 3, 4, 5, 6].map((i) => `reading ${i}`),
      );
      assert.deepEqual(
        stored.map((report) => report.counter),
        [1, 2, 3, 4, 5, 6],
      );
      const [row] = await server.devices();
      assert.deepEqual([row!.reports, row!.gaps, row!.bootCount, row!.state], [6, 0, 2, "active"]);
    },
  );

  void test(`${flavour}: the same report sent again is answered again and stored once`, { skip }, async (t) => {
    const server = await serve(t, {}, flavour);
    const device = await enrolled(server);
    const report = device.report(text("once"));
    assert.equal((await exchange.send(device, server.url, [report])).kind, "accepted");
    const before = await rows(server);
    for (let i = 0; i < 3; i++) assert.equal((await exchange.send(device, server.url, [report])).kind, "accepted");
    assert.deepEqual(await rows(server), before);
    assert.deepEqual(server.intake.accepted, { enrolments: 1, reports: 1, resent: 3 });
  });

  void test(
    `${flavour}: a request of many reports is stored whole, and the next one continues after a lost answer`,
    { skip },
    async (t) => {
      const server = await serve(t, {}, flavour);
      const device = await enrolled(server);
      const [a, b, c, d] = device.reports(["a", "b", "c", "d"].map(text));
      assert.equal(await stored(server), 0);
      assert.equal((await refusal(server, "reports", concat(a!, b!))).reason, undefined);
      assert.equal((await exchange.send(device, server.url, [a!, b!, c!])).kind, "accepted");
      assert.equal(await stored(server), 3);
      assert.equal((await exchange.send(device, server.url, [c!, d!])).kind, "accepted");
      assert.equal((await exchange.send(device, server.url, [a!, b!, c!, d!])).kind, "accepted");
      assert.equal(await stored(server), 4);
      assert.deepEqual(
        (await server.reports(hex(device.id))).map((report) => report.text),
        ["a", "b", "c", "d"],
      );
    },
  );

  void test(`${flavour}: one bad report in a request, and none of the request is stored`, { skip }, async (t) => {
    const server = await serve(t, {}, flavour);
    const device = await enrolled(server);
    const [a, b, c] = device.reports(["a", "b", "c"].map(text));
    const before = await rows(server);
    const flipped = c!.slice();
    flipped[flipped.length - 1]! ^= 1;
    assert.equal((await refusal(server, "reports", concat(a!, b!, flipped))).reason, "bad-signature");
    assert.deepEqual(await rows(server), before);
    const { reason } = await refusal(server, "reports", concat(a!, c!));
    assert.equal(reason, "stale-session", "a report is missing between");
    assert.deepEqual((await rows(server))["reports"], []);
  });

  void test(`${flavour}: counters may skip, and the gaps are counted`, { skip }, async (t) => {
    const server = await serve(t, {}, flavour);
    const device = await enrolled(server);
    for (const counter of [1, 2, 10, 11, 100]) {
      const report = device.report(text("x"), { counter });
      assert.equal((await exchange.send(device, server.url, [report])).kind, "accepted");
    }
    assert.equal((await server.devices())[0]!.gaps, 7 + 88);
  });

  void test(`${flavour}: stored data can be read back with a token, page by page`, { skip }, async (t) => {
    const server = await serve(t, {}, flavour);
    const device = await enrolled(server);
    for (let i = 0; i < 7; i++) {
      server.clock.now += 1000;
      await exchange.report(device, server.url, i === 3 ? Uint8Array.of(0, 255) : text(`r${i}`));
    }
    const token = server.adminToken;
    const list = await ask(server, token, "/v1/devices");
    assert.equal(list.body.devices.length, 1);
    const path = `/v1/devices/${hex(device.id)}`;
    assert.equal((await ask(server, token, path)).body.counter, 7);
    const newest = await ask(server, token, `${path}/reports?limit=3`);
    assert.deepEqual(
      newest.body.reports.map((report: { counter: number }) => report.counter),
      [5, 6, 7],
    );
    const after = await ask(server, token, `${path}/reports?after=2&limit=2`);
    assert.deepEqual(
      after.body.reports.map((report: { text: string }) => report.text),
      ["r2", null],
    );
    assert.equal(after.body.reports[1].data, "00ff");
    const since = await ask(server, token, `${path}/reports?since=${server.clock.now}`);
    assert.deepEqual(
      since.body.reports.map((report: { counter: number }) => report.counter),
      [7],
    );
    for (const wrong of ["limit=0", "limit=1001", "limit=x", "since=-1", "after=1e3"]) {
      assert.equal((await ask(server, token, `${path}/reports?${wrong}`)).status, 400, wrong);
    }
    const { now } = server.clock;
    const exported = await ask(server, token, `${path}/export?since=${now - 2000}&until=${now}`);
    assert.deepEqual(
      (exported.body as string)
        .trimEnd()
        .split("\n")
        .map((row) => JSON.parse(row).text),
      ["r4", "r5"],
    );
    const numbers = new Map<string | number, number>([
      [1, 20_435],
      ['=a"b', -7],
    ]);
    await exchange.report(device, server.url, encode(numbers));
    const table = await ask(server, token, `${path}/export?since=${now}&format=csv`);
    const begin = [7, 8].map((counter) => `${hex(device.id)},${counter},${new Date(now).toISOString()},`);
    assert.deepEqual((table.body as string).split("\r\n"), [
      "device,counter,received_at,field,value",
      `${begin[0]}"",`,
      `${begin[1]}"1",20435`,
      `${begin[1]}"'=a""b",-7`,
      "",
    ]);
    assert.equal((await ask(server, token, `${path}/export?format=xml`)).status, 400);
    // The parts of a range end with its reports: two seconds of them are not one point of a century.
    for (const number of ["-3", "4.5"]) {
      server.clock.now += 1000;
      await exchange.report(device, server.url, text(number));
    }
    const { series } = (await ask(server, token, `${path}/series?until=${4e12}`)).body;
    assert.deepEqual(series, [
      {
        key: "",
        points: [
          [now + 1000, -3],
          [now + 2000, 4.5],
        ],
      },
      { key: "1", points: [[now, 20_435]] },
      { key: '=a"b', points: [[now, -7]] },
    ]);
    const early = (await ask(server, token, `${path}/series?since=${now}&until=${now + 1001}`)).body;
    assert.deepEqual([early.reports, early.isWhole, early.series[0].points], [3, true, [[now + 1000, -3]]]);
    assert.equal((await ask(server, token, "/v1/devices/zz")).status, 404);
    assert.equal((await ask(server, token, `/v1/devices/${"00".repeat(32)}`)).status, 404);
  });
}

async function stored(server: Parameters<typeof rows>[0]): Promise<number> {
  return (await rows(server))["reports"]!.length;
}

void test("decisions are emitted as they are made", async (t) => {
  const told: unknown[] = [];
  const server = await serve(t, { onDecision: (happening) => told.push({ ...happening, at: 0 }) });
  const device = await enrolled(server);
  const report = device.report(text("x"));
  await exchange.send(device, server.url, [report]);
  await exchange.send(device, server.url, [report]);
  await refusal(server, "reports", Uint8Array.of(0));
  const id = hex(device.id);
  assert.deepEqual(told, [
    { kind: "enrol", verdict: "accepted", device: id, at: 0 },
    { kind: "report", verdict: "accepted", device: id, counter: 1, data: text("x"), at: 0 },
    { kind: "report", verdict: "repeated", device: id, counter: 1, data: text("x"), at: 0 },
    { kind: "report", verdict: "malformed", at: 0 },
  ]);
});

void test("answers are signed, name their request, and carry the server's time", async (t) => {
  const server = await serve(t);
  const device = await enrolled(server);
  const report = device.report(text("x"));
  const answer = await exchange.post(server.url + exchange.PATHS.reports, "application/cbor-seq", report);
  const verdict = device.received(answer, report);
  assert.ok(verdict.kind === "accepted");
  assert.equal(verdict.issuedAt, server.clock.now / 1000);
  assert.deepEqual(device.head, { counter: 1, hash: hash(report) });
  const signed = await exchange.post(
    server.url + exchange.PATHS.reports,
    "application/cbor-seq",
    device.report(text("y"), { after: messages.NO_HEAD }),
  );
  assert.deepEqual([signed.status, signed.type], [409, "application/cose"]);
});

void test("the server's key is made once, for its owner only", async (t) => {
  const server = await serve(t);
  assert.equal(statSync(server.options.key!).mode & 0o777, 0o600);
  assert.match(server.adminToken!, /^signet_[\w-]{32}$/);
  const again = await server.restart();
  assert.equal(again.adminToken, undefined);
});

void test("an outage is read back by name, and one of later firmware by number", async (t) => {
  const server = await serve(t);
  const device = await enrolled(server);
  for (const outage of [undefined, 0x0352_0003, 0xffff_ffff])
    assert.equal((await exchange.send(device, server.url, [device.report(text("x"), { outage })])).kind, "accepted");
  const { body } = await ask(server, server.adminToken, `/v1/devices/${hex(device.id)}/reports`);
  const joining = "the link failed at joining the wireless network: an error (number 3), 3 times in a row";
  const unknown = "the link failed at step 15: cause 15 (number 65535), 127 times in a row";
  assert.deepEqual(
    body.reports.map((report: { outage: unknown }) => report.outage),
    [
      null,
      { step: "join", cause: "error", number: 3, times: 3, text: joining },
      { step: "15", cause: "15", number: 65_535, times: 127, text: unknown },
    ],
  );
});
