/** A server with its database, a module, and a device: everything real but the chip. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { sql } from "kysely";
import { Attacker } from "../../tools/attacker/attacker.ts";
import { startBridge } from "../../tools/bridge/bridge.ts";
import { firmware } from "../../tools/guest/firmware.ts";
import { Flash, type FlashShape } from "../../tools/guest/flash.ts";
import { Guest, type DeviceEvent, type GuestOptions } from "../../tools/guest/guest.ts";
import * as noises from "../../tools/guest/noise.ts";
import { startModem } from "../../tools/modem/modem.ts";
import * as keys from "../../tools/server/keys.ts";
import { startServer, type RunningServer } from "../../tools/server/server.ts";
import { hex } from "../../tools/wire/bytes.ts";
import * as factory from "../../tools/wire/factory.ts";
import { hash } from "../../tools/wire/key.ts";
import * as messages from "../../tools/wire/messages.ts";
import { SIGNET } from "../../tools/firmware/product.ts";

export const AUDIENCE = "signet.test";
/** Two pages for the store: the least there may be. */
export const SHAPE: FlashShape = { pageBytes: 1024, pages: 3 };

/** A server in a folder of its own. */
export class World {
  readonly folder = mkdtempSync(join(tmpdir(), "signet-flow-"));
  server!: RunningServer;
  #port = 0;
  #database = "signet.sqlite";
  #databases = 0;
  /** It is told once, as the database is made. */
  #adminToken: string | undefined;
  readonly #tls: boolean;
  /** The broker that the server has joined. */
  #mqtt: string | undefined;
  /** Error of the server's clock. */
  clockMs = 0;

  private constructor(tls: boolean) {
    this.#tls = tls;
  }

  static async start({ tls = false } = {}): Promise<World> {
    const world = new World(tls);
    await world.startServer();
    return world;
  }

