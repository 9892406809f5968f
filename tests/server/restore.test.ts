// weight: 44 s, 0.4 cores
/** A backup put back: devices are ahead of the database, and go on by themselves. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { audit } from "../../tools/server/audit.ts";
import * as keyFile from "../../tools/server/keys.ts";
import { fromHex, hex } from "../../tools/wire/bytes.ts";
import type { Device } from "../../tools/wire/device.ts";
import * as exchange from "../../tools/wire/exchange.ts";
import {
  FLAVOURS,
  ask,
  backup,
  command,
  enrolled,
  missing,
  order,
  refusal,
  serve,
  text,
  type Fixture,
} from "./harness.ts";

/** Report as devices do: after stale-session, or to a server that does not know it, it enrols and signs anew. */
async function reports(server: Fixture, device: Device, value = "x"): Promise<string> {
  const verdict = await exchange.report(device, server.url, text(value));
  if (verdict.kind !== "refused") return verdict.kind;
  if (verdict.reason !== "stale-session" && verdict.reason !== "unknown-device") return verdict.reason;
  const again = await exchange.enrol(device, server.url);
  if (again.kind === "refused") return `${again.reason} at its enrolment`;
  const last = await exchange.report(device, server.url, text(value));
  return last.kind === "refused" ? last.reason : last.kind;
}

interface Logged {
  readonly device: string;
  readonly detail: Readonly<Record<string, number | string>>;
}

async function told(server: Fixture): Promise<{ alarms: Logged[]; gaps: Logged[]; evidence: unknown[] }> {
  return (await ask(server, server.adminToken, "/v1/alarms")).body;
}

async function findings(server: Fixture): Promise<readonly object[]> {
  return (await audit(server.store, keyFile.load(server.options.key!))).findings;
}

async function claimed(server: Fixture): Promise<Device> {
  const body = JSON.stringify({ count: 1, expiresAt: server.clock.now + 1e6 });
  const made = (await ask(server, server.adminToken, "/v1/claims", { method: "POST", body })).body;
  return enrolled(server, { claim: fromHex(made.claims[0])! });
}

