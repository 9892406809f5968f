// weight: 34 s, 0.5 cores
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { Client } from "pg";
import { readAddress } from "../../tools/server/mqtt.ts";
import { startServer } from "../../tools/server/server.ts";
import { Trouble } from "../../tools/trouble.ts";
import { concat, hex } from "../../tools/wire/bytes.ts";
import type { Device } from "../../tools/wire/device.ts";
import * as exchange from "../../tools/wire/exchange.ts";
import * as messages from "../../tools/wire/messages.ts";
import { connect, type Road } from "../../tools/wire/mqtt.ts";
import { open, seal } from "../../tools/wire/sign1.ts";
import { answering, asking } from "../../tools/wire/topics.ts";
import { missing as brokerMissing, type Broker } from "../../tools/demo/broker.ts";
import { broker } from "./broker.ts";
import { FLAVOURS, ask, enrolled, folder, missing, rows, serve, text } from "./harness.ts";
import { repeat, until } from "./wait.ts";

type Options = NonNullable<Parameters<typeof connect>[2]>;

async function road(t: TestContext, { url }: Broker, channel: string, options: Options = {}): Promise<Road> {
  const made = await connect(url, channel, options);
  t.after(() => made.close());
  return made;
}

/** The first byte of an unsigned refusal. */
const UNSIGNED = 0xa1;

/** Return the reason of a refusal, with "signed" if it is signed; undefined if it is none. */
async function refused(way: Road, asked: "enrol" | "reports", body: Uint8Array): Promise<string | undefined> {
  const answer = await way.carry(asked, body);
  if (answer.type === "application/cbor") return messages.reasonName(messages.readUnsignedRefusal(answer.body));
  const message = open(answer.body);
  return message.kind === "refusal" ? `signed ${messages.reasonName(messages.readRefusal(message).reason)}` : undefined;
}

for (const flavour of FLAVOURS) {
  void test(
    `${flavour}: a device enrols, reports and receives downlinks through a broker, and continues over HTTP`,
    { skip: brokerMissing() || missing(flavour) },
    async (t) => {
      const post = await broker(t);
      const server = await serve(t, { mqtt: post.url }, flavour);
      const device = server.device();
      const way = await road(t, post, hex(device.id));
      assert.equal((await exchange.enrol(device, way.carry)).kind, "accepted");
      assert.equal((await exchange.report(device, way.carry, text("one"))).kind, "accepted");
      const many = device.reports(["two", "three", "four"].map(text));
      assert.equal((await exchange.send(device, way.carry, many)).kind, "accepted");
      assert.equal((await exchange.send(device, way.carry, many)).kind, "accepted", "the answer was lost");
      assert.equal((await exchange.report(device, server.url, text("five"))).kind, "accepted");
      const body = JSON.stringify({ data: hex(text("go")), expiresAt: server.clock.now + 60_000 });
      await ask(server, server.adminToken, `/v1/devices/${hex(device.id)}/downlinks`, { method: "POST", body });
      const verdict = await exchange.report(device, way.carry, text("six"));
      assert.ok(verdict.kind === "accepted");
      assert.deepEqual(
        verdict.downlinks.map(({ data }) => hex(data)),
        [hex(text("go"))],
      );
      const stored = await server.reports(hex(device.id));
      assert.deepEqual(
        stored.map((report) => report.text),
        ["one", "two", "three", "four", "five", "six"],
      );
    },
  );
}

void test(
  "messages that a broker delivers again, late and backwards, get the same answer and change nothing",
  { skip: brokerMissing() },
  async (t) => {
    const post = await broker(t);
    const server = await serve(t, { mqtt: post.url });
    const device = server.device();
    const way = await road(t, post, hex(device.id));
    const sent: (readonly ["enrol" | "reports", Uint8Array])[] = [];
    const receipts = new Map<Uint8Array, string>();
    for (let life = 0; life < 3; life++) {
      const enrolment = device.enrol(await exchange.challenge(way.carry));
      assert.equal(device.enrolled(await way.carry("enrol", enrolment), enrolment).kind, "accepted");
      sent.push(["enrol", enrolment]);
      for (let i = 0; i < 3; i++) {
        const report = device.report(text(`${life}/${i}`));
        const answer = await way.carry("reports", report);
        assert.equal(device.received(answer, report).kind, "accepted");
        receipts.set(report, hex(answer.body));
        sent.push(["reports", report]);
      }
      if (life < 2) device.restart();
    }
    const before = await rows(server);
    for (const messages of [sent, sent.toReversed(), [...sent, ...sent]]) {
      server.clock.pass(10_000);
      for (const [asked, body] of messages) {
        if (asked === "enrol") assert.equal(await refused(way, asked, body), "stale-nonce");
        else assert.equal(hex((await way.carry(asked, body)).body), receipts.get(body), "the same receipt");
      }
    }
    assert.deepEqual(await rows(server), before);
    assert.equal((await exchange.report(device, way.carry, text("goes on"))).kind, "accepted");
  },
);

