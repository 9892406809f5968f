// weight: 30 s, 0.5 cores
/**
 * Random histories of one device over a network that loses, doubles, holds back and reorders whole messages, while operators decide, the clock
 * steps, an instance changes and backups are put back. The device is the reference one of `tools/wire`, which is quick; the firmware's own histories
 * are slower.
 *
 * After each history and a quiet while: the device is active under one identity; each reading with a receipt is stored exactly once, those from before
 * a restore excepted; and nothing says that it is a clone. Where a copy of its key took part, and both reported, something does.
 */
import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import fc from "fast-check";
import { audit } from "../../tools/server/audit.ts";
import * as keyFile from "../../tools/server/keys.ts";
import { startServer, type RunningServer } from "../../tools/server/server.ts";
import { hex } from "../../tools/wire/bytes.ts";
import type { Answer, Device, Verdict } from "../../tools/wire/device.ts";
import * as exchange from "../../tools/wire/exchange.ts";
import { NO_HEAD, Order, type Downlink } from "../../tools/wire/messages.ts";
import { ask, backup, command, decide, enrolled, order, serve, text, type Fixture } from "./harness.ts";
import { FULL } from "../full.ts";

const HISTORIES = Number(process.env["SIGNET_STORMS"] ?? (FULL ? 40 : 15));
const SEED = Number(process.env["SIGNET_STORMS_SEED"] ?? 20260101);
/** A history as a failure prints it, to be played alone. */
const REPLAY = process.env["SIGNET_STORM"];

/** The network's treatment of a request. */
type Fate = "arrives" | "is lost" | "is not answered" | "is held" | "comes twice";
const FATES: readonly Fate[] = ["arrives", "arrives", "is lost", "is not answered", "is held", "comes twice"];

type Act =
  | { readonly kind: "work"; readonly fate: Fate }
  | { readonly kind: "copy works"; readonly fate: Fate }
  | { readonly kind: "released"; readonly which: number }
  | { readonly kind: "jump"; readonly ms: number }
  | {
      readonly kind:
        "restart" | "copy restarts" | "suspend" | "restore" | "order" | "command" | "backup" | "put back" | "instance";
    };

const HOUR = 3600_000;

function acts(withCopy: boolean): fc.Arbitrary<Act> {
  const fate = fc.constantFrom(...FATES);
  const simple = (kind: "restart" | "suspend" | "restore" | "order" | "command" | "backup" | "put back" | "instance") =>
    fc.constant<Act>({ kind });
  const usual: fc.WeightedArbitrary<Act>[] = [
    { weight: 20, arbitrary: fc.record({ kind: fc.constant("work" as const), fate }) },
    { weight: 6, arbitrary: fc.record({ kind: fc.constant("released" as const), which: fc.nat(50) }) },
    { weight: 3, arbitrary: simple("restart") },
    { weight: 1, arbitrary: simple("suspend") },
    { weight: 2, arbitrary: simple("restore") },
    { weight: 2, arbitrary: simple("order") },
    { weight: 1, arbitrary: simple("command") },
  ];
  if (withCopy) {
    return fc.oneof(
      ...usual,
      { weight: 10, arbitrary: fc.record({ kind: fc.constant("copy works" as const), fate }) },
      { weight: 2, arbitrary: fc.constant<Act>({ kind: "copy restarts" }) },
    );
  }
  const jump = fc.constantFrom(HOUR, -HOUR, 365 * 24 * HOUR, -365 * 24 * HOUR, 1000);
  return fc.oneof(
    ...usual,
    { weight: 1, arbitrary: simple("backup") },
    { weight: 1, arbitrary: simple("put back") },
    { weight: 1, arbitrary: simple("instance") },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant("jump" as const), ms: jump }) },
  );
}

type Question = "enrol" | "reports";

/** One holder of a key: a device as its firmware is, without its radio. */
class Holder {
  current: Device;
  next: Device | undefined;
  /** Readings with a receipt. */
  readonly acknowledged: string[] = [];
  private pending: { readonly value: string; readonly bytes: Uint8Array } | undefined;
  private unanswered = 0;
  private readonly name: string;
  private readings = 0;

  constructor(device: Device, name: string) {
    this.current = device;
    this.name = name;
  }

  get speaking(): Device {
    return this.next ?? this.current;
  }

  restart(): void {
    this.speaking.restart();
    this.pending = undefined;
  }

