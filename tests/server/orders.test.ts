// weight: 24 s, 0.8 cores
/** Messages that a network holds back, doubles and reorders, in every order, while an operator decides. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { audit } from "../../tools/server/audit.ts";
import * as keyFile from "../../tools/server/keys.ts";
import { hex } from "../../tools/wire/bytes.ts";
import type { Answer, Device } from "../../tools/wire/device.ts";
import * as exchange from "../../tools/wire/exchange.ts";
import { FLAVOURS, ask, decide, enrolled, missing, order, serve, text, type Fixture } from "./harness.ts";
import { FULL } from "../full.ts";

/** On SQLite a short run takes every third order, on PostgreSQL every run fewer. */
const EVERY = { sqlite: FULL ? 1 : 3, postgres: 12 } as const;

/** Every order of some things. */
function permutations<T>(items: readonly T[]): T[][] {
  if (items.length < 2) return [[...items]];
  return items.flatMap((item, i) => permutations(items.toSpliced(i, 1)).map((rest) => [item, ...rest]));
}

/** A device as its firmware is: it keeps the next key until a signed handover-refused, and takes it with the answer to its enrolment. */
class Firmware {
  current: Device;
  next: Device | undefined;
  received = 0;

  constructor(device: Device) {
    this.current = device;
  }

  get speaking(): Device {
    return this.next ?? this.current;
  }

  /** Judge the answer to an enrolment of the key that speaks. */
  enrolled(answer: Answer, enrolment: Uint8Array): void {
    const verdict = this.speaking.enrolled(answer, enrolment);
    if (verdict.kind === "accepted") [this.current, this.next] = [this.speaking, undefined];
    else if (verdict.kind === "refused" && verdict.signed && verdict.reason === "handover-refused")
      this.next = undefined;
  }

  /** Go on for a quiet while: what a device does by itself when nothing is held back. */
  async settle(server: Fixture): Promise<void> {
    for (let i = 0; i < 8 && this.received < 3; i++) {
      const { speaking } = this;
      const enrolment = speaking.enrol(await exchange.challenge(server.url));
      this.enrolled(await exchange.http(server.url)("enrol", enrolment), enrolment);
      if (this.speaking !== this.current) continue;
      for (let n = 0; n < 2; n++)
        if ((await exchange.report(this.current, server.url, text("quiet"))).kind === "accepted") this.received++;
    }
  }
}

async function isHealthy(server: Fixture, firmware: Firmware, what: string): Promise<void> {
  await firmware.settle(server);
  assert.ok(firmware.received >= 2, `${what}: it does not continue`);
  const rows = await server.devices();
  const active = rows.filter(({ state }) => state === "active").map(({ id }) => id);
  assert.deepEqual(active, [hex(firmware.current.id)], `${what}: another identity`);
  const { evidence, alarms } = (await ask(server, server.adminToken, "/v1/alarms")).body;
  assert.deepEqual([evidence, alarms], [[], []], what);
}