void test(
  "a message refused over HTTP is refused through a broker, by the same name, and changes no row",
  { skip: brokerMissing() },
  async (t) => {
    const post = await broker(t);
    const server = await serve(t, { mqtt: post.url, suspendForks: false });
    const [device, other] = [await enrolled(server), await enrolled(server)];
    const way = await road(t, post, "module-7");
    const first = device.report(text("one"));
    await exchange.send(device, way.carry, [first]);
    await exchange.report(device, way.carry, text("two"));
    const before = await rows(server);
    const good = device.report(text("three"));
    const flipped = good.slice();
    flipped[flipped.length - 1]! ^= 1;
    const elsewhere = messages.sealReport(device.key, {
      audience: "signet.other",
      counter: 9,
      prev: device.head.hash,
      data: text("x"),
      session: device.session!,
    });
    const table: [string, "enrol" | "reports", Uint8Array][] = [
      ["malformed", "reports", new Uint8Array(0)],
      ["malformed", "reports", text("SELECT 1")],
      ["malformed", "reports", concat(good, other.report(text("x")))],
      ["malformed", "enrol", good],
      ["unknown-device", "reports", server.device().report(text("x"))],
      ["bad-signature", "reports", flipped],
      ["bad-signature", "reports", seal("report", device.id, other.key, open(good).payload)],
      ["signed wrong-audience", "reports", elsewhere],
      ["stale-nonce", "enrol", device.enrol(new Uint8Array(32))],
      ["too-large", "reports", new Uint8Array(33_000)],
    ];
    for (const [expected, asked, body] of table) assert.equal(await refused(way, asked, body), expected);
    assert.deepEqual(await rows(server), before);
    assert.equal((await exchange.send(device, way.carry, [good])).kind, "accepted");
  },
);

void test(
  "topics outside the protocol and packets beyond the limit are dropped, and the server accepts devices after them",
  { skip: brokerMissing() },
  async (t) => {
    const post = await broker(t);
    const server = await serve(t, { mqtt: post.url });
    const device = server.device();
    const way = await road(t, post, hex(device.id));
    const before = await rows(server);
    let heard = 0;
    await way.client.subscribeAsync("#");
    way.client.on("message", (topic) => (heard += topic.startsWith("signet/answer/") ? 1 : 0));
    const odd = [
      "signet/ask/x/nothing",
      "signet/ask/x/__proto__",
      "signet/ask//reports",
      "signet/ask/a b/reports",
      `signet/ask/${"x".repeat(65)}/enrol`,
    ];
    for (const topic of odd) await way.client.publishAsync(topic, "x", { qos: 1 });
    const away = ["signet/ask/x/y/reports", "signet/ask/x", "other/ask/x/reports", "signet/answer/x/reports"];
    for (const topic of away) await way.client.publishAsync(topic, "x", { qos: 1 });
    await way.client.publishAsync(asking("signet", "x", "reports"), Buffer.alloc(1_000_000), { qos: 1 });
    assert.equal((await exchange.enrol(device, way.carry)).kind, "accepted");
    assert.equal(server.intake.refusals.malformed, odd.length);
    // Two answers of the enrolment, and what the test itself published there.
    assert.equal(heard, 3);
    const after = await rows(server);
    for (const table of ["reports", "evidence", "claims"]) assert.deepEqual(after[table], before[table]);
  },
);

void test(
  "a report is on the disk before its receipt: while its row is locked there is none",
  { skip: brokerMissing() || missing("postgres") },
  async (t) => {
    const post = await broker(t);
    const server = await serve(t, { mqtt: post.url }, "postgres");
    const device = await enrolled(server);
    const way = await road(t, post, "d");
    const report = device.report(text("x"));
    let answered = false;
    const holder = new Client({ connectionString: server.options.database });
    await holder.connect();
    await holder.query("begin");
    await holder.query("select * from devices for update");
    const asked = way.carry("reports", report).finally(() => (answered = true));
    await until("the request is under way", () => server.mqtt!.underWay > 0);
    await pause(300);
    assert.equal(answered, false);
    await holder.query("commit");
    await holder.end();
    assert.equal(device.received(await asked, report).kind, "accepted");
  },
);

