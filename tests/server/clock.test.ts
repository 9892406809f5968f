// weight: 24 s, 0.5 cores
/** The server's clock wrong, by an hour or a year, either way: nothing is lost by it, and no device is locked out. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { audit } from "../../tools/server/audit.ts";
import * as keyFile from "../../tools/server/keys.ts";
import * as lease from "../../tools/server/lease.ts";
import { fromHex, hex } from "../../tools/wire/bytes.ts";
import type { Device } from "../../tools/wire/device.ts";
import * as exchange from "../../tools/wire/exchange.ts";
import { Trouble } from "../../tools/trouble.ts";
import { FLAVOURS, ask, command, enrolled, missing, order, serve, text, type Fixture, type Json } from "./harness.ts";
import { repeat } from "./wait.ts";

const HOUR = 3600_000;
const YEAR = 365 * 24 * HOUR;

async function claims(server: Fixture, count: number): Promise<Uint8Array[]> {
  const body = JSON.stringify({ count, expiresAt: server.clock.now + 100 * 24 * HOUR });
  const made = (await ask(server, server.adminToken, "/v1/claims", { method: "POST", body })).body.claims as string[];
  return made.map((claim) => fromHex(claim)!);
}

/** Report as devices do, and return the commands that came. */
async function reports(server: Fixture, device: Device): Promise<string[]> {
  let verdict = await exchange.report(device, server.url, text("x"));
  if (verdict.kind === "refused" && verdict.reason === "stale-session") {
    assert.equal((await exchange.enrol(device, server.url)).kind, "accepted");
    verdict = await exchange.report(device, server.url, text("x"));
  }
  assert.ok(verdict.kind === "accepted", JSON.stringify(verdict));
  return verdict.downlinks.map(({ data }) => hex(data));
}

void test("a lease that was taken by a clock a year ahead does not bind another instance for a year", async (t) => {
  const server = await serve(t);
  const { seal: sealKey } = keyFile.load(server.options.key!);
  const [first, second] = ["first", "second"].map((holder) => ({ name: "webhook", holder, sealKey }));
  assert.equal(await lease.take(server.store, first!, server.clock.now + YEAR, 30_000), true);
  assert.equal(await lease.take(server.store, second!, server.clock.now + YEAR, 30_000), false);
  assert.equal(await lease.take(server.store, second!, server.clock.now, 30_000), true);
});

for (const flavour of FLAVOURS) {
  for (const [name, skew] of [
    ["an hour ahead", HOUR],
    ["an hour behind", -HOUR],
    ["a year ahead", YEAR],
    ["a year behind", -YEAR],
  ] as const) {
    void test(
      `${flavour}: a clock that is ${name}, for a minute and for a day, suspends and locks out no device`,
      { skip: missing(flavour) },
      async (t) => {
        const rates = { device: [5, 20], address: [200, 400], failures: [2, 20] } as const;
        // The clock of this instance was wrong from its start, so it knows of no step.
        const server = await serve(t, { policy: "claim", rates, stepMs: Infinity }, flavour);
        const [first, second, third] = await claims(server, 3);
        const device = await enrolled(server, { claim: first! });
        await reports(server, device);
        for (const lasts of [60_000, 24 * HOUR]) {
          const nonce = await exchange.challenge(server.url);
          server.clock.now += skew;
          // Everything that a limit counts goes on, and what was asked before the step costs another try at most.
          for (let i = 0; i < 30; i++) {
            server.clock.pass(250);
            await reports(server, device);
          }
          const enrolment = device.enrol(nonce);
          device.enrolled(await exchange.http(server.url)("enrol", enrolment), enrolment);
          await reports(server, device);
          await command(server, device, "01");
          assert.deepEqual(await reports(server, device), ["01"], "a command of that time, at that time");
          device.restart();
          assert.equal((await exchange.enrol(device, server.url)).kind, "accepted");
          await reports(server, device);
          const ordered = await order(server, device);
          const next = device.successor(ordered);
          server.clock.pass(lasts);
          server.clock.now -= skew;
          // The order is of a wrong time: it may be refused for good, and then the device goes on with its key.
          const handedOver = await exchange.enrol(next, server.url);
          assert.ok(
            handedOver.kind === "accepted" ||
              (handedOver.kind === "refused" && handedOver.reason === "handover-refused"),
          );
          const now = handedOver.kind === "accepted" ? next : device;
          for (let i = 0; i < 30; i++) {
            server.clock.pass(250);
            await reports(server, now);
          }
          await command(server, now, "02");
          assert.deepEqual(await reports(server, now), ["02"], "a command of the right time, afterwards");
          const again = await enrolled(server, { claim: lasts === 60_000 ? second! : third! });
          await reports(server, again);
          if (handedOver.kind === "accepted") break;
        }
        const { alarms, evidence } = (await ask(server, server.adminToken, "/v1/alarms")).body;
        assert.deepEqual([alarms, evidence], [[], []]);
        assert.ok((await server.devices()).every(({ state }) => state === "active" || state === "replaced"));
        assert.deepEqual((await audit(server.store, keyFile.load(server.options.key!))).findings, []);
      },
    );
  }
}

