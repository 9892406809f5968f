/** A server with its database, a module, and a device: everything real but the chip. */
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Attacker } from "../../tools/attacker/attacker.ts";
import { startBridge } from "../../tools/bridge/bridge.ts";
import { firmware } from "../../tools/guest/firmware.ts";
import { Flash, type FlashShape } from "../../tools/guest/flash.ts";
import { Guest, type DeviceEvent } from "../../tools/guest/guest.ts";
import * as noises from "../../tools/guest/noise.ts";
import { startModem } from "../../tools/modem/modem.ts";
import * as keys from "../../tools/server/keys.ts";
import { startServer, type RunningServer } from "../../tools/server/server.ts";
import * as factory from "../../tools/wire/factory.ts";

export const AUDIENCE = "signet.test";
/** Two pages for the store: the least there may be. */
export const SHAPE: FlashShape = { pageBytes: 1024, pages: 3 };

/** A server in a folder of its own. */
export class World {
  readonly folder = mkdtempSync(join(tmpdir(), "signet-flow-"));
  server!: RunningServer;
  #port = 0;

  static async start(): Promise<World> {
    const world = new World();
    await world.startServer();
    return world;
  }

  /** Start the server, again on the same port and database if it ran before. */
  async startServer(): Promise<void> {
    const database = join(this.folder, "signet.sqlite");
    this.server = await startServer({ port: this.#port, database, audience: AUDIENCE });
    this.#port = this.server.port;
  }

  get port(): number {
    return this.#port;
  }

  /** The server's own key, for answers that it would never give. */
  signingKey(): ReturnType<typeof keys.load>["signing"] {
    return keys.load(join(this.folder, "signet-server.key")).signing;
  }

  async close(): Promise<void> {
    await this.server.close();
    rmSync(this.folder, { recursive: true });
  }
}

export interface SubjectOptions {
  readonly link?: factory.Factory["link"];
  readonly noise?: noises.Noise;
  readonly flash?: Flash;
  readonly settings?: Partial<factory.Factory>;
  readonly intervalMs?: number;
}

/** A device that lives in real time, with a clock that a test can move on, behind a module with an attacker in it. */
export class Subject {
  readonly guest: Guest;
  readonly attacker = new Attacker();
  #skippedMs = 0;
  #listeners = new Set<(event: DeviceEvent) => void>();
  #stop: AbortController | undefined;
  #life: Promise<void> | undefined;
  #module: { close(): Promise<void> } | undefined;
  readonly #world: World;
  readonly #link: factory.Factory["link"];

  private constructor(world: World, module: WebAssembly.Module, options: SubjectOptions) {
    this.#world = world;
    this.#link = options.link ?? "framed";
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
    this.guest = new Guest({
      firmware: module,
      flash,
      noise: options.noise ?? noises.real,
      clock: () => performance.now() + this.#skippedMs,
      onEvent: (event) => this.#listeners.forEach((listener) => listener(event)),
    });
  }

  static async make(world: World, options: SubjectOptions = {}): Promise<Subject> {
    return new Subject(world, await firmware(), options);
  }

  /** Switch it on, with a module that was just switched on too. */
  async start(): Promise<void> {
    await this.stop();
    this.guest.boot();
    const stream = this.guest.port();
    const to = { host: "127.0.0.1", port: this.#world.port };
    this.#module =
      this.#link === "framed"
        ? await startBridge({ stream, to, tap: this.attacker })
        : await startModem({ stream, tap: this.attacker });
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

  /** All events of this name so far. */
  said(name: string): DeviceEvent[] {
    return this.guest.events.filter((event) => event.name === name);
  }
}

/** The number that an event begins with. */
export function number(event: DeviceEvent, at = 0): number {
  return Buffer.from(event.data).readUInt32BE(at);
}
