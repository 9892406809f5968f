// weight: 85 s, 0.2 cores
/**
 * A network that is only late: it holds whole messages back, doubles them and delivers them in another order, and changes nothing. No
 * device may be lost by that, and no alarm be raised.
 */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { setImmediate, setTimeout as sleep } from "node:timers/promises";
import { STATES } from "../../tools/facts/device.ts";
import { numbers } from "../../tools/facts/table.ts";
import type { Exchange } from "../../tools/attacker/attacker.ts";
import type { Connection } from "../../tools/line/tap.ts";
import { hex } from "../../tools/wire/bytes.ts";
import { PATHS, post } from "../../tools/wire/exchange.ts";
import * as messages from "../../tools/wire/messages.ts";
import { open, openFirst } from "../../tools/wire/sign1.ts";
import { Relay } from "./relay.ts";
import { number, Subject, World } from "./world.ts";

const GATEWAY_TIMEOUT = Buffer.from("HTTP/1.1 504 Gateway Timeout\r\ncontent-length: 0\r\n\r\n");
const TYPES: Readonly<Record<string, string>> = {
  [PATHS.enrol]: "application/cose",
  [PATHS.reports]: "application/cbor-seq",
};

let world: World;
before(async () => {
  world = await World.start();
});
after(() => world.close());

/** A device that has a few receipts. */
async function living(): Promise<Subject> {
  const subject = await Subject.make(world, { intervalMs: 300 });
  await subject.start();
  await subject.see("accepted", 3);
  return subject;
}

/** Swallow the next request to `path`, with the connection it came on. */
async function swallowed(subject: Subject, path: string): Promise<{ body: Uint8Array; connection: Connection }> {
  let connection!: Connection;
  const { request } = await subject.attacker.play("up", path, (_, on) => {
    connection = on;
    return [];
  });
  return { body: request.body.slice(), connection };
}

/** Deliver a request over a connection of the network's own. */
function delivered(path: string, body: Uint8Array): ReturnType<typeof post> {
  return post(world.server.url + path, TYPES[path], body);
}

/** The reason of a refusal that the server signed. */
function reason({ body }: { body: Uint8Array }): string | undefined {
  return messages.reasonName(messages.readRefusal(open(body)).reason);
}

/** Let it continue, and check that the delay raised no alarm. */
async function goesOn(subject: Subject, reports = 3): Promise<void> {
  const before = subject.said("accepted").length;
  await subject.sleepUntil(() => subject.said("accepted").length >= before + reports);
  await subject.stop();
  assert.deepEqual(subject.said("silenced"), []);
  await world.checkHonest(subject);
}

describe("a delayed report", () => {
  it("is refused as stale after a power cut and a new enrolment, and the device continues", async () => {
    const subject = await living();
    const late = await swallowed(subject, PATHS.reports);
    const held = subject.attacker.play("up", PATHS.reports, () => []);
    await subject.start();
    await held;
    const answer = await delivered(PATHS.reports, late.body);
    assert.deepEqual([answer.status, reason(answer)], [409, "stale-session"]);
    subject.attacker.cutAll();
    await goesOn(subject);
  });

  it("arrives after a proxy timed out four times and the device enrolled again", async () => {
    const subject = await living();
    const { body, connection } = await swallowed(subject, PATHS.reports);
    const enrolled = subject.attacker.answered(PATHS.enrol);
    connection.toDevice(GATEWAY_TIMEOUT);
    for (let times = 1; times < 4; times++) {
      const again = subject.attacker.play("up", PATHS.reports, (_, on) => (on.toDevice(GATEWAY_TIMEOUT), []));
      const retries = subject.said("sent").length;
      await subject.sleepUntil(() => subject.said("sent").length > retries);
      assert.equal(hex((await again).request.body), hex(body));
    }
    const next = swallowed(subject, PATHS.reports);
    await subject.sleepUntil(() => subject.attacker.heard.at(-1)!.path !== PATHS.reports);
    await enrolled;
    const answer = await delivered(PATHS.reports, body);
    assert.deepEqual([answer.status, reason(answer)], [409, "stale-session"]);
    // The data of the late report are signed anew, in the new session.
    const resent = messages.readReport(open((await next).body));
    assert.equal(hex(resent.data), hex(messages.readReport(open(body)).data));
    assert.notEqual(hex(resent.session), hex(messages.readReport(open(body)).session));
    subject.attacker.cutAll();
    await goesOn(subject);
  });

  it("was stored before the device enrolled again: it and the next ones count once", async () => {
    const subject = await living();
    const { body, connection } = await swallowed(subject, PATHS.reports);
    assert.equal((await delivered(PATHS.reports, body)).status, 200);
    const enrolled = subject.see("enrolled");
    connection.toDevice(GATEWAY_TIMEOUT);
    for (let times = 1; times < 4; times++) {
      const again = subject.attacker.play("up", PATHS.reports, (_, on) => (on.toDevice(GATEWAY_TIMEOUT), []));
      const retries = subject.said("sent").length;
      await subject.sleepUntil(() => subject.said("sent").length > retries);
      await again;
    }
    await subject.sleepUntil(() => subject.said("enrolled").length === 2);
    assert.equal(number(await enrolled, 32), messages.readReport(open(body)).counter);
    await goesOn(subject);
    assert.ok(subject.accepted().includes(messages.readReport(open(body)).counter));
  });

  it("has the same receipt when it is repeated at once, after the next one, or in a later session", async () => {
    const subject = await living();
    const exchange = await subject.attacker.answered(PATHS.reports);
    const receipt = hex(openFirst(exchange.answer!.body, 0).message.bytes);
    const again = async (): Promise<void> => {
      const answer = await delivered(PATHS.reports, exchange.request.body);
      assert.deepEqual([answer.status, hex(openFirst(answer.body, 0).message.bytes)], [200, receipt]);
    };
    await again();
    await subject.see("accepted", 2);
    await again();
    await subject.start();
    await subject.see("accepted", 2);
    await again();
    await goesOn(subject);
  });
});