/**
 * Send a report until its receipt arrives, as a device does: an answer can be lost, and the answer to an earlier attempt can arrive
 * late. A refusal is an error at once.
 */
async function insist(way: Road, device: Device, report: Uint8Array): Promise<void> {
  await repeat("a report is accepted", async () => {
    const verdict = await exchange.send(device, way.carry, [report]).catch(() => undefined);
    assert.notEqual(verdict?.kind, "refused", JSON.stringify(verdict));
    return verdict?.kind === "accepted";
  });
}

void test(
  "the broker is killed and restarted: the server reconnects, and reports sent meanwhile are stored once",
  { skip: brokerMissing() },
  async (t) => {
    const post = await broker(t);
    const errors: unknown[] = [];
    const server = await serve(t, {
      mqtt: post.url,
      mqttLimits: { reconnectMs: 50 },
      onError: (error) => errors.push(error),
    });
    const device = await enrolled(server);
    const way = await road(t, post, hex(device.id), { patienceMs: 500 });
    for (let round = 1; round <= 3; round++) {
      await insist(way, device, device.report(text(`before ${round}`)));
      await post.stop();
      const report = device.report(text(`meanwhile ${round}`));
      await assert.rejects(way.carry("reports", report), /no answer/);
      const { body: metrics } = await ask(server, server.adminToken, "/metrics");
      assert.match(metrics, /^signet_mqtt_connected 0$/m, "HTTP goes on, and says so");
      await post.start();
      await insist(way, device, report);
    }
    const stored = await server.reports(hex(device.id));
    assert.deepEqual(
      stored.map((report) => report.text),
      [1, 2, 3].flatMap((round) => [`before ${round}`, `meanwhile ${round}`]),
    );
  },
);

void test(
  "two instances share the devices of one broker: each request reaches one, and the chains are whole",
  { skip: brokerMissing() || missing("postgres") },
  async (t) => {
    const post = await broker(t);
    const first = await serve(t, { mqtt: post.url }, "postgres");
    const second = await startServer(first.options);
    t.after(() => second.close());
    const devices = await Promise.all(Array.from({ length: 8 }, () => enrolled(first)));
    await Promise.all(
      devices.map(async (device) => {
        const way = await road(t, post, hex(device.id));
        for (let n = 0; n < 10; n++)
          assert.equal((await exchange.report(device, way.carry, text(`${n}`))).kind, "accepted");
      }),
    );
    const counts = [first, second].map(({ intake }) => intake.accepted);
    assert.equal(counts[0]!.reports + counts[1]!.reports, 80);
    assert.equal(counts[0]!.resent + counts[1]!.resent, 0, "nothing reached both");
    for (const { reports } of counts) assert.ok(reports > 0, "one instance was never asked");
    for (const device of devices) assert.equal((await first.reports(hex(device.id))).length, 10);
  },
);

void test(
  "a flood from strangers: requests in progress stay within the limit, and a device is answered",
  { skip: brokerMissing() },
  async (t) => {
    const post = await broker(t, "allow_anonymous true\nmax_inflight_messages 0\nmax_queued_messages 0\n");
    const server = await serve(t, { mqtt: post.url, mqttLimits: { underWay: 4 } });
    const device = await enrolled(server);
    const [way, flood] = [await road(t, post, hex(device.id)), await road(t, post, "stranger")];
    const stranger = server.device().report(text("x"));
    let most = 0;
    server.intake.happenings.on("happening", () => (most = Math.max(most, server.mqtt!.underWay)));
    const sent = Array.from({ length: 2000 }, () =>
      flood.client.publishAsync(asking("signet", "stranger", "reports"), Buffer.from(stranger), { qos: 1 }),
    );
    assert.equal((await exchange.report(device, way.carry, text("heard"))).kind, "accepted");
    await Promise.all(sent);
    await until("all strangers are refused", () => server.intake.refusals["unknown-device"] >= 2000);
    assert.ok(most > 1 && most <= 4, `${most} under way`);
  },
);