for (const flavour of FLAVOURS) {
  const skip = missing(flavour);

  void test(
    `${flavour}: after a backup is restored every device continues without an operator, and each gap is named with its length`,
    { skip },
    async (t) => {
      let server = await serve(t, { policy: "claim" }, flavour);
      const [ahead, silent, restarted, unanswered] = [
        await claimed(server),
        await claimed(server),
        await claimed(server),
        await claimed(server),
      ];
      for (const device of [ahead, silent, restarted, unanswered])
        for (let i = 0; i < 3; i++) assert.equal(await reports(server, device, `before ${i}`), "accepted");
      const saved = await backup(server);
      server = saved.server;
      for (let life = 0; life < 3; life++) {
        for (const device of [ahead, restarted, unanswered]) {
          if (device !== ahead) device.restart();
          if (device !== ahead) assert.equal((await exchange.enrol(device, server.url)).kind, "accepted");
          for (let i = 0; i < 4; i++) assert.equal(await reports(server, device, `after ${i}`), "accepted");
        }
      }
      // It signed up after the backup, with a claim that was made after it, too.
      const late = await claimed(server);
      for (let i = 0; i < 5; i++) assert.equal(await reports(server, late), "accepted");
      const lost = unanswered.report(text("its answer is lost"));
      await exchange.http(server.url)("reports", lost);

      server = await saved.putBack(server);
      restarted.restart();
      assert.equal((await exchange.enrol(restarted, server.url)).kind, "accepted");
      // Its repeated report belongs to a session that the database does not know.
      const again = unanswered.received(await exchange.http(server.url)("reports", lost), lost);
      assert.ok(again.kind === "refused" && again.reason === "stale-session" && again.signed);
      // The answer to the first enrolment is lost: the gap is named all the same.
      await exchange.http(server.url)("enrol", ahead.enrol(await exchange.challenge(server.url)));
      for (const device of [ahead, silent, restarted, unanswered, late])
        for (let i = 0; i < 3; i++) assert.equal(await reports(server, device, `restored ${i}`), "accepted");
      const { alarms, gaps, evidence } = await told(server);
      assert.deepEqual([alarms, evidence], [[], []]);
      const named = gaps.map(({ device, detail }) => [device, detail]);
      assert.deepEqual(
        new Map(named as never),
        new Map<string, object>([
          [hex(ahead.id), { after: 3, before: 17, most: 13 }],
          [hex(restarted.id), { after: 3, before: 16, most: 12 }],
          [hex(unanswered.id), { after: 3, before: 18, most: 14 }],
          [hex(late.id), { after: 0, before: 7, most: 6 }],
        ]),
      );
      assert.equal(gaps.length, 4, "each once");
      assert.deepEqual(
        (await server.devices()).map(({ state }) => state),
        Array<string>(5).fill("active"),
      );
      assert.deepEqual(await findings(server), []);
      // Once more, from further back: the same.
      server = await saved.putBack(server);
      for (const device of [ahead, silent, restarted, unanswered, late])
        assert.equal(await reports(server, device, "restored twice"), "accepted");
      const twice = await told(server);
      assert.deepEqual([twice.alarms.length, twice.evidence.length, twice.gaps.length], [0, 0, 5]);
      assert.deepEqual(await findings(server), []);
    },
  );

  void test(
    `${flavour}: the newer database put back over the restored one finds no clone either`,
    { skip },
    async (t) => {
      let server = await serve(t, {}, flavour);
      const device = await enrolled(server);
      assert.equal(await reports(server, device), "accepted");
      const old = await backup(server);
      server = old.server;
      for (let i = 0; i < 5; i++) {
        device.restart();
        assert.equal((await exchange.enrol(device, server.url)).kind, "accepted");
        assert.equal(await reports(server, device), "accepted");
      }
      const newer = await backup(server);
      server = await old.putBack(newer.server);
      for (let i = 0; i < 3; i++) assert.equal(await reports(server, device), "accepted");
      server = await newer.putBack(server);
      for (let i = 0; i < 3; i++) assert.equal(await reports(server, device), "accepted");
      device.restart();
      assert.equal((await exchange.enrol(device, server.url)).kind, "accepted");
      assert.equal(await reports(server, device), "accepted");
      const { alarms, gaps, evidence } = await told(server);
      assert.deepEqual([alarms.length, evidence.length, gaps.length], [0, 0, 1]);
    },
  );

  void test(
    `${flavour}: commands continue above those that a device obeyed, and none is listed as obeyed that was not`,
    { skip },
    async (t) => {
      let server = await serve(t, {}, flavour);
      const device = await enrolled(server);
      assert.equal(await reports(server, device), "accepted");
      const saved = await backup(server);
      server = saved.server;
      for (const data of ["01", "02", "03"]) {
        await command(server, device, data);
        assert.equal(await reports(server, device), "accepted");
      }
      assert.equal(await reports(server, device), "accepted");
      server = await saved.putBack(server);
      // An operator's command before the device comes back gets a number that the device has seen.
      assert.equal(await command(server, device, "aa"), 1);
      assert.equal(await reports(server, device), "accepted");
      const commands = async (): Promise<unknown> => (await server.devices())[0]!.commands;
      assert.deepEqual(await commands(), { queued: 3, acknowledged: 0, passed: 3 });
      const { alarms } = await told(server);
      assert.match(String(alarms[0]!.detail["what"]), /^acknowledges command 3, which this server did not send/);
      assert.equal(await command(server, device, "bb"), 4);
      const verdict = await exchange.report(device, server.url, text("x"));
      assert.ok(verdict.kind === "accepted");
      assert.deepEqual(
        verdict.downlinks.map(({ data }) => hex(data)),
        ["bb"],
      );
      assert.equal(await reports(server, device), "accepted");
      assert.deepEqual(await commands(), { queued: 4, acknowledged: 4, passed: 4 });
      assert.equal((await told(server)).alarms.length, 1);
      assert.deepEqual(await findings(server), []);
    },
  );

  void test(
    `${flavour}: devices that rotated since the backup are recognised by their handover, one in the middle of it finishes`,
    { skip },
    async (t) => {
      let server = await serve(t, { policy: "claim" }, flavour);
      const [once, twice, halfway] = [await claimed(server), await claimed(server), await claimed(server)];
      for (const device of [once, twice, halfway]) assert.equal(await reports(server, device), "accepted");
      const saved = await backup(server);
      server = saved.server;
      const rotated = async (device: Device): Promise<Device> => {
        assert.equal(await reports(server, device), "accepted");
        const ordered = await order(server, device);
        const verdict = await exchange.report(device, server.url, text("gets its order"));
        assert.ok(verdict.kind === "accepted" && verdict.downlinks.length === 1);
        return device.successor(ordered);
      };
      const after = async (device: Device): Promise<Device> => {
        const next = await rotated(device);
        assert.equal((await exchange.enrol(next, server.url)).kind, "accepted");
        for (let i = 0; i < 4; i++) assert.equal(await reports(server, next), "accepted");
        return next;
      };
      const next = await after(once);
      const third = await after(await after(twice));
      const pending = await rotated(halfway);
      server = await saved.putBack(server);
      server.clock.pass(2e6);
      assert.equal((await exchange.enrol(pending, server.url)).kind, "accepted", "its order is not in the database");
      for (const device of [next, third, pending])
        for (let i = 0; i < 3; i++) assert.equal(await reports(server, device), "accepted");
      const states = new Map((await server.devices()).map((row) => [row.id, row.state]));
      for (const device of [next, third, pending]) assert.equal(states.get(hex(device.id)), "active");
      for (const device of [once, halfway]) assert.equal(states.get(hex(device.id)), "replaced");
      const { alarms, evidence, gaps } = await told(server);
      assert.deepEqual([alarms, evidence], [[], []]);
      assert.deepEqual(
        gaps.map(({ device }) => device).toSorted(),
        [once, halfway, next, third].map(({ id }) => hex(id)).toSorted(),
      );
      // And it rotates again, as any other.
      const last = await after(next);
      assert.equal(await reports(server, last), "accepted");
      assert.deepEqual(await findings(server), []);
    },
  );

  void test(
    `${flavour}: a message in progress when a backup of a minute ago was restored is not accepted after it`,
    { skip },
    async (t) => {
      let server = await serve(t, {}, flavour);
      const device = await enrolled(server);
      assert.equal(await reports(server, device), "accepted");
      const ordered = await order(server, device, 30_000);
      const next = device.successor(ordered);
      const saved = await backup(server);
      server = saved.server;
      const held = next.enrol(await exchange.challenge(server.url));
      const used = device.enrol(await exchange.challenge(server.url));
      assert.equal((await exchange.http(server.url)("enrol", used)).type, "application/cose");
      // The handover is refused for good, because the clock is wrong for a moment, and the database forgets that it was.
      server.clock.now += 40_000;
      const refused = await exchange.enrol(next, server.url);
      assert.ok(refused.kind === "refused" && refused.reason === "handover-refused");
      server.clock.now -= 40_000;
      server.clock.pass(1000);
      server = await saved.putBack(server);
      for (const body of [held, used]) {
        const answer = await refusal(server, "enrol", body);
        assert.deepEqual(answer, { reason: "stale-nonce", status: 401, signed: false });
      }
      assert.equal(await reports(server, device), "accepted");
      assert.equal((await server.devices()).length, 1);
    },
  );

  void test(`${flavour}: a copy that claims a restored backup is detected`, { skip }, async (t) => {
    let server = await serve(t, {}, flavour);
    const device = await enrolled(server);
    assert.equal(await reports(server, device), "accepted");
    const saved = await backup(server);
    server = saved.server;
    device.restart();
    assert.equal((await exchange.enrol(device, server.url)).kind, "accepted");
    assert.equal(await reports(server, device), "accepted");
    const copy = server.device({ seed: device.key.object.export({ format: "der", type: "pkcs8" }).subarray(-32) });
    Object.assign(copy, { reportedIn: device.reportedIn, counter: device.counter });
    server = await saved.putBack(server);
    assert.equal((await exchange.enrol(copy, server.url)).kind, "accepted");
    assert.equal(await reports(server, copy), "accepted");
    assert.equal((await told(server)).gaps.length, 1);
    device.restart();
    assert.equal((await exchange.enrol(device, server.url)).kind, "accepted");
    assert.equal(await reports(server, device), "accepted");
    assert.match(String((await told(server)).alarms[0]!.detail["what"]), /^went back/);
    assert.equal(await reports(server, copy), "forked", "it did not start again, and names an older session");
    assert.equal((await server.devices())[0]!.state, "suspended");
  });
}
