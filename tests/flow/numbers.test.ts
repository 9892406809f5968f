// weight: 36 s, 0.2 cores
/**
 * Numbers that a server signs: one that is wrong, by a stolen key or a wrong clock, disables no device (`assembly/identity/README.md`,
 * "Numbers and their limits"). The attacker here has the server's own signing key, for one message.
 */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { withBody, type HttpMessage } from "../../tools/attacker/http.ts";
import { concat, hex } from "../../tools/wire/bytes.ts";
import { PATHS } from "../../tools/wire/exchange.ts";
import * as messages from "../../tools/wire/messages.ts";
import { open, openFirst } from "../../tools/wire/sign1.ts";
import { number, Subject, World } from "./world.ts";

const UINT32_MAX = 0xffff_ffff;
const HOUR_MS = 3_600_000;
const HEAD = 1;
const COMMAND = 2;
const LAST_COMMAND = 3;

let world: World;
before(async () => {
  world = await World.start();
});
after(() => world.close());

async function living(): Promise<Subject> {
  const subject = await Subject.make(world);
  await subject.start();
  await subject.see("accepted", 3);
  return subject;
}

/** Change the next `enrolled` and sign it again. */
function enrolledAs(subject: Subject, change: (enrolled: messages.Enrolled) => Partial<messages.Enrolled>) {
  return subject.attacker.play("down", PATHS.enrol, ({ answer }) => {
    const enrolled = messages.readEnrolled(open(answer!.body));
    return [withBody(answer!, messages.sealEnrolled(world.signingKey(), { ...enrolled, ...change(enrolled) }))];
  });
}

/** The receipt that an answer begins with. */
function receiptOf(answer: HttpMessage): messages.Receipt {
  return messages.readReceipt(openFirst(answer.body, 0).message);
}

/** Send a downlink with the next receipt. */
function downlink(subject: Subject, what: Partial<messages.Downlink>) {
  return subject.attacker.play("down", PATHS.reports, ({ answer }) => {
    const { issuer, issuedAt, device } = receiptOf(answer!);
    const plain = { issuer, issuedAt, device, expires: issuedAt + 60, counter: 1, data: new Uint8Array(0) };
    const sealed = messages.sealDownlink(world.signingKey(), { ...plain, ...what });
    return [withBody(answer!, concat(openFirst(answer!.body, 0).message.bytes, sealed))];
  });
}

/** Queue a command for a device; its counter. */
async function command(subject: Subject, text = "led on"): Promise<number> {
  const body = { data: Buffer.from(text).toString("hex"), expiresAt: Date.now() + HOUR_MS };
  return (await world.operate(subject.id, "downlinks", body))["counter"] as number;
}

/** Return the acknowledged commands of the server's records. */
async function commands(subject: Subject): Promise<unknown> {
  const answer = await fetch(`${world.server.url}/v1/devices/${subject.id}`, {
    headers: { authorization: `Bearer ${world.server.adminToken}` },
  });
  return ((await answer.json()) as { commands: { acknowledged: number } }).commands.acknowledged;
}

function refused(subject: Subject): [number, number][] {
  return subject.said("number-refused").map((event) => [number(event), number(event, 4)]);
}

/** Start it again, with the honest server, and see that it reports and obeys. */
async function recovers(subject: Subject): Promise<void> {
  await subject.start();
  await subject.see("accepted", 2);
  const counter = await command(subject);
  await subject.until(() => subject.said("command").some((event) => number(event) === counter));
  await subject.until(async () => (await commands(subject)) === counter);
  await subject.stop();
  assert.equal(subject.guest.deaths, 0);
}

