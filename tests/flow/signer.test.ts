// weight: 10 s, 0.5 cores
/**
 * A device whose signer answers at a later poll, as a secure element does: it enrols, reports, obeys, rotates its key and speaks TLS
 * like any other. The signer (`assembly/signer/late.ts`) traps if a caller does not give the same bytes again.
 */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { PATHS } from "../../tools/wire/exchange.ts";
import { Subject, World } from "./world.ts";

/** 300 ms at 5 ms a turn. */
const POLLS = 60;
const LEAST_MS = 290;
const LATE = [`SIGNER_POLLS=${POLLS}`];

/** The time from now until the next event of this name. */
async function duration(subject: Subject, name: string): Promise<number> {
  const beganMs = performance.now();
  await subject.see(name);
  return performance.now() - beganMs;
}

describe("over HTTP", () => {
  let world: World;
  before(async () => {
    world = await World.start();
  });
  after(() => world.close());

  it("waits for the signature of an enrol and of each report", async (t) => {
    const subject = await Subject.make(world, { use: LATE });
    t.after(() => subject.stop());
    await subject.start();
    await subject.see("enrolled");
    assert.ok((await duration(subject, "sent")) >= LEAST_MS);
    await subject.see("accepted", 3);
    await subject.stop();
    await world.checkHonest(subject);
  });

  it("obeys a command, and reports that it did", async (t) => {
    const subject = await Subject.make(world, { use: LATE });
    t.after(() => subject.stop());
    await subject.start();
    await subject.see("accepted");
    const obeyed = subject.see("command");
    await world.operate(subject.id, "downlinks", { data: "6c6564", expiresAt: Date.now() + 3_600_000 });
    await obeyed;
    await subject.see("accepted", 2);
    await subject.stop();
    await world.checkHonest(subject);
  });

  it("rotates its key", async (t) => {
    const subject = await Subject.make(world, { use: LATE });
    t.after(() => subject.stop());
    await subject.start();
    await subject.see("accepted");
    const old = subject.id;
    const rotated = subject.see("rotated");
    await world.operate(subject.id, "rotate", { expiresAt: Date.now() + 3_600_000 });
    await rotated;
    await subject.see("accepted", 2);
    await subject.stop();
    assert.notEqual(subject.id, old);
    await world.checkHonest(subject);
  });

  it("keeps its key if it is restarted while the handover waits for its signature, and rotates later", async (t) => {
    const subject = await Subject.make(world, { use: LATE });
    t.after(() => subject.stop());
    await subject.start();
    await subject.see("accepted");
    const old = subject.id;
    await world.operate(subject.id, "rotate", { expiresAt: Date.now() + 3_600_000 });
    await subject.see("command");
    // The order is heard and the handover is written: nothing of it was stored.
    await subject.start();
    assert.deepEqual(subject.said("rotating"), []);
    await subject.see("key-loaded");
    assert.equal(subject.id, old);
    await subject.see("rotated");
    await subject.see("accepted", 2);
    await subject.stop();
    await world.checkHonest(subject);
  });

  it("sends nothing before a report is signed, and takes a receipt that came late", async (t) => {
    const subject = await Subject.make(world, { use: LATE });
    t.after(() => subject.stop());
    await subject.start();
    await subject.see("accepted");
    const { request } = await subject.attacker.play("down", PATHS.reports, (_, connection) => (connection.close(), []));
    assert.ok(request.body.length > 0);
    await subject.see("accepted", 2);
    await subject.stop();
    await world.checkHonest(subject);
  });
});

it("signs its certificate and the handshake inside TLS", async (t) => {
  const world = await World.start({ tls: true });
  t.after(() => world.close());
  const { port, publicKey } = world.server.tls!;
  const subject = await Subject.make(world, { use: LATE, port, settings: { tlsKeys: [publicKey] } });
  t.after(() => subject.stop());
  await subject.start();
  await subject.see("accepted", 3);
  await subject.stop();
  assert.equal(subject.said("tls-failed").length, 0);
  assert.ok(subject.said("secured").length > 0);
  await world.checkHonest(subject);
});