  /** Do what is next: enrol, or report. `carry` returns the answer, or undefined if none comes. */
  async work(
    carry: (asked: Question, body: Uint8Array) => Promise<Answer | undefined>,
    nonce: Uint8Array,
  ): Promise<void> {
    const { speaking } = this;
    if (this.next !== undefined || speaking.session === undefined) {
      const enrolment = speaking.enrol(nonce);
      const answer = await carry("enrol", enrolment);
      if (answer !== undefined) this.enrolled(speaking.enrolled(answer, enrolment));
      return;
    }
    if (this.pending === undefined) {
      const value = `${this.name} ${this.readings++}`;
      this.pending = { value, bytes: speaking.report(text(value)) };
    }
    const { value, bytes } = this.pending;
    const answer = await carry("reports", bytes);
    if (answer === undefined) {
      if (++this.unanswered % 3 === 0) this.again();
      return;
    }
    this.reported(speaking.received(answer, bytes), value);
  }

  /** Enrol before the next report: its data is signed anew. */
  private again(): void {
    this.speaking.session = undefined;
    this.pending = undefined;
  }

  private enrolled(verdict: Verdict): void {
    if (verdict.kind === "accepted") [this.current, this.next] = [this.speaking, undefined];
    else if (verdict.kind === "refused" && verdict.signed && verdict.reason === "handover-refused")
      this.next = undefined;
  }

  private reported(verdict: Verdict, value: string): void {
    if (verdict.kind === "accepted") {
      this.acknowledged.push(value);
      this.pending = undefined;
      const found = verdict.downlinks.find((downlink) => downlink.order === Order.rotate);
      if (found !== undefined) this.rotate(found);
    } else if (verdict.kind === "refused") this.again();
  }

  private rotate(ordered: Downlink): void {
    this.next = this.current.successor(ordered);
  }
}

/** The number and seed of the histories; or the one to be played again. */
function campaign(): fc.Parameters<[readonly Act[]]> {
  const usual = { seed: SEED, includeErrorInReport: true };
  if (REPLAY === undefined) return { ...usual, numRuns: HISTORIES };
  return { ...usual, numRuns: 1, examples: [[JSON.parse(REPLAY) as Act[]]], endOnFailure: true };
}

/** A server with its past, and the messages that are under way. */
class World {
  server: Fixture;
  other: RunningServer | undefined;
  readonly holder: Holder;
  copy: Holder | undefined;
  private held: (readonly [Question, Uint8Array])[] = [];
  private saved: Awaited<ReturnType<typeof backup>>[] = [];
  /** Number of reports acknowledged at the last restore of the database: they may be missing. */
  lost = 0;
  restored = false;

  constructor(server: Fixture, device: Device) {
    this.server = server;
    this.holder = new Holder(device, "reading");
  }

  private post(asked: Question, body: Uint8Array): Promise<Answer> {
    return exchange.http(this.server.url)(asked, body);
  }

  async work(holder: Holder, fate: Fate): Promise<void> {
    this.server.clock.pass(100);
    const nonce = await exchange.challenge(this.server.url);
    await holder.work(async (asked, body) => {
      if (fate === "is lost") return undefined;
      if (fate === "is held") return void this.held.push([asked, body]);
      const answer = await this.post(asked, body);
      if (fate === "comes twice") await this.post(asked, body);
      return fate === "is not answered" ? undefined : answer;
    }, nonce);
  }

  async act(act: Act): Promise<void> {
    const { holder, server } = this;
    const device = holder.current;
    const isKnown = (await server.devices()).some(({ id, state }) => id === hex(device.id) && state === "active");
    switch (act.kind) {
      case "work":
        return this.work(holder, act.fate);
      case "copy works":
        this.copy ??= copyOf(server, holder);
        return this.work(this.copy, act.fate);
      case "copy restarts":
        return this.copy?.restart();
      case "released": {
        const [message] = this.held.length === 0 ? [] : this.held.splice(act.which % this.held.length, 1);
        if (message !== undefined) await this.post(...message);
        return;
      }
      case "restart":
        return holder.restart();
      case "suspend":
      case "restore":
        return void (await decide(server, device, act.kind));
      case "order":
        if (isKnown) await order(server, device, act.kind.length * HOUR);
        return;
      case "command":
        if (isKnown) await command(server, device, "01", HOUR);
        return;
      case "jump":
        server.clock.now += act.ms;
        return;
      case "backup":
        this.saved.push(await backup(server));
        this.server = this.saved.at(-1)!.server;
        return;
      case "put back":
        if (this.saved.length === 0) return;
        this.server = await this.saved.at(-1)!.putBack(server);
        [this.lost, this.restored] = [holder.acknowledged.length, true];
        return;
      case "instance":
        // Another instance on the same database: what it remembers is older.
        await this.other?.close();
        this.other = await startServer({ ...server.options, port: 0 });
        this.server = {
          ...server,
          ...this.other,
          adminToken: server.adminToken!,
          close: server.close,
          restart: server.restart,
        };
        return;
    }
  }

