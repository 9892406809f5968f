// weight: 23 s, 0.2 cores
/** Sessions: what an enrolment's own words make the server doubt, and when it acts on it. */
import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { audit } from "../../tools/server/audit.ts";
import * as keyFile from "../../tools/server/keys.ts";
import * as sessions from "../../tools/server/session.ts";
import { hex } from "../../tools/wire/bytes.ts";
import type { Device } from "../../tools/wire/device.ts";
import * as exchange from "../../tools/wire/exchange.ts";
import { hash } from "../../tools/wire/key.ts";
import {
  FLAVOURS,
  ask,
  decide,
  enrolled,
  missing,
  refusal,
  rows,
  serve,
  text,
  type Fixture,
  type Flavour,
} from "./harness.ts";

const seedOf = (device: Device): Uint8Array => device.key.object.export({ format: "der", type: "pkcs8" }).subarray(-32);

/** Everything that a device knows, in another one: a copy of its chip. */
function copyOf(server: Fixture, device: Device): Device {
  const copy = server.device({ seed: seedOf(device) });
  const { head, session, reportedIn, counter, bootCount, acknowledged } = device;
  const { continuing } = device as unknown as { continuing: unknown };
  return Object.assign(copy, { head, session, reportedIn, counter, bootCount, acknowledged, continuing });
}

async function scene(t: TestContext, flavour: Flavour, more = {}): Promise<{ server: Fixture; device: Device }> {
  const server = await serve(t, more, flavour);
  const device = await enrolled(server);
  await says(server, device, "one");
  return { server, device };
}

/** Report, and expect it to be taken. */
async function says(server: Fixture, device: Device, value: string): Promise<void> {
  assert.equal((await exchange.report(device, server.url, text(value))).kind, "accepted", value);
}

async function enrols(server: Fixture, device: Device): Promise<void> {
  assert.equal((await exchange.enrol(device, server.url)).kind, "accepted");
}

/** Report as devices do: after stale-session they enrol and sign anew. */
async function reports(server: Fixture, device: Device, value: string): Promise<string> {
  const verdict = await exchange.report(device, server.url, text(value));
  if (verdict.kind !== "refused" || verdict.reason !== "stale-session") return reasonOf(verdict);
  const again = await exchange.enrol(device, server.url);
  if (again.kind !== "accepted") return reasonOf(again);
  return reasonOf(await exchange.report(device, server.url, text(value)));
}

function reasonOf(verdict: Awaited<ReturnType<typeof exchange.report>>): string {
  return verdict.kind === "refused" ? verdict.reason : verdict.kind;
}

/** Return the alarms of the log, the oldest first. */
async function alarms(server: Fixture): Promise<string[]> {
  const { body } = await ask(server, server.adminToken, "/v1/alarms");
  return (body.alarms as { action: string; detail: Record<string, string> }[])
    .map(({ action, detail }) => (action === "fork" ? `fork: ${detail["kind"]}` : detail["what"]!.slice(0, 13)))
    .toReversed();
}

async function state(server: Fixture): Promise<string> {
  return (await server.devices())[0]!.state;
}

