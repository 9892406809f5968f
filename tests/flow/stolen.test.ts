// weight: 20 s, 0.5 cores
/**
 * A thief has one of the two server keys that a device holds, and the network between the device and its server, for a while. The thief's
 * messages may cost time. They must not cost the device its identity with the holder of the other key.
 */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { withBody } from "../../tools/attacker/http.ts";
import { concat, hex } from "../../tools/wire/bytes.ts";
import * as ed25519 from "../../tools/wire/ed25519.ts";
import { PATHS } from "../../tools/wire/exchange.ts";
import * as factory from "../../tools/wire/factory.ts";
import { hash } from "../../tools/wire/key.ts";
import * as messages from "../../tools/wire/messages.ts";
import { open } from "../../tools/wire/sign1.ts";
import { AUDIENCE, number, Subject, World } from "./world.ts";

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;
const stolen = ed25519.fromSeed(new Uint8Array(32).fill(7));

let world: World;
before(async () => {
  world = await World.start();
});
after(() => world.close());

/** A device that holds the real server's key and the stolen one, and reports. */
async function living(): Promise<{ subject: Subject; old: string }> {
  const subject = await Subject.make(world, {
    settings: { serverKeys: [world.server.publicKey, stolen.publicKey] },
  });
  await subject.start();
  await subject.see("accepted", 2);
  return { subject, old: subject.id };
}

const said = (device: string): { issuer: string; issuedAt: number; device: Uint8Array } => ({
  issuer: AUDIENCE,
  issuedAt: Math.floor(Date.now() / 1000),
  device: Buffer.from(device, "hex"),
});

const http = (status: number, body: Uint8Array): Buffer =>
  Buffer.concat([
    Buffer.from(
      `HTTP/1.1 ${status} x\r\nconnection: close\r\ncontent-type: application/cose\r\ncontent-length: ${body.length}\r\n\r\n`,
    ),
    body,
  ]);

function refusal(device: string, about: Uint8Array, reason: messages.ReasonName): Buffer {
  const refused = { ...said(device), about: hash(about), reason: messages.Reason[reason] };
  return http(403, messages.sealRefusal(stolen, refused));
}

/** Answer the next enrol in place of the server. */
function enrolled(subject: Subject): Promise<unknown> {
  return subject.attacker.play("up", PATHS.enrol, ({ request }, connection) => {
    const about = hash(request.body);
    const session = concat(new Uint8Array(8), about.subarray(0, 8));
    const answer = { ...said(hex(open(request.body).kid)), about, head: messages.NO_HEAD, ack: 1, session };
    connection.toDevice(http(200, messages.sealEnrolled(stolen, answer)));
    return [];
  });
}

/** Answer the next report in place of the server, with an order to rotate. */
function ordered(subject: Subject, counter: number): Promise<unknown> {
  return subject.attacker.play("up", PATHS.reports, ({ request }, connection) => {
    const report = open(request.body);
    const about = { ...said(hex(report.kid)), about: hash(request.body) };
    const receipt = messages.sealReceipt(stolen, { ...about, counter: messages.readReport(report).counter });
    const order = { counter, expires: 4e9, data: new Uint8Array(16), order: messages.Order.rotate };
    connection.toDevice(http(200, concat(receipt, messages.sealDownlink(stolen, { ...about, ...order }))));
    return [];
  });
}

/** Order the device to rotate its key; resolves with the id of the next one. */
async function order(subject: Subject): Promise<string> {
  const rotating = subject.see("rotating");
  void subject.attacker.play("down", PATHS.reports, ({ answer }) => {
    const downlink = {
      ...said(subject.id),
      counter: 1,
      expires: 4e9,
      data: new Uint8Array(16),
      order: messages.Order.rotate,
    };
    return [withBody(answer!, concat(answer!.body, messages.sealDownlink(stolen, downlink)))];
  });
  return hex((await rotating).data);
}

/** The thief is gone: the device comes to report as `id`, after a restart too, and the server knows it as that. */
async function goesOn(subject: Subject, id: string): Promise<void> {
  for (let start = 0; start < 3; start++) {
    if (start > 0) await subject.start();
    const before = subject.said("accepted").length;
    await subject.sleepUntil(() => subject.id === id && subject.said("accepted").length >= before + 2, 2_000);
  }
  await subject.stop();
  const rows = await world.server.devices();
  assert.equal(rows.find((row) => row.id === id)?.state, "active");
  assert.equal(subject.guest.deaths, 0);
}