describe("a head from a server", () => {
  it("is refused near the last counter, and the device continues with the honest one", async () => {
    const subject = await living();
    for (const counter of [messages.COUNTER_END, UINT32_MAX - 300, UINT32_MAX]) {
      void enrolledAs(subject, () => ({ head: { counter, hash: new Uint8Array(32).fill(1) } }));
      const refusal = subject.see("number-refused");
      await subject.start();
      assert.deepEqual([number(await refusal), number(await refusal, 4)], [HEAD, counter]);
    }
    await recovers(subject);
    await world.checkHonest(subject);
  });

  it("is used for its session only, where it is far beyond the reserve", async () => {
    const subject = await living();
    const counter = 3_000_000_000;
    void enrolledAs(subject, () => ({ head: { counter, hash: new Uint8Array(32).fill(1) } }));
    const ahead = subject.see("head-ahead");
    const sent = subject.see("sent");
    await subject.start();
    assert.equal(number(await ahead), counter);
    assert.equal(number(await sent), counter + 1);
    // The honest server does not know that head: the device enrols again.
    await subject.see("accepted", 2);
    assert.ok(subject.accepted().every((accepted) => accepted < 10_000));
    await recovers(subject);
    await world.checkHonest(subject);
  });

  it("is accepted once an hour, where it is beyond all counters used since the start", async () => {
    const subject = await living();
    const far = (counter: number) => enrolledAs(subject, ({ head }) => ({ head: { ...head, counter } }));
    void far(1_000_000);
    const ahead = subject.see("head-ahead");
    await subject.start();
    await ahead;
    // The honest server has that head now: another one, that is no step further, is no news.
    await subject.see("accepted", 2);
    const again = async (counter: number): Promise<void> => {
      void far(counter);
      await subject.refuse(world, PATHS.reports, "stale-session");
    };
    const refusal = subject.see("number-refused");
    await again(2_000_000);
    assert.deepEqual([number(await refusal), number(await refusal, 4)], [HEAD, 2_000_000]);
    subject.skip(2_000);
    await subject.see("accepted", 2);
    subject.skip(HOUR_MS);
    await subject.see("accepted", 1);
    const later = subject.see("head-ahead");
    await again(2_000_000);
    assert.equal(number(await later), 2_000_000);
    await recovers(subject);
    await world.checkHonest(subject);
  });

  it("is stored where it is a step beyond the reserve: this repairs flash that went back", async () => {
    const subject = await living();
    await subject.stop();
    const image = subject.guest.flash.bytes.slice();
    for (let starts = 0; starts < 4; starts++) {
      await subject.start();
      await subject.see("accepted", 1);
      await subject.stop();
    }
    subject.guest.flash.bytes.set(image);
    const ahead = subject.see("head-ahead");
    await subject.start();
    await ahead;
    await subject.see("accepted", 2);
    await subject.start();
    await subject.see("accepted", 2);
    assert.equal(subject.said("head-ahead").length, 1);
    await subject.stop();
    const rows = await world.server.devices();
    assert.equal(rows.find(({ id }) => id === subject.id)!.state, "active");
    // The server cannot tell this from a second holder of the key who then stops: it says so, and goes on.
    const alarms = (await world.logged(subject.id)).filter((line) => /^(alarm|fork) /.test(line));
    assert.equal(alarms.length, 1, alarms.join("; "));
  });

  it("does not bring the chain near its end: a report far beyond the head is not accepted", async () => {
    const subject = await living();
    void enrolledAs(subject, ({ head }) => ({ head: { ...head, counter: messages.COUNTER_END - 1 } }));
    const ahead = subject.see("head-ahead");
    await subject.start();
    await ahead;
    await subject.see("accepted", 2);
    assert.ok(subject.accepted().every((accepted) => accepted < 10_000));
    await recovers(subject);
    await world.checkHonest(subject);
  });
});

