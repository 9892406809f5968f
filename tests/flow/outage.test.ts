/** The report after an outage of the link tells the server why the link was down. */
// weight: 15 s, 0.6 cores
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import * as messages from "../../tools/wire/messages.ts";
import * as outage from "../../tools/wire/outage.ts";
import { open } from "../../tools/wire/sign1.ts";
import { Subject, World, number } from "./world.ts";

const REPORTS = "/v1/reports";
const REFUSED = { step: "connect", cause: "error", number: 0 };

let world: World;
before(async () => {
  world = await World.start();
});
after(() => world.close());

/** Wait until `condition` holds, and leave out the pauses of the device in which its module does nothing either. */
async function hurry(subject: Subject, condition: () => boolean): Promise<void> {
  await subject.until(() => {
    const last = subject.guest.events.at(-1)!;
    if (last.name === "retry" && subject.silentMs > 400) subject.skip(number(last));
    return condition();
  });
}

/** A device that reported once, then found no server `times` times, and finds it again. */
async function returned(times: number): Promise<Subject> {
  const subject = await Subject.make(world, { link: "esp-at" });
  await subject.start();
  await subject.see("accepted");
  const failed = subject.said("retry").length + times;
  await world.server.close();
  await hurry(subject, () => subject.said("retry").length >= failed);
  await world.startServer();
  return subject;
}

/** The outages in the reports that a device has sent since `from`, in their order. */
function sent(subject: Subject, from: number): (outage.Outage | undefined)[] {
  return subject.attacker.heard
    .slice(from)
    .filter(({ path }) => path === REPORTS)
    .map(({ request }) => messages.readReport(open(request.body)).outage)
    .map((word) => (word === undefined ? undefined : outage.read(word)));
}

describe("an outage of the link", () => {
  it("is in the next report that is signed, once, with the number of failures in a row", async () => {
    const subject = await returned(3);
    const accepted = subject.said("accepted").length;
    await hurry(subject, () => subject.said("accepted").length > accepted + 3);
    await subject.stop();
    const stored = (await world.server.reports(subject.id)).toSorted((a, b) => a.counter - b.counter);
    const told = stored.filter((report) => report.outage !== null);
    assert.equal(told.length, 1);
    const { text, times, ...rest } = told[0]!.outage!;
    assert.deepEqual(rest, REFUSED);
    assert.ok(times >= 2, `${times} times`);
    assert.equal(text, `the link failed at connecting to the server: an error, ${times} times in a row`);
    assert.equal(stored.at(-1)!.outage, null);
  });

  it("is signed again in another session", async () => {
    const subject = await returned(2);
    const refused = await subject.refuse(world, REPORTS, "stale-session");
    const from = subject.attacker.heard.length;
    await subject.see("accepted", 2);
    await subject.stop();
    const before = messages.readReport(open(refused)).outage;
    const again = sent(subject, from).filter((one) => one !== undefined);
    assert.equal(again.length, 1);
    assert.equal(again[0]!.step, "connect");
    if (before !== undefined) assert.deepEqual(outage.read(before), again[0]);
  });

  it("is left out after a server has refused the report as malformed", async () => {
    const subject = await returned(2);
    let refused: outage.Outage | undefined;
    while (refused === undefined) {
      const word = messages.readReport(open(await subject.refuse(world, REPORTS, "malformed"))).outage;
      refused = word === undefined ? undefined : outage.read(word);
    }
    assert.equal(refused.step, "connect");
    const from = subject.attacker.heard.length;
    const accepted = subject.said("accepted").length;
    await hurry(subject, () => subject.said("accepted").length > accepted + 1);
    await subject.stop();
    assert.deepEqual(
      sent(subject, from).filter((one) => one !== undefined),
      [],
    );
  });
});