void test(
  "a server that is told to stop answers the requests in progress, and the next server takes the rest",
  { skip: brokerMissing() },
  async (t) => {
    const post = await broker(t);
    const server = await serve(t, { mqtt: post.url });
    const devices = await Promise.all(Array.from({ length: 10 }, () => enrolled(server)));
    const count = { going: true, acknowledged: 0, receipts: 0 };
    const monitor = await road(t, post, "monitor");
    await monitor.client.subscribeAsync("signet/answer/+/reports");
    monitor.client.on("message", (_topic, payload) => (count.receipts += payload[0] === UNSIGNED ? 0 : 1));
    const working = devices.map(async (device) => {
      const way = await road(t, post, hex(device.id), { patienceMs: 1000 });
      while (count.going) {
        await insist(way, device, device.report(text("x")));
        count.acknowledged++;
      }
    });
    await until("50 reports are acknowledged", () => count.acknowledged >= 50);
    const again = await server.restart();
    const enough = count.acknowledged + 50;
    await until("50 more reports are acknowledged", () => count.acknowledged >= enough);
    count.going = false;
    await Promise.all(working);
    // A device that waited too long for an answer repeats its report, and is answered again.
    const answered = [server, again].map(({ intake }) => intake.accepted.reports + intake.accepted.resent);
    await until("each stored report was answered", () => count.receipts === answered[0]! + answered[1]!);
    const stored = (await again.devices()).reduce((sum, device) => sum + device.reports, 0);
    assert.equal(stored, count.acknowledged);
  },
);

void test(
  "a broker with accounts: each device sends and receives on its own channel only",
  { skip: brokerMissing() },
  async (t) => {
    const acl = join(folder(t), "acl");
    writeFileSync(acl, ACL);
    const post = await broker(t, `allow_anonymous true\nacl_file ${acl}\n`);
    const as = (username: string): string => post.url.replace("//", `//${username}@`);
    const server = await serve(t, { mqtt: as("server") });
    const device = await enrolled(server);
    const mine = await connect(as("mine"), "mine");
    const thief = await connect(as("thief"), "mine", { patienceMs: 1000 });
    t.after(() => Promise.all([mine.close(), thief.close()]));
    const stolen: string[] = [];
    thief.client.on("message", (topic) => stolen.push(topic));
    await thief.client.subscribeAsync("signet/#").catch(() => undefined);
    assert.equal((await exchange.report(device, mine.carry, text("x"))).kind, "accepted");
    await assert.rejects(exchange.report(device, thief.carry, text("y")), /no answer/);
    await thief.client.publishAsync(answering("signet", "mine", "reports"), "forged", { qos: 1 });
    assert.deepEqual(stolen, []);
    assert.equal((await server.reports(hex(device.id))).length, 1);
  },
);

/** The configuration in the operator's guide. */
const ACL = `user server
topic read signet/ask/#
topic write signet/answer/#
pattern write signet/ask/%u/+
pattern read signet/answer/%u/+
pattern write signet/lost/%u
`;

void test("a missing broker, or a malformed address: one clear line", { skip: brokerMissing() }, async (t) => {
  const server = await serve(t);
  const complains = (pattern: RegExp) => (error: unknown) => error instanceof Trouble && pattern.test(error.message);
  const options = { ...server.options, database: join(server.folder, "other.db") };
  const secret = "mqtt://u:hunter2@127.0.0.1:1";
  await assert.rejects(startServer({ ...options, mqtt: secret }), (error) => {
    assert.ok(error instanceof Trouble && /cannot be reached/.test(error.message));
    assert.ok(!/hunter2/.test(error.message + error.hint));
    return true;
  });
  for (const wrong of ["broker", "http://x", "mqtt://", "mqtt://h/+/x", "mqtt://h/%23", "mqtt://h/$SYS"])
    assert.throws(() => readAddress(wrong), complains(/address of a broker|prefix/), wrong);
  for (const wrong of ["mqtt://h?client=", "mqtt://h?client=a%23", "mqtt://h?id=a", "mqtt://h?client=a&client=b"])
    assert.throws(() => readAddress(wrong), complains(/its one parameter is client/), wrong);
  const named = readAddress("mqtts://h/plant?client=hall-1");
  assert.deepEqual([named.url, named.prefix, named.client], ["mqtts://h", "plant", "hall-1"]);
  assert.deepEqual(readAddress("mqtt://u:p@h:1/plant/7"), {
    url: "mqtt://u:p@h:1",
    prefix: "plant/7",
    client: undefined,
    shown: "mqtt://h:1/plant/7",
  });
});