  /** Deliver what is under way, let operators take back what they did, and let the device go on for a while. */
  async quiet(): Promise<void> {
    for (const message of this.held.splice(0).toReversed()) await this.post(...message);
    const { alarms, evidence } = await told(this);
    if (this.copy === undefined || alarms.length + evidence.length === 0) {
      for (const { id, state } of await this.server.devices())
        if (state === "suspended")
          await decide(this.server, { id: Buffer.from(id, "hex") } as unknown as Device, "restore");
    }
    const [done, copies] = [this.holder.acknowledged.length, this.copy?.acknowledged.length ?? 0];
    for (let i = 0; i < 24; i++) {
      const { next, acknowledged } = this.holder;
      if (next !== undefined || acknowledged.length < done + 3) await this.work(this.holder, "arrives");
      if (this.copy !== undefined && this.copy.acknowledged.length < copies + 3) await this.work(this.copy, "arrives");
    }
  }
}

function copyOf(server: Fixture, holder: Holder): Holder {
  const { current } = holder;
  const seed = current.key.object.export({ format: "der", type: "pkcs8" }).subarray(-32);
  const device = server.device({ seed });
  Object.assign(device, { reportedIn: current.reportedIn, counter: current.counter, head: NO_HEAD });
  return new Holder(device, "copy");
}

async function story(t: TestContext, history: readonly Act[]): Promise<World> {
  const server = await serve(t, { stepMs: Infinity, trustClock: true });
  const world = new World(server, await enrolled(server));
  for (const act of history) await world.act(act);
  await world.quiet();
  return world;
}

async function told(world: World): Promise<{ alarms: string[]; evidence: object[] }> {
  const { alarms, evidence } = (await ask(world.server, world.server.adminToken, "/v1/alarms")).body;
  return {
    evidence,
    alarms: alarms.map(({ detail }: { detail: { what?: string; kind?: string } }) => detail.what ?? detail.kind),
  };
}

async function end(world: World): Promise<void> {
  await world.other?.close();
  await world.server.close();
}

void test(`${HISTORIES} random histories: an honest device is never lost`, async (t) => {
  const property = fc.asyncProperty(fc.array(acts(false), { minLength: 10, maxLength: 60 }), async (history) => {
    const world = await story(t, history);
    const { holder, server } = world;
    const rows = await server.devices();
    const active = rows.filter(({ state }) => state === "active").map(({ id }) => id);
    assert.equal(holder.next, undefined, "it is still changing its key");
    assert.ok(active.includes(hex(holder.current.id)), rows.map(({ id, state }) => id.slice(0, 6) + state).join());
    // If a restore lost a key between two rotations, the one before it stays in the database until an operator revokes it.
    if (!world.restored) assert.equal(active.length, 1);
    const stored = (await Promise.all(rows.map(({ id }) => server.reports(id)))).flat().map((report) => report.text);
    assert.equal(new Set(stored).size, stored.length, "a reading is stored twice");
    for (const value of holder.acknowledged.slice(world.lost)) assert.ok(stored.includes(value), `${value} is missing`);
    assert.ok(holder.acknowledged.length >= 3, "it does not continue");
    const { alarms, evidence } = await told(world);
    assert.deepEqual(evidence, []);
    const expected = world.restored ? /^acknowledges command/ : /^$/;
    assert.deepEqual(
      alarms.filter((what) => !expected.test(what)),
      [],
    );
    assert.deepEqual((await audit(server.store, keyFile.load(server.options.key!))).findings, []);
    await end(world);
  });
  await fc.assert(property, campaign());
});

void test(`${HISTORIES} random histories with a copy of the key: it is detected wherever both reported`, async (t) => {
  let both = 0;
  const property = fc.asyncProperty(fc.array(acts(true), { minLength: 10, maxLength: 60 }), async (history) => {
    const world = await story(t, [...history.slice(0, 8), { kind: "work", fate: "arrives" }, ...history]);
    const { alarms, evidence } = await told(world);
    const [mine, theirs] = [world.holder.acknowledged.length, world.copy?.acknowledged.length ?? 0];
    if (mine > 0 && theirs > 0) {
      both++;
      assert.ok(alarms.length + evidence.length > 0, "it is not found");
    }
    await end(world);
  });
  await fc.assert(property, campaign());
  if (REPLAY === undefined) assert.ok(both > HISTORIES / 4, `both reported in ${both}`);
});
