// weight: 25 s, 0.2 cores
/**
 * A device that is to rotate its key, over a network that is late, under an operator's acts, and with a server restored from a backup:
 * it ends with one identity that both sides know.
 */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { hex } from "../../tools/wire/bytes.ts";
import { PATHS, post } from "../../tools/wire/exchange.ts";
import * as messages from "../../tools/wire/messages.ts";
import { open } from "../../tools/wire/sign1.ts";
import { number, Subject, World } from "./world.ts";

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;

let world: World;
before(async () => {
  world = await World.start();
});
after(() => world.close());

/** A device that is ordered to rotate. */
async function ordered(): Promise<{ subject: Subject; old: string }> {
  const subject = await Subject.make(world);
  await subject.start();
  await subject.see("accepted", 2);
  return { subject, old: subject.id };
}

function order(subject: Subject, minutes = 60): Promise<unknown> {
  return world.operate(subject.id, "rotate", { expiresAt: Date.now() + minutes * MINUTE_MS });
}

/** The states of the two keys. */
async function states(old: string, next: string): Promise<(string | undefined)[]> {
  const rows = await world.server.devices();
  return [old, next].map((id) => rows.find((row) => row.id === id)?.state);
}

/** Let it report under the next key, also after a restart, and check that both sides agree on it. */
async function endsAs(subject: Subject, old: string, next: string, lost: readonly number[] = []): Promise<void> {
  await subject.sleepUntil(() => subject.id === next && subject.accepted().length >= 2);
  await subject.start();
  await subject.see("accepted", 2);
  await subject.stop();
  assert.equal(subject.id, next);
  assert.deepEqual(await states(old, next), ["replaced", "active"]);
  await world.checkHonest(subject, lost);
}

/** Hold the first `enrol` of the next key back. */
async function held(subject: Subject): Promise<{ body: Uint8Array; next: string }> {
  const rotating = subject.see("rotating");
  const swallowed = subject.attacker.play("up", PATHS.enrol, (_, connection) => (connection.close(), []));
  await order(subject);
  const next = hex((await rotating).data);
  const { request } = await swallowed;
  return { body: request.body.slice(), next };
}

const deliver = (body: Uint8Array): ReturnType<typeof post> =>
  post(world.server.url + PATHS.enrol, "application/cose", body);