for (const flavour of FLAVOURS) {
  const skip = missing(flavour);

  void test(
    `${flavour}: a rotation while an operator suspends and restores, its enrolments held back and doubled in any order`,
    { skip },
    async (t) => {
      const server = await serve(t, {}, flavour);
      const acts = ["suspend", "restore", "held", "held", "retry", "late"] as const;
      const orders = new Set(permutations([0, 1, 2, 3, 4, 5]).map((order) => order.map((i) => acts[i]).join()));
      // An operator can restore only what is suspended.
      const possible = [...orders].filter((order) => order.indexOf("suspend") < order.indexOf("restore"));
      assert.equal(possible.length, 180);
      const slice = possible.filter((_, i) => i % EVERY[flavour] === 0);
      for (const what of slice) {
        const device = await enrolled(server);
        const firmware = new Firmware(device);
        await exchange.report(device, server.url, text("before"));
        const ordered = await order(server, device);
        const late = device.report(text("gets its order"));
        await exchange.send(device, server.url, [late]);
        firmware.next = device.successor(ordered);
        const carry = exchange.http(server.url);
        const { next } = firmware;
        const held = next.enrol(await exchange.challenge(server.url));
        for (const act of what.split(",")) {
          if (act === "suspend" || act === "restore") await decide(server, device, act);
          else if (act === "held") await carry("enrol", held);
          else if (act === "late") await carry("reports", late);
          else {
            const { speaking } = firmware;
            const enrolment = speaking.enrol(await exchange.challenge(server.url));
            firmware.enrolled(await carry("enrol", enrolment), enrolment);
          }
        }
        await firmware.settle(server);
        assert.ok(firmware.received >= 2, `${what}: it does not continue`);
        const states = new Map((await server.devices()).map(({ id, state }) => [id, state]));
        const both = [device, next].map(({ id }) => states.get(hex(id)));
        assert.equal(states.get(hex(firmware.current.id)), "active", what);
        assert.equal(both.filter((state) => state === "active").length, 1, `${what}: ${both.join()}`);
      }
      const { evidence, alarms } = (await ask(server, server.adminToken, "/v1/alarms")).body;
      assert.deepEqual([evidence, alarms], [[], []]);
      assert.deepEqual((await audit(server.store, keyFile.load(server.options.key!))).findings, []);
    },
  );

  void test(
    `${flavour}: a handover that was refused for good is not accepted from a copy, whatever the operator does then`,
    { skip },
    async (t) => {
      const server = await serve(t, {}, flavour);
      const device = await enrolled(server);
      const firmware = new Firmware(device);
      await exchange.report(device, server.url, text("before"));
      const ordered = await order(server, device, 1000);
      firmware.next = device.successor(ordered);
      const carry = exchange.http(server.url);
      server.clock.pass(2000);
      const held = firmware.next.enrol(await exchange.challenge(server.url));
      const enrolment = firmware.next.enrol(await exchange.challenge(server.url));
      firmware.enrolled(await carry("enrol", enrolment), enrolment);
      assert.equal(firmware.next, undefined, "the order was expired");
      // The clock was wrong: the order is good again, and void all the same.
      server.clock.now -= 2000;
      const verdict = device.successor(ordered);
      for (const body of [held, verdict.enrol(await exchange.challenge(server.url))]) {
        const answer = await carry("enrol", body);
        assert.notEqual(answer.type === "application/cose" && (await server.devices()).length > 1, true);
      }
      await decide(server, device, "suspend");
      await decide(server, device, "restore");
      await isHealthy(server, firmware, "a void order");
      // A new order is good.
      const again = await order(server, device);
      firmware.next = device.successor(again);
      firmware.received = 0;
      await isHealthy(server, firmware, "a new order");
    },
  );

  void test(
    `${flavour}: reports and enrolments of three starts, held back and delivered in any order, after the last one began`,
    { skip },
    async (t) => {
      const server = await serve(t, {}, flavour);
      const every = permutations([0, 1, 2, 3, 4]);
      const slice = every.filter((_, i) => i % EVERY[flavour] === 0);
      for (const [round, sequence] of slice.entries()) {
        const device = await enrolled(server);
        const carry = exchange.http(server.url);
        const held: (readonly ["enrol" | "reports", Uint8Array])[] = [];
        await exchange.report(device, server.url, text("first"));
        held.push(["reports", device.report(text("held in life 1"))]);
        device.restart();
        held.push(["enrol", device.enrol(await exchange.challenge(server.url))]);
        await exchange.enrol(device, server.url);
        held.push(["reports", device.report(text("held in life 2"))]);
        held.push(["enrol", device.enrol(await exchange.challenge(server.url))]);
        device.restart();
        await exchange.enrol(device, server.url);
        const twice = device.report(text("of life 3"));
        held.push(["reports", twice]);
        const firmware = new Firmware(device);
        for (const i of sequence) {
          await carry(...held[i]!);
          await carry(...held[i]!);
        }
        device.received(await carry("reports", twice), twice);
        await firmware.settle(server);
        assert.ok(firmware.received >= 2, `${round}: it does not continue`);
        const stored = (await server.reports(hex(device.id))).map((report) => report.text);
        assert.equal(stored.filter((one) => one === "quiet").length, firmware.received, "each acknowledged one, once");
        assert.ok(stored.filter((one) => one === "of life 3").length <= 1);
      }
      assert.ok((await server.devices()).every(({ state }) => state === "active"));
      const { evidence, alarms } = (await ask(server, server.adminToken, "/v1/alarms")).body;
      assert.deepEqual([evidence, alarms], [[], []]);
      assert.deepEqual((await audit(server.store, keyFile.load(server.options.key!))).findings, []);
    },
  );
}