describe("a time from a server", () => {
  const YEAR_2106 = UINT32_MAX;

  it("of 2106, in a receipt, has no lasting effect", async () => {
    const subject = await living();
    await subject.attacker.play("down", PATHS.reports, ({ answer }) => {
      const receipt = { ...receiptOf(answer!), issuedAt: YEAR_2106 };
      return [withBody(answer!, messages.sealReceipt(world.signingKey(), receipt))];
    });
    await subject.see("accepted", 2);
    const counter = await command(subject);
    await subject.until(() => subject.said("command").some((event) => number(event) === counter));
    await recovers(subject);
    await world.checkHonest(subject);
  });

  it("of 2106, in an enrolled, holds commands back until the next session", async () => {
    const subject = await living();
    void enrolledAs(subject, () => ({ issuedAt: YEAR_2106 }));
    await subject.start();
    await subject.see("accepted", 2);
    await command(subject);
    await subject.see("command-ignored");
    await recovers(subject);
    await world.checkHonest(subject);
  });

  for (const [name, hours] of [
    ["an hour ahead", 1],
    ["an hour behind", -1],
    ["a year ahead", 8_766],
    ["a year behind", -8_766],
  ] as const) {
    it(`by a clock that is ${name} for a while, has no lasting effect`, async () => {
      const subject = await living();
      const before = subject.said("accepted").length;
      world.clockMs = hours * HOUR_MS;
      await subject.start();
      await subject.see("accepted", 3);
      world.clockMs = 0;
      await subject.sleepUntil(() => subject.said("accepted").length >= before + 6);
      await recovers(subject);
      await world.checkHonest(subject);
    });
  }
});

describe("a command's counter", () => {
  it("is refused far beyond the last one, and the honest server's commands are obeyed and acknowledged", async () => {
    const subject = await living();
    for (const counter of [UINT32_MAX, messages.COUNTER_END, messages.DOWNLINK_STEP + 1]) {
      void downlink(subject, { counter });
      const refusal = await subject.see("number-refused");
      assert.deepEqual([number(refusal), number(refusal, 4)], [COMMAND, counter]);
    }
    assert.equal(subject.said("command").length, 0);
    assert.equal(await commands(subject), 0);
    await recovers(subject);
    await world.checkHonest(subject);
  });

  it("is refused in an order to rotate, which without a token is no order", async () => {
    const subject = await living();
    const order = messages.Order.rotate;
    void downlink(subject, { counter: UINT32_MAX, order, data: new Uint8Array(16) });
    await subject.see("number-refused");
    void downlink(subject, { counter: 1, order });
    await subject.see("command-ignored");
    assert.equal(subject.said("rotating").length, 0);
    await recovers(subject);
  });

  it("of a command that this server never sent is not acknowledged, and the server's own continue above it", async () => {
    const subject = await living();
    void downlink(subject, { counter: 7, data: Buffer.from("not mine") });
    await subject.see("command");
    await subject.see("accepted", 2);
    assert.equal(await commands(subject), 0);
    assert.equal(await command(subject), 8);
    await subject.until(() => subject.said("command").length === 2);
    await subject.until(async () => (await commands(subject)) === 8);
    await subject.stop();
    const alarms = (await world.logged(subject.id)).filter((line) => line.startsWith("alarm "));
    assert.equal(alarms.length, 1, alarms.join("; "));
  });
});

describe("the last command in an enrolled", () => {
  it("moves the device by one step only", async () => {
    const subject = await living();
    void enrolledAs(subject, () => ({ ack: UINT32_MAX }));
    const refusal = subject.see("number-refused");
    await subject.start();
    assert.deepEqual([number(await refusal), number(await refusal, 4)], [LAST_COMMAND, UINT32_MAX]);
    await subject.see("accepted", 2);
    const { request } = subject.attacker.heard.findLast(({ path }) => path === PATHS.reports)!;
    const { ack } = messages.readReport(open(request.body));
    assert.deepEqual([ack!.counter, hex(ack!.hash)], [messages.DOWNLINK_STEP, "00".repeat(8)]);
    await recovers(subject);
    assert.deepEqual(refused(subject), [[LAST_COMMAND, UINT32_MAX]]);
  });
});