  /** Start the server, again on the same port and database if it ran before. */
  async startServer(): Promise<void> {
    const database = join(this.folder, this.#database);
    const tls = this.#tls ? { tls: { port: 0 }, coap: { port: 0 } } : {};
    const clock = (): number => Date.now() + this.clockMs;
    const mqtt = this.#mqtt === undefined ? {} : { mqtt: this.#mqtt };
    this.server = await startServer({ port: this.#port, database, audience: AUDIENCE, clock, ...tls, ...mqtt });
    this.#port = this.server.port;
    this.#adminToken ??= this.server.adminToken;
  }

  /** Restart the server, and have it join the broker at `url`. */
  async join(url: string): Promise<void> {
    await this.server.close();
    this.#mqtt = url;
    await this.startServer();
  }

  /** Keep the database as it is now; the function that is returned puts it back, as an operator does with a backup. */
  async backUp(): Promise<() => Promise<void>> {
    const saved = join(this.folder, `saved-${this.#databases++}.sqlite`);
    await sql`vacuum into ${saved}`.execute(this.server.store.read);
    return async () => {
      await this.server.close();
      this.#database = `restored-${this.#databases++}.sqlite`;
      copyFileSync(saved, join(this.folder, this.#database));
      await this.startServer();
    };
  }

  get port(): number {
    return this.#port;
  }

  /** The server's own key, for answers that it would never give. */
  signingKey(): ReturnType<typeof keys.load>["signing"] {
    return keys.load(join(this.folder, "signet-server.key")).signing;
  }

  /** Do what an operator does with a device, by its id in hexadecimal. */
  async operate(id: string, act: string, body: object): Promise<Record<string, unknown>> {
    const answer = await fetch(`${this.server.url}/v1/devices/${id}/${act}`, {
      method: "POST",
      headers: {
        authorization: `Bearer ${this.#adminToken}`,
        "content-type": "application/json",
        connection: "close",
      },
      body: JSON.stringify(body),
    });
    if (answer.status !== 200) throw new Error(`${act}: ${answer.status} ${await answer.text()}`);
    return (await answer.json()) as Record<string, unknown>;
  }

  /** Return the entries of the server's log about a device, in order: action and details. */
  async logged(id: string): Promise<string[]> {
    const rows = await this.server.store.read.selectFrom("audit").selectAll().orderBy("seq").execute();
    return rows
      .filter(({ device }) => device !== null && hex(device) === id)
      .map(({ action, detail }) => `${action} ${detail}`);
  }

  /** Check that a device is known as one, active, without evidence or alarm, and that each report with a receipt is stored once, but those that are `lost` with a database. */
  async checkHonest(subject: Subject, lost: readonly number[] = []): Promise<void> {
    const id = subject.id;
    // Each of these is stored already; the device continues while the database is read.
    const answered = subject.accepted();
    const rows = await this.server.devices();
    assert.equal(rows.find((row) => row.id === id)?.state, "active");
    const evidence = await this.server.store.read.selectFrom("evidence").select("device").execute();
    assert.equal(evidence.filter(({ device }) => hex(device) === id).length, 0);
    const alarms = (await this.logged(id)).filter((line) => /^(alarm|fork) /.test(line));
    assert.deepEqual(alarms, []);
    const stored = (await this.server.reports(id)).map(({ counter }) => counter);
    assert.equal(new Set(stored).size, stored.length);
    for (const counter of answered.filter((accepted) => !lost.includes(accepted)))
      assert.ok(stored.includes(counter), `${counter} has a receipt and no row`);
    assert.equal(subject.guest.deaths, 0);
  }

  async close(): Promise<void> {
    await this.server.close();
    rmSync(this.folder, { recursive: true });
  }
}

export interface SubjectOptions {
  /** The firmware, if it is not the product's. */
  readonly module?: WebAssembly.Module;
  /** Compile-time choices, as `--use` takes them. */
  readonly use?: readonly string[];
  readonly link?: factory.Factory["link"];
  readonly noise?: noises.Noise;
  readonly flash?: Flash;
  readonly settings?: Partial<factory.Factory>;
  readonly intervalMs?: number;
  /** Milliseconds, from any start; the host's clock if it is not given. */
  readonly clock?: () => number;
  /** Target of the module, if not the server; the attacker, who reads HTTP, is then not in it. */
  readonly port?: number;
  /** The imports of a firmware that is instrumented. */
  readonly imports?: GuestOptions["imports"];
}

/** A device that lives in real time, with a clock that a test can move on, behind a module with an attacker in it. */
export class Subject {
  readonly guest: Guest;
  readonly attacker = new Attacker();
  /** Bytes that its module has exchanged with the network. */
  readonly aired = { up: 0, down: 0 };
  #skippedMs = 0;
  #listeners = new Set<(event: DeviceEvent) => void>();
  /** Time of the last byte between device and module. */
  #carriedAt = 0;
  #stop: AbortController | undefined;
  #life: Promise<void> | undefined;
  #module: { close(): Promise<void> } | undefined;
  readonly #world: World;
  readonly #link: factory.Factory["link"];
  readonly #port: number | undefined;

  private constructor(world: World, module: WebAssembly.Module, options: SubjectOptions) {
    this.#world = world;
    this.#link = options.link ?? "framed";
    this.#port = options.port;
    const flash = options.flash ?? new Flash(SHAPE);
    if (options.flash === undefined) {
      flash.provision(
        factory.write({
          link: this.#link,
          host: "127.0.0.1",
          port: world.port,
          audience: AUDIENCE,
          serverKeys: [world.server.publicKey],
          reportIntervalMs: options.intervalMs ?? 50,
          ...options.settings,
        }),
      );
    }
    const clock = options.clock ?? (() => performance.now());
    this.guest = new Guest({
      firmware: module,
      flash,
      noise: options.noise ?? noises.real,
      clock: () => clock() + this.#skippedMs,
      onEvent: (event) => this.#listeners.forEach((listener) => listener(event)),
      ...(options.imports && { imports: options.imports }),
    });
  }

  static async make(world: World, options: SubjectOptions = {}): Promise<Subject> {
    return new Subject(world, options.module ?? (await firmware(SIGNET.entry, options.use)), options);
  }

  /** Switch it on, with a module that was just switched on too. */
  async start(): Promise<void> {
    await this.stop();
    this.guest.boot();
    const stream = this.guest.port();
    const to = { host: "127.0.0.1", port: this.#port ?? this.#world.port };
    const onUart = (): void => void (this.#carriedAt = performance.now());
    const onTraffic = (way: "up" | "down", bytes: Uint8Array): void => void (this.aired[way] += bytes.length);
    const tap = { ...(this.#port === undefined && { tap: this.attacker }), onUart, onTraffic };
    this.#module =
      this.#link === "framed"
        ? await startBridge({ stream, to, ...tap })
        : await startModem({ family: this.#link, stream, ...tap });
    this.#stop = new AbortController();
    this.#life = this.guest.run(this.#stop.signal);
  }

  /** Switch it off. */
  async stop(): Promise<void> {
    this.#stop?.abort();
    await this.#life;
    await this.#module?.close();
    this.#module = undefined;
  }

  /** Wait until device and module have exchanged no byte for a while: no command is in progress. */
  async quiet(ms = 400): Promise<void> {
    await this.until(() => this.silentMs > ms);
  }

  /** Time since the last byte between device and module. */
  get silentMs(): number {
    return performance.now() - this.#carriedAt;
  }

  /** Let time pass at once. */
  skip(ms: number): void {
    this.#skippedMs += ms;
  }

  /** Wait until `count` more events of this name came; the last of them. */
  async see(name: string, count = 1, timeoutMs = 20_000): Promise<DeviceEvent> {
    const seen: DeviceEvent[] = [];
    const signal = AbortSignal.timeout(timeoutMs);
    const turned = new EventTarget();
    const listener = (event: DeviceEvent): void => {
      if (event.name !== name) return;
      seen.push(event);
      turned.dispatchEvent(new Event("event"));
    };
    this.#listeners.add(listener);
    try {
      while (seen.length < count) await once(turned, "event", { signal });
    } catch {
      const last = this.guest.events
        .slice(-12)
        .map((event) => `${event.name} ${Buffer.from(event.data).toString("hex")}`);
      throw new Error(`no event ${name} (${seen.length} of ${count}); the last were:\n${last.join("\n")}`);
    } finally {
      this.#listeners.delete(listener);
    }
    return seen[count - 1]!;
  }

  /** Wait in small steps until `condition` holds, while the device lives. */
  async until(condition: () => boolean | Promise<boolean>, timeoutMs = 20_000): Promise<void> {
    for (const end = performance.now() + timeoutMs; !(await condition()); await sleep(10)) {
      if (performance.now() > end) throw new Error(`still not: ${condition}`);
    }
  }

  /** Have its next request to `path` refused in the server's name, signed, without the server being asked; resolves with that request. */
  async refuse(world: World, path: string, reason: messages.ReasonName): Promise<Uint8Array> {
    const { request } = await this.attacker.play("up", path, ({ request }, connection) => {
      const refusal = messages.sealRefusal(world.signingKey(), {
        issuer: AUDIENCE,
        issuedAt: Math.floor(Date.now() / 1000),
        device: Buffer.from(this.id, "hex"),
        about: hash(request.body),
        reason: messages.Reason[reason],
      });
      const head = `HTTP/1.1 403 x\r\nconnection: close\r\ncontent-type: application/cose\r\ncontent-length: ${refusal.length}\r\n\r\n`;
      connection.toDevice(Buffer.concat([Buffer.from(head), refusal]));
      return [];
    });
    return request.body.slice();
  }

  /** Return the id of its present key, in hexadecimal. */
  get id(): string {
    const named = this.guest.events.findLast(({ name }) => /^(key-made|key-loaded|rotating)$/.test(name));
    return hex(named!.data);
  }

  /** Let time pass in small steps while the device lives, until `condition` holds. */
  async sleepUntil(condition: () => boolean, steps = 400): Promise<void> {
    for (let step = 0; !condition(); step++) {
      if (step === steps) throw new Error(`still not: ${condition}`);
      this.skip(1_000);
      await sleep(20);
    }
  }

  /** Counters of the reports that have a receipt under the key it speaks with now. */
  accepted(): number[] {
    const since = this.guest.events.findLastIndex(({ name }) => /^(key-made|rotating)$/.test(name));
    const events = this.guest.events.slice(since);
    return events.filter(({ name }) => name === "accepted").map((event) => number(event));
  }

  /** All events of this name so far. */
  said(name: string): DeviceEvent[] {
    return this.guest.events.filter((event) => event.name === name);
  }
}

/** The number that an event begins with. */
export function number(event: DeviceEvent, at = 0): number {
  return Buffer.from(event.data).readUInt32BE(at);
}