describe("with a stolen server key", () => {
  it("a thief silences a device for a day with a signed revoked, and it continues", async () => {
    const { subject, old } = await living();
    const silenced = subject.see("silenced");
    await subject.attacker.play("up", PATHS.reports, ({ request }, connection) => {
      connection.toDevice(refusal(old, request.body, "revoked"));
      return [];
    });
    await silenced;
    subject.skip(DAY_MS);
    await goesOn(subject, old);
    await world.checkHonest(subject);
  });

  it("a thief orders a rotation and signs that it is done: the device continues with the key that its server knows", async () => {
    const { subject, old } = await living();
    const rotated = subject.see("rotated");
    const answered = enrolled(subject);
    const next = await order(subject);
    await answered;
    assert.equal(hex((await rotated).data), next);
    await goesOn(subject, old);
    // Its own server can order no rotation while the thief's key is pinned, and commands are obeyed all the same.
    await subject.start();
    await subject.see("accepted", 1);
    const ignored = subject.see("command-ignored");
    await world.operate(old, "rotate", { expiresAt: Date.now() + DAY_MS });
    const counter = number(await ignored);
    const command = subject.see("command");
    await world.operate(old, "downlinks", { data: "01", expiresAt: Date.now() + DAY_MS });
    assert.equal(number(await command), counter + 1);
    await subject.stop();
    // Without it, it can.
    subject.guest.flash.provision(
      factory.write({
        link: "framed",
        host: "127.0.0.1",
        port: world.port,
        audience: AUDIENCE,
        serverKeys: [world.server.publicKey],
        reportIntervalMs: 50,
      }),
    );
    await subject.start();
    await subject.see("accepted", 1);
    const last = subject.see("rotating");
    await world.operate(old, "rotate", { expiresAt: Date.now() + DAY_MS });
    await goesOn(subject, hex((await last).data));
  });

  it("a thief refuses a handover that the server accepted: the device returns to the next key", async () => {
    const { subject, old } = await living();
    const rotating = subject.see("rotating");
    const refused = subject.see("refused");
    const answered = subject.attacker.play("down", PATHS.enrol, ({ request }) => [
      refusal(hex(open(request.body).kid), request.body, "handover-refused"),
    ]);
    await world.operate(old, "rotate", { expiresAt: Date.now() + DAY_MS });
    const next = hex((await rotating).data);
    await answered;
    assert.equal(messages.reasonName(number(await refused)), "handover-refused");
    const rows = await world.server.devices();
    assert.deepEqual(
      [old, next].map((id) => rows.find((row) => row.id === id)?.state),
      ["replaced", "active"],
    );
    await goesOn(subject, next);
  });

  it("a thief orders one rotation after the other: the device obeys one in ten minutes", async () => {
    const { subject, old } = await living();
    const rotated = subject.see("rotated");
    const answered = enrolled(subject);
    await order(subject);
    await answered;
    await rotated;
    const ignored = subject.see("command-ignored");
    await ordered(subject, 2);
    assert.equal(number(await ignored), 2);
    subject.skip(10 * MINUTE_MS);
    const rotating = subject.see("rotating");
    await ordered(subject, 2);
    await rotating;
    assert.equal(subject.said("rotating").length, 2);
    await goesOn(subject, old);
  });

  it("a thief refuses both keys in turn: the device asks again, less and less often, and continues", async () => {
    const { subject, old } = await living();
    const answers = (async () => {
      for (const reason of ["handover-refused", "revoked", "handover-refused", "revoked"] as const)
        await subject.attacker.play("up", PATHS.enrol, ({ request }, connection) => {
          connection.toDevice(refusal(hex(open(request.body).kid), request.body, reason));
          return [];
        });
    })();
    const next = await order(subject);
    let isOver = false;
    void answers.then(() => (isOver = true));
    await subject.sleepUntil(() => isOver);
    assert.notEqual(next, old);
    const waits = subject.said("retry").map((event) => number(event));
    assert.ok(waits.at(-1)! >= 2_000, waits.join());
    await goesOn(subject, old);
  });
});