describe("a rotation", () => {
  it("keeps the handover, and names it in every later enrol", async () => {
    const { subject, old } = await ordered();
    const rotated = subject.see("rotated");
    await order(subject);
    const next = hex((await rotated).data);
    await endsAs(subject, old, next);
    const { request } = subject.attacker.heard.findLast(({ path }) => path === PATHS.enrol)!;
    const enrol = messages.readEnrol(open(request.body));
    const handover = messages.readHandover(open(enrol.handover!));
    assert.deepEqual([hex(handover.successor), handover.order], [next, 1]);
    assert.ok(enrol.session !== undefined);
  });

  it("is not given up for a suspension during its enrol, and is resumed afterwards", async () => {
    const { subject, old } = await ordered();
    const { body, next } = await held(subject);
    const refused = subject.see("refused");
    await world.operate(old, "suspend", { reason: "false alarm" });
    subject.skip(2_000);
    assert.equal(messages.reasonName(number(await refused)), "suspended");
    assert.equal(subject.id, next);
    await world.operate(old, "restore", { reason: "was a false alarm" });
    assert.equal((await deliver(body)).status, 200);
    // It asks again by itself, within 20 minutes.
    const enrolled = subject.see("enrolled");
    subject.skip(20 * MINUTE_MS);
    await enrolled;
    await endsAs(subject, old, next);
  });

  for (const [reason, ms] of [
    ["revoked", DAY_MS],
    ["suspended", 20 * MINUTE_MS],
    ["forked", 0],
    ["wrong-audience", 0],
    ["stale-session", 0],
    ["not-invited", 0],
  ] as const) {
    it(`is not given up for a signed ${reason}`, async () => {
      const { subject, old } = await ordered();
      const rotating = subject.see("rotating");
      const refusal = subject.refuse(world, PATHS.enrol, reason);
      await order(subject);
      const next = hex((await rotating).data);
      await refusal;
      await subject.see("refused");
      subject.skip(ms);
      await endsAs(subject, old, next);
    });
  }

  it("is not given up for a handover-refused that answers another request", async () => {
    const { subject, old } = await ordered();
    const rotated = subject.see("rotated");
    await order(subject);
    const next = hex((await rotated).data);
    void subject.refuse(world, PATHS.reports, "handover-refused");
    await subject.see("refused");
    await endsAs(subject, old, next);
  });

  it("on an order forged by another holder of a server's key ends with the previous key", async () => {
    const { subject, old } = await ordered();
    const forged = subject.attacker.play("down", PATHS.reports, ({ answer }) => {
      const { issuer, issuedAt, device } = messages.readReceipt(open(answer!.body));
      const what = { counter: 1, expires: issuedAt + 600, data: new Uint8Array(16), order: messages.Order.rotate };
      const downlink = messages.sealDownlink(world.signingKey(), { issuer, issuedAt, device, ...what });
      const body = Buffer.concat([answer!.body, downlink]);
      const head = `HTTP/1.1 200 OK\r\ncontent-type: application/cbor-seq\r\ncontent-length: ${body.length}\r\n\r\n`;
      return [Buffer.concat([Buffer.from(head), body])];
    });
    const refused = subject.see("refused");
    await forged;
    assert.equal(messages.reasonName(number(await refused)), "handover-refused");
    await subject.sleepUntil(() => subject.id === old && subject.said("enrolled").length > 1);
    await subject.see("accepted", 2);
    await subject.stop();
    const rows = await world.server.devices();
    assert.equal(rows.find(({ id }) => id === old)!.state, "active");
  });
});

describe("a server restored from a backup", () => {
  it("of before the rotation recognises the next key by its own order", async () => {
    const { subject, old } = await ordered();
    const restore = await world.backUp();
    const rotated = subject.see("rotated", 1, 60_000);
    await order(subject);
    subject.skip(5_000);
    const next = hex((await rotated).data);
    await subject.sleepUntil(() => subject.accepted().length >= 2);
    const before = subject.said("enrolled").length;
    // A last receipt may still be on its way when the server has ended: it is about a report that is lost too.
    const lost = subject.see("enrolled", 1, 60_000).then(() => subject.accepted());
    await restore();
    await subject.sleepUntil(() => subject.said("enrolled").length > before);
    await endsAs(subject, old, next, await lost);
  });

  it("of yesterday continues with the devices that are ahead of it, and names the gap", async () => {
    const { subject } = await ordered();
    const restore = await world.backUp();
    subject.skip(5_000);
    await subject.see("accepted", 5);
    await restore();
    const before = subject.said("accepted").length;
    await subject.sleepUntil(() => subject.said("accepted").length >= before + 3);
    await subject.stop();
    const rows = await world.server.devices();
    assert.equal(rows.find(({ id }) => id === subject.id)!.state, "active");
    const log = await world.logged(subject.id);
    assert.equal(log.filter((line) => line.startsWith("gap ")).length, 1, log.join("; "));
    assert.equal(log.filter((line) => line.startsWith("fork ")).length, 0, log.join("; "));
  });

  it("of before the rotation accepts the next key also after the order expired, if it was enrolled and has not reported yet", async (t) => {
    const { subject, old } = await ordered();
    t.after(() => subject.stop());
    const { next } = await held(subject);
    const restore = await world.backUp();
    const enrolled = subject.see("enrolled");
    subject.skip(2_000);
    await enrolled;
    await subject.stop();
    assert.deepEqual(
      subject.guest.events.slice(-2).map(({ name }) => name),
      ["rotated", "enrolled"],
    );
    const lost = subject.accepted();
    // The time of a server that runs does not follow a step of its clock; so this is the last test.
    world.clockMs = 2 * 60 * MINUTE_MS;
    await restore();
    await subject.start();
    await endsAs(subject, old, next, lost);
  });
});
