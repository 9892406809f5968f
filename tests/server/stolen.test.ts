// weight: 8 s, 0.5 cores
/** The abilities and limits of a stolen server key: each line of SECURITY.md. */
import assert from "node:assert/strict";
import { copyFileSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { audit } from "../../tools/server/audit.ts";
import * as commands from "../../tools/server/commands.ts";
import * as keyFile from "../../tools/server/keys.ts";
import { sealed } from "../../tools/server/seal.ts";
import * as sessions from "../../tools/server/session.ts";
import { concat, hex } from "../../tools/wire/bytes.ts";
import type { Device } from "../../tools/wire/device.ts";
import * as exchange from "../../tools/wire/exchange.ts";
import { hash } from "../../tools/wire/key.ts";
import * as messages from "../../tools/wire/messages.ts";
import { open, seal } from "../../tools/wire/sign1.ts";
import { AUDIENCE, ask, command, enrolled, order, refusal, serve, text, type Fixture } from "./harness.ts";

/** A server, a device that reported, and a thief with the server's key file and a server of their own. */
async function scene(
  t: TestContext,
): Promise<{ server: Fixture; device: Device; keys: keyFile.ServerKeys; thief: Fixture }> {
  const server = await serve(t);
  const device = await enrolled(server);
  for (const value of ["one", "two"])
    assert.equal((await exchange.report(device, server.url, text(value))).kind, "accepted");
  const key = join(server.folder, "stolen.key");
  for (const file of [(path: string) => path, keyFile.sealFile]) copyFileSync(file(server.options.key!), file(key));
  return { server, device, keys: keyFile.load(key), thief: await serve(t, { key }) };
}

const about = (device: Device): { issuer: string; issuedAt: number; device: Uint8Array } => ({
  issuer: AUDIENCE,
  issuedAt: 1_767_225_600,
  device: device.id,
});

/** Report as devices do. */
async function reports(server: Fixture, device: Device, value = "x"): Promise<string> {
  for (let attempt = 0; attempt < 3; attempt++) {
    const verdict = await exchange.report(device, server.url, text(value));
    if (verdict.kind !== "refused") return verdict.kind;
    if (verdict.reason !== "stale-session") return verdict.reason;
    await exchange.enrol(device, server.url);
  }
  return "stale-session";
}

async function told(server: Fixture): Promise<{ alarms: string[]; gaps: object[]; evidence: object[] }> {
  const { alarms, gaps, evidence } = (await ask(server, server.adminToken, "/v1/alarms")).body;
  return { alarms: alarms.map(({ detail }: { detail: { what: string } }) => detail.what), gaps, evidence };
}

async function isWell(server: Fixture, device: Device): Promise<void> {
  for (let i = 0; i < 3; i++) assert.equal(await reports(server, device), "accepted");
  assert.equal((await server.devices()).find(({ id }) => id === hex(device.id))!.state, "active");
  assert.deepEqual((await told(server)).evidence, []);
}

void test("readings under receipts of a stolen key are lost, and the real server names the gap", async (t) => {
  const { server, device, keys } = await scene(t);
  for (let i = 0; i < 3; i++) {
    const report = device.report(text("for nobody"));
    const receipt = messages.sealReceipt(keys.signing, {
      ...about(device),
      counter: device.counter,
      about: hash(report),
    });
    assert.equal(device.received({ type: "application/cbor-seq", body: receipt }, report).kind, "accepted");
  }
  await isWell(server, device);
  const { gaps, alarms } = await told(server);
  assert.deepEqual([gaps.length, alarms], [1, []]);
  assert.deepEqual((gaps[0] as { detail: object }).detail, { after: 2, before: 7, most: 4 });
});

void test("a command of a stolen key is obeyed; the real server raises an alarm, and its own commands are obeyed after it", async (t) => {
  const { server, device, keys } = await scene(t);
  const report = device.report(text("x"));
  const answer = await exchange.http(server.url)("reports", report);
  const forged = messages.sealDownlink(keys.signing, {
    ...about(device),
    expires: 4e9,
    counter: 4000,
    data: text("open"),
  });
  const verdict = device.received({ ...answer, body: concat(answer.body, forged) }, report);
  assert.ok(verdict.kind === "accepted" && verdict.downlinks.length === 1);
  await command(server, device, "aa");
  await isWell(server, device);
  assert.match((await told(server)).alarms.join(), /^acknowledges command 4000, which this server did not send/);
  assert.deepEqual((await server.devices())[0]!.commands, { queued: 4000, acknowledged: 0, passed: 4000 });
  await command(server, device, "bb");
  const next = await exchange.report(device, server.url, text("x"));
  assert.ok(next.kind === "accepted");
  assert.deepEqual(
    next.downlinks.map(({ data }) => hex(data)),
    ["bb"],
  );
});

void test("rows sealed with a stolen key pass the audit", async (t) => {
  const { server, device, keys } = await scene(t);
  const [row] = await server.store.read.selectFrom("devices").selectAll().execute();
  const forged = { ...row!, model: "forged" };
  await server.store.read.updateTable("devices").set(forged).where("id", "=", device.id).execute();
  assert.equal((await audit(server.store, keys)).findings.length, 1);
  await server.store.read
    .updateTable("devices")
    .set(sealed(keys.seal, "devices", forged))
    .execute();
  assert.deepEqual((await audit(server.store, keys)).findings, []);
});

void test("no message of a device is made with a server's key: no report, no enrolment, no handover", async (t) => {
  const { server, device, keys } = await scene(t);
  const report = seal("report", device.id, keys.signing, open(device.report(text("x"))).payload);
  assert.equal((await refusal(server, "reports", report)).reason, "bad-signature");
  const enrolment = device.enrol(await exchange.challenge(server.url));
  const forged = seal("enrol", device.id, keys.signing, open(enrolment).payload);
  assert.equal((await refusal(server, "enrol", forged)).reason, "bad-signature");
  const thing = server.device();
  const counter = 1;
  const handover = seal(
    "handover",
    device.id,
    keys.signing,
    open(
      messages.sealHandover(thing.key, {
        audience: AUDIENCE,
        successor: thing.id,
        token: commands.token(keys.order, device.id, counter),
        head: device.head,
        order: counter,
      }),
    ).payload,
  );
  const offered = messages.sealEnrol(thing.key, {
    ...messages.readEnrol(open(thing.enrol(await exchange.challenge(server.url)))),
    handover,
  });
  assert.equal((await refusal(server, "enrol", offered)).reason, "bad-signature");
  assert.equal((await server.devices()).length, 1);
});

void test("an order of a stolen key moves a device to a key that it made itself, and the real server follows it", async (t) => {
  const { server, device, keys } = await scene(t);
  const counter = 7;
  const next = device.successor({ counter, data: commands.token(keys.order, device.id, counter) });
  assert.equal((await exchange.enrol(next, server.url)).kind, "accepted");
  for (let i = 0; i < 3; i++) assert.equal(await reports(server, next), "accepted");
  const [entry] = (await ask(server, server.adminToken, "/v1/log")).body.entries.filter(
    ({ action }: { action: string }) => action === "rotate",
  );
  assert.equal(entry.detail.lost, "the order", "the log says that it is not one of the database's");
  // Commands and orders of the real server go on above it.
  const last = next.successor(await order(server, next));
  assert.equal((await exchange.enrol(last, server.url)).kind, "accepted");
  await isWell(server, last);
});

void test("a device that used another server, and returns, is no clone, whatever it did there", async (t) => {
  const { server, device, thief } = await scene(t);
  for (let round = 0; round < 4; round++) {
    for (let i = 0; i < round; i++) assert.equal(await reports(thief, device, "elsewhere"), "accepted");
    if (round % 2 === 0) device.restart();
    assert.equal((await exchange.enrol(device, round < 2 ? thief.url : server.url)).kind, "accepted");
    await isWell(server, device);
  }
  assert.ok((await told(server)).alarms.every((what) => what.startsWith("went back")));
});

void test("invented sessions of any epoch cause no contradiction of a device", async (t) => {
  const { server, device, keys } = await scene(t);
  const forge = async (epoch: number, head: messages.Head): Promise<void> => {
    const enrolment = device.enrol(await exchange.challenge(server.url));
    const session = sessions.make(keys.session, device.id, epoch, hash(enrolment));
    const body = messages.sealEnrolled(keys.signing, {
      ...about(device),
      about: hash(enrolment),
      head,
      ack: 0,
      session,
    });
    assert.equal(device.enrolled({ type: "application/cose", body }, enrolment).kind, "accepted");
    // It signs a report in it, which does not reach the server.
    device.report(text("lost"));
  };
  for (let round = 0; round < 3; round++) {
    const { head } = device;
    // A later session of the real server, in which a report is stored that the device hears nothing of.
    assert.equal((await exchange.enrol(device, server.url)).kind, "accepted");
    await exchange.http(server.url)("reports", device.report(text("not answered")));
    const real = Number(
      (await server.store.read.selectFrom("devices").select("epoch").executeTakeFirstOrThrow()).epoch,
    );
    for (const epoch of [real - 1, real, real + 1, 1, 0, 2 ** 32 - 1]) {
      await forge(epoch, head);
      await isWell(server, device);
      await exchange.http(server.url)("reports", device.report(text("not answered")));
    }
  }
  assert.ok((await told(server)).alarms.every((what) => what.startsWith("went back")));
});

void test("numbers near their end are refused: a head, a command, a report", async (t) => {
  const { server, device, keys } = await scene(t);
  const enrolment = device.enrol(await exchange.challenge(server.url));
  const session = sessions.make(keys.session, device.id, 9, hash(enrolment));
  const head = { counter: messages.COUNTER_END, hash: new Uint8Array(32) };
  const body = messages.sealEnrolled(keys.signing, { ...about(device), about: hash(enrolment), head, ack: 0, session });
  assert.equal(device.enrolled({ type: "application/cose", body }, enrolment).kind, "ignored");
  const report = device.report(text("x"));
  const answer = await exchange.http(server.url)("reports", report);
  const downlink = { ...about(device), expires: 4e9, data: text("x") };
  for (const counter of [messages.DOWNLINK_STEP + 1, messages.COUNTER_END, 2 ** 32 - 1]) {
    const forged = messages.sealDownlink(keys.signing, { ...downlink, counter });
    const verdict = device.received({ ...answer, body: concat(answer.body, forged) }, report);
    assert.ok(verdict.kind === "accepted" && verdict.downlinks.length === 0, String(counter));
  }
  assert.deepEqual(device.alarms, ["head-refused", "command-refused", "command-refused", "command-refused"]);
  for (const counter of [device.head.counter + messages.REPORT_STEP + 1, messages.COUNTER_END, 2 ** 32 - 1]) {
    const far = device.report(text("x"), { counter });
    assert.equal((await refusal(server, "reports", far)).reason, "stale-session");
  }
  device.counter = device.head.counter;
  await isWell(server, device);
});