describe("a delayed enrol", () => {
  it("begins its own session, and the device enrols again at once", async () => {
    const subject = await living();
    const late = swallowed(subject, PATHS.enrol);
    await subject.start();
    const { body } = await late;
    await subject.start();
    await subject.see("accepted", 2);
    const refused = subject.see("refused");
    assert.equal((await delivered(PATHS.enrol, body)).status, 200);
    assert.equal(messages.reasonName(number(await refused)), "stale-session");
    const retries = subject.said("retry").length;
    // Not one skipped second: it does not wait.
    await subject.see("accepted", 2);
    assert.equal(subject.said("retry").length, retries);
    await goesOn(subject);
  });

  it("is refused when it is repeated: its nonce was used", async () => {
    const subject = await living();
    const { request } = subject.attacker.heard.find(({ path }) => path === PATHS.enrol)!;
    const answer = await delivered(PATHS.enrol, request.body);
    assert.equal(messages.readUnsignedRefusal(answer.body), messages.Reason["stale-nonce"]);
    await goesOn(subject);
  });

  it("costs one enrolment for each repetition with another nonce", async () => {
    const subject = await living();
    const held: Uint8Array[] = [];
    for (let starts = 0; starts < 4; starts++) {
      const late = swallowed(subject, PATHS.enrol);
      await subject.start();
      held.push((await late).body);
    }
    await subject.start();
    await subject.see("accepted", 2);
    for (const body of held.toReversed()) {
      const enrolled = subject.see("enrolled");
      assert.equal((await delivered(PATHS.enrol, body)).status, 200);
      await enrolled;
      await subject.see("accepted", 1);
    }
    await goesOn(subject);
  });

  it("is of another start, in any order with the report of that start", async () => {
    const subject = await living();
    const lateEnrol = swallowed(subject, PATHS.enrol);
    await subject.start();
    const enrol = (await lateEnrol).body;
    const lateReport = swallowed(subject, PATHS.reports);
    await subject.start();
    const report = (await lateReport).body;
    await subject.start();
    await subject.see("accepted", 1);
    assert.equal((await delivered(PATHS.enrol, enrol)).status, 200);
    assert.equal(reason(await delivered(PATHS.reports, report)), "stale-session");
    await goesOn(subject);
  });
});

describe("a delayed answer", () => {
  /** Put the last answer to another request to `path` in place of the next one. */
  async function outdated(subject: Subject, path: string): Promise<Exchange> {
    const old = subject.attacker.heard.findLast((exchange) => exchange.path === path && exchange.answer)!.answer!.raw;
    return subject.attacker.play("down", path, () => [old]);
  }

  for (const [name, path] of [
    ["challenge", PATHS.challenge],
    ["enrolled", PATHS.enrol],
  ] as const) {
    it(`is an old ${name}, in place of the new: the device tries again`, async () => {
      const subject = await living();
      const played = outdated(subject, path);
      await subject.start();
      await played;
      await goesOn(subject);
      assert.ok(subject.said("retry").length > 0);
    });
  }

  it("is an old receipt, in place of the new: the same report is sent again", async () => {
    const subject = await living();
    const { request } = await outdated(subject, PATHS.reports);
    const again = subject.attacker.asked(PATHS.reports);
    await subject.sleepUntil(() => subject.said("retry").length > 0);
    subject.skip(2_000);
    assert.equal(hex((await again).request.body), hex(request.body));
    await goesOn(subject);
  });

  for (const path of [PATHS.challenge, PATHS.enrol, PATHS.reports]) {
    it(`that never comes: the connection ends after a request to ${path}`, async () => {
      const subject = await living();
      const cut = subject.attacker.play("down", path, (_, connection) => (connection.close(), []));
      if (path !== PATHS.reports) await subject.start();
      await cut;
      await goesOn(subject);
    });
  }
});

describe("inside TLS", () => {
  /** The states in which a request is under way. */
  const { challenge, enrol, report } = numbers(STATES);
  const states = { challenge, enrol, report };

  for (const [name, state] of Object.entries(states)) {
    it(`a late request, sent before a power cut, changes nothing when it arrives: ${name}`, async (t) => {
      const secure = await World.start({ tls: true });
      t.after(() => secure.close());
      const relay = await Relay.to(secure.server.tls!.port);
      t.after(() => relay.close());
      const settings = { tlsKeys: [secure.server.tls!.publicKey] };
      const subject = await Subject.make(secure, { intervalMs: 500, port: relay.port, settings });
      t.after(() => subject.stop());
      await subject.start();
      await subject.see("accepted", 2);
      // Once the handshake is over, what is held back is the request alone.
      const secured = subject.said("secured").length - Number(state === states.report);
      if (state !== states.report) await subject.start();
      while (subject.guest.status() !== state || subject.said("secured").length === secured) await setImmediate();
      const late = relay.roads.at(-1)!;
      late.isHeld = true;
      await subject.until(() => late.held.length > 0);
      await sleep(200);
      const enrolled = subject.see("enrolled");
      await subject.start();
      await enrolled;
      // The first report of the new session waits until the late request has arrived.
      const now = relay.roads.at(-1)!;
      now.isHeld = true;
      late.release();
      await sleep(500);
      now.release();
      await subject.see("accepted", 3);
      await subject.stop();
      assert.deepEqual(subject.said("silenced"), []);
      await secure.checkHonest(subject);
    });
  }
});