for (const flavour of FLAVOURS) {
  const skip = missing(flavour);

  void test(
    `${flavour}: a device that restarts again and again raises no alarm, whichever messages are lost`,
    { skip },
    async (t) => {
      const { server, device } = await scene(t, flavour);
      const carry = exchange.http(server.url);
      for (let i = 0; i < 12; i++) {
        device.restart();
        // An enrolment that is not answered, one whose answer is lost, a report that does not arrive, one whose answer is lost.
        device.enrol(await exchange.challenge(server.url));
        if (i % 2 === 0) await carry("enrol", device.enrol(await exchange.challenge(server.url)));
        await enrols(server, device);
        if (i % 3 === 0) device.report(text("lost"));
        if (i % 4 === 0) await carry("reports", device.report(text("not answered")));
        else await says(server, device, `${i}`);
      }
      assert.deepEqual(await alarms(server), []);
      assert.equal(await state(server), "active");
      assert.deepEqual((await audit(server.store, keyFile.load(server.options.key!))).findings, []);
    },
  );

  void test(
    `${flavour}: a device whose flash went back continues, with an alarm once it reports`,
    { skip },
    async (t) => {
      const { server, device } = await scene(t, flavour);
      const before = copyOf(server, device);
      device.restart();
      await enrols(server, device);
      await says(server, device, "two");
      before.restart();
      await enrols(server, before);
      assert.deepEqual(await alarms(server), [], "a late copy of an enrolment would do the same");
      await says(server, before, "three");
      assert.deepEqual(await alarms(server), ["went back: it"]);
      await says(server, before, "four");
      before.restart();
      await enrols(server, before);
      await says(server, before, "five");
      assert.deepEqual(await alarms(server), ["went back: it"]);
      assert.equal(await state(server), "active");
      // The same without any session: its pages are lost.
      const empty = server.device({ seed: seedOf(before) });
      await enrols(server, empty);
      await says(server, empty, "six");
      assert.deepEqual(await alarms(server), ["went back: it", "went back: it"]);
    },
  );

  void test(
    `${flavour}: a copy that reports beside the original is proved by their starts, and suspended`,
    { skip },
    async (t) => {
      const { server, device } = await scene(t, flavour);
      const copy = copyOf(server, device);
      copy.restart();
      await enrols(server, copy);
      await says(server, copy, "the copy's");
      assert.deepEqual(await alarms(server), [], "it may be the device, started again");
      // The original did not start again, and does not know that session.
      assert.equal(await reports(server, device, "the original's"), "forked");
      assert.deepEqual(await alarms(server), ["fork: two-lives"]);
      assert.equal(await state(server), "suspended");
      const [evidence] = await server.store.read.selectFrom("evidence").selectAll().execute();
      assert.equal(evidence!.kind, "two-lives");
      assert.equal(hex(evidence!.rival!), (await server.reports(hex(device.id))).at(-1)!.hash);
      for (const one of [device, copy]) assert.equal(await reports(server, one, "more"), "suspended");
      assert.equal(await decide(server, device, "restore"), 200);
      assert.equal(
        await reports(server, device, "goes on"),
        "accepted",
        "a message in progress does not suspend it again",
      );
      assert.equal(await state(server), "active");
      // While both go on, it is found again.
      assert.notEqual(await reports(server, copy, "and the copy"), "accepted");
      assert.equal(await state(server), "suspended");
      assert.deepEqual((await audit(server.store, keyFile.load(server.options.key!))).findings, []);
    },
  );

  void test(
    `${flavour}: a copy is detected although the first reports of the original's new sessions are lost, and it restarts`,
    { skip },
    async (t) => {
      for (const restarts of [false, true]) {
        const { server, device } = await scene(t, flavour);
        const copy = copyOf(server, device);
        copy.restart();
        await enrols(server, copy);
        await says(server, copy, "the copy's");
        for (let i = 0; i < 3; i++) {
          await enrols(server, device);
          device.report(text("lost"));
          if (restarts) device.restart();
        }
        await enrols(server, device);
        assert.deepEqual(await alarms(server), []);
        assert.equal(await reports(server, device, "arrives"), "forked");
        assert.deepEqual(await alarms(server), ["fork: two-lives"]);
      }
    },
  );

  void test(
    `${flavour}: where forks only raise alarms, a proved copy and its original both continue`,
    { skip },
    async (t) => {
      const { server, device } = await scene(t, flavour, { suspendForks: false });
      const copy = copyOf(server, device);
      copy.restart();
      await enrols(server, copy);
      await says(server, copy, "the copy's");
      for (let round = 0; round < 3; round++) {
        for (const one of [device, copy]) {
          if ((await reports(server, one, `${round}`)) === "forked") {
            await enrols(server, one);
            await says(server, one, `${round}`);
          }
        }
      }
      const found = await alarms(server);
      assert.ok(
        found.length >= 3 && found.every((what) => what === "fork: two-lives" || what === "went back: it"),
        `${found}`,
      );
      assert.equal(await state(server), "active");
    },
  );

  void test(
    `${flavour}: late or doubled enrolments end no session for good, and raise no alarm`,
    { skip },
    async (t) => {
      const { server, device } = await scene(t, flavour);
      const carry = exchange.http(server.url);
      for (let i = 0; i < 4; i++) {
        if (i % 2 === 0) device.restart();
        const late = [
          device.enrol(await exchange.challenge(server.url)),
          device.enrol(await exchange.challenge(server.url)),
        ];
        await enrols(server, device);
        await says(server, device, "in the session");
        await carry("enrol", late[0]!);
        assert.deepEqual(await refusal(server, "enrol", late[0]!), {
          reason: "stale-nonce",
          status: 401,
          signed: false,
        });
        const report = device.report(text("under way"));
        assert.equal((await refusal(server, "reports", report)).reason, "stale-session");
        await enrols(server, device);
        await carry("enrol", late[1]!);
        assert.equal(await reports(server, device, "once more"), "accepted");
      }
      assert.deepEqual(await alarms(server), []);
    },
  );

  void test(
    `${flavour}: a session of another key, an invented one, or one of another server is not accepted as this server's`,
    { skip },
    async (t) => {
      const { server, device } = await scene(t, flavour);
      const own = device.reportedIn!;
      const stranger = await enrolled(server);
      for (const named of [
        stranger.session!,
        new Uint8Array(16),
        own.map((byte, i) => (i === 3 ? byte + 9 : byte)),
        own.slice(0, 8),
      ]) {
        device.restart();
        device.reportedIn = named;
        await enrols(server, device);
        const before = await alarms(server);
        await says(server, device, "x");
        assert.deepEqual((await alarms(server)).slice(before.length), ["went back: it"], hex(named));
      }
      assert.deepEqual((await ask(server, server.adminToken, "/v1/alarms")).body.gaps, []);
    },
  );
}