for (const flavour of FLAVOURS) {
  const skip = missing(flavour);

  void test(
    `${flavour}: after a step of the clock the server signs the time that it had, raises an alarm, and ends it`,
    { skip },
    async (t) => {
      const server = await serve(t, {}, flavour);
      const device = await enrolled(server);
      await reports(server, device);
      const stepSeconds = async (): Promise<string> => {
        const metrics = (await ask(server, server.adminToken, "/metrics")).body as string;
        return /^signet_clock_step_seconds (\S+)$/m.exec(metrics)![1]!;
      };
      const alarms = async (): Promise<string[]> =>
        (await ask(server, server.adminToken, "/v1/alarms")).body.alarms.map((one: Json) => one.detail.what as string);
      let told = 0;
      for (const skewMs of [HOUR, -HOUR, YEAR, -YEAR]) {
        const before = server.clock.now;
        server.clock.now += skewMs;
        server.clock.pass(1000);
        const nonce = await exchange.challenge(server.url);
        const enrolment = device.enrol(nonce);
        device.enrolled(await exchange.http(server.url)("enrol", enrolment), enrolment);
        const verdict = await exchange.report(device, server.url, text("x"));
        assert.ok(verdict.kind === "accepted");
        assert.equal(verdict.issuedAt, Math.floor((before + 1000) / 1000), "the time that passed, and no step");
        assert.equal(await stepSeconds(), String(skewMs / 1000));
        await repeat("an alarm", async () => (await alarms()).length === told + 1);
        assert.match((await alarms())[0]!, new RegExp(`the clock stepped by ${skewMs / 1000} s`));
        server.clock.now -= skewMs;
        await reports(server, device);
        assert.equal(await stepSeconds(), "0");
        await repeat("the end of the alarm", async () => (await alarms()).length === told + 2);
        assert.match((await alarms())[0]!, /the clock agrees/);
        told += 2;
      }
      // A clock that drifts by less than the limit is followed, hour by hour.
      for (let hour = 0; hour < 5; hour++) {
        server.clock.pass(HOUR);
        server.clock.now += 200_000;
        await reports(server, device);
      }
      assert.equal(await stepSeconds(), "0");
      assert.deepEqual((await audit(server.store, keyFile.load(server.options.key!))).findings, []);
    },
  );

  void test(
    `${flavour}: a clock that contradicts the database at a start is refused by name, unless the operator trusts it`,
    { skip },
    async (t) => {
      const server = await serve(t, {}, flavour);
      await reports(server, await enrolled(server));
      const right = server.clock.now;
      for (const [skewMs, sentence] of [
        [-HOUR, /the clock is behind/],
        [-YEAR, /the clock is behind/],
        [YEAR, /the clock may be ahead/],
      ] as const) {
        server.clock.now = right + skewMs;
        await assert.rejects(server.restart(), (error) => error instanceof Trouble && sentence.test(error.message));
        const trusted = await server.restart({ trustClock: true });
        await trusted.close();
      }
      server.clock.now = right + 100 * 24 * HOUR;
      await (await server.restart()).close();
    },
  );
}