void test("every session names its enrolment, and none is given twice", async (t) => {
  const server = await serve(t);
  const device = await enrolled(server);
  const seen = new Set<string>();
  const carry = exchange.http(server.url);
  for (let i = 0; i < 20; i++) {
    const enrolment = device.enrol(await exchange.challenge(server.url));
    assert.equal(device.enrolled(await carry("enrol", enrolment), enrolment).kind, "accepted");
    assert.equal(hex(device.session!.subarray(8)), hex(hash(enrolment).subarray(0, 8)));
    seen.add(hex(device.session!));
  }
  assert.equal(seen.size, 20);
  assert.equal((await rows(server))["audit"]!.length, 2);
});

void test("the rule of doubt, case by case", () => {
  const key = new Uint8Array(32).fill(1);
  const id = new Uint8Array(32).fill(2);
  const at = (epoch: number, about = epoch): Uint8Array =>
    sessions.make(key, id, epoch, new Uint8Array(32).fill(about));
  const known = { epoch: 9, session: at(9), confirmed: at(5), doubt: null };
  const cases: [string, Uint8Array | undefined, sessions.NamedHead, ...sessions.Doubt[]][] = [
    ["the last that was confirmed", at(5), "stored"],
    ["the last that was confirmed, and a report that is not stored", at(5), "beyond", "gap"],
    ["a later one that was not", at(6), "stored"],
    ["the current one", at(9), undefined],
    ["one that this database never gave", at(10), "stored", "gap"],
    ["an older one, after a restart", at(4), undefined, "went-back"],
    ["an older one, without a restart", at(4), "stored", "two-lives"],
    ["an older one, and a report that is not stored", at(4), "beyond", "gap", "went-back"],
    ["another one of the same epoch", at(5, 9), "stored", "two-lives"],
    ["none", undefined, undefined, "went-back"],
    ["none, without a restart", undefined, "stored", "went-back"],
    ["a made-up one", new Uint8Array(16), "stored", "went-back"],
  ];
  for (const [what, named, head, ...expected] of cases)
    assert.deepEqual(sessions.doubt(known, named, sessions.epochOf(key, id, named), head), expected, what);
  const young = { ...known, confirmed: null };
  for (const named of [undefined, at(3), new Uint8Array(16)])
    assert.deepEqual(sessions.doubt(young, named, sessions.epochOf(key, id, named), "stored"), []);
  // A session in which no report arrived hands its doubt on to the next, and a gap is a fact about the database.
  let doubt = sessions.written(known, at(6), ["two-lives", "another board"]);
  doubt = sessions.written({ doubt }, at(7), []);
  doubt = sessions.written({ doubt }, at(8), ["gap", "went-back"]);
  const doubted = { ...known, doubt };
  const inherited = (epoch: number): sessions.Doubt[] => sessions.doubt(doubted, at(epoch), epoch, undefined);
  assert.deepEqual(
    [5, 6, 7, 8].map((epoch) => inherited(epoch)),
    [["gap"], ["gap", "two-lives"], ["gap"], ["gap", "went-back"]],
  );
  assert.deepEqual(sessions.doubtsOf({ session: at(6), doubt }), ["two-lives", "another board"]);
  assert.deepEqual(sessions.doubtsOf({ session: at(7), doubt }), []);
  assert.deepEqual(sessions.doubtsOf({ session: null, doubt }), []);
  // It is bounded: who names one that was dropped is doubted, but proves nothing.
  for (let epoch = 10; epoch < 40; epoch++) doubt = sessions.written({ doubt }, at(epoch), ["two-lives"]);
  assert.ok(doubt!.length < 1024);
  const many = { ...known, epoch: 40, doubt };
  assert.deepEqual(sessions.doubt(many, at(39), 39, undefined), ["two-lives"]);
  assert.deepEqual(sessions.doubt(many, at(6), 6, undefined), ["went-back"]);
  // Epochs rise above what a device names, within a step.
  assert.deepEqual([sessions.nextEpoch(7, 3), sessions.nextEpoch(7, 20), sessions.nextEpoch(7, undefined)], [8, 21, 8]);
  assert.deepEqual([sessions.nextEpoch(7, 2 ** 32 - 1), sessions.nextEpoch(2 ** 32 - 1, undefined)], [8, 2 ** 32 - 1]);
  assert.equal(sessions.epochOf(key, new Uint8Array(32), at(5)), undefined);
});
