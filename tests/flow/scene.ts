/** The scene of the attacks on TLS for a device in this process. */
import { startProxy, type Proxy } from "../../tools/attacker/proxy.ts";
import { Records } from "../../tools/attacker/records.ts";
import type { Ending, TlsScene } from "../../tools/attacker/tls_attacks.ts";
import { startCoapProxy, startTunnelProxy } from "../../tools/attacker/tunnel.ts";
import { startBroker, type Broker } from "../../tools/demo/broker.ts";
import { CHOICES, serving, type RoadName } from "../../tools/firmware/choices.ts";
import type { Tap, Target } from "../../tools/line/tap.ts";
import * as identities from "../../tools/server/tls.ts";
import type { Factory } from "../../tools/wire/factory.ts";
import { number, Subject, World } from "./world.ts";

const HOST = "127.0.0.1";
const INTERVAL_MS = 500;
/** For nothing but a hang. */
const LIMIT_MS = 120_000;
/** The device's time passes in ticks of this process: on a busy machine it is slow, and no limit is over too soon. */
const TICK_MS = 10;
/** A pause of the device passes in steps, while no byte is between device and module. */
const SILENCE_MS = 40;
const STEP_MS = 250;

/** The device's time. */
class Time {
  #nowMs = 0;
  #seen = 0;
  #leftMs = 0;
  readonly #timer = setInterval(() => this.#tick(), TICK_MS);
  device: Subject | undefined;

  readonly clock = (): number => this.#nowMs;

  stop(): void {
    clearInterval(this.#timer);
  }

  #tick(): void {
    this.#nowMs += TICK_MS;
    if (this.device === undefined) return;
    const { events } = this.device.guest;
    for (const event of events.slice(this.#seen)) {
      this.#leftMs = event.name === "retry" ? number(event) : event.name === "accepted" ? INTERVAL_MS : 0;
    }
    this.#seen = events.length;
    if (this.device.silentMs < SILENCE_MS) return;
    const ms = Math.min(this.#leftMs, STEP_MS);
    this.device.skip(ms);
    this.#leftMs -= ms;
  }
}

/** Start the attacker of a road, between the module and the server or its broker. */
const PROXIES: Readonly<Record<RoadName, (to: Target, tap: Tap) => Promise<Proxy>>> = {
  tcp: startProxy,
  mqtt: startProxy,
  http: startTunnelProxy,
  udp: startCoapProxy,
};

/** The target of a device's connections on each road. */
function target(world: World, road: RoadName, broker: Broker | undefined): Target {
  const { port, tls, coap } = world.server;
  return { host: HOST, port: { tcp: tls!.port, mqtt: broker?.tlsPort ?? 0, http: port, udp: coap!.port }[road] };
}

export interface Stage {
  readonly scene: TlsScene;
  readonly device: Subject;
  close(): Promise<void>;
}

/** Set the scene: a device behind this family of modules that reports on this road, and an attacker on the road. */
export async function stage(link: Factory["link"], road: RoadName): Promise<Stage> {
  const world = await World.start({ tls: true });
  const broker = road === "mqtt" ? await brokerOf(world) : undefined;
  const to = target(world, road, broker?.broker);
  const attacker = new Records();
  const proxy = await PROXIES[road](to, attacker);
  const use = serving(link, road).flatMap((name) => Object.entries(CHOICES[name].use));
  const time = new Time();
  const device = await Subject.make(world, {
    clock: time.clock,
    use: use.map(([name, value]) => `${name}=${value}`),
    link,
    port: proxy.port,
    intervalMs: INTERVAL_MS,
    settings: { port: proxy.port, tlsKeys: [broker?.publicKey ?? world.server.tls!.publicKey] },
  });
  time.device = device;
  await device.start();
  await device.see("accepted", 1, LIMIT_MS);
  return {
    scene: sceneOf(world, device, attacker, broker ? to : { host: HOST, port: world.server.tls!.port }),
    device,
    async close() {
      time.stop();
      await device.stop();
      await proxy.close();
      await world.close();
      await broker?.broker.stop();
    },
  };
}

async function brokerOf(world: World): Promise<{ broker: Broker; publicKey: Uint8Array }> {
  const identity = await identities.load(`${world.folder}/broker.key`, "broker", Date.now());
  const broker = await startBroker(world.folder, { identity });
  await world.join(broker.url);
  return { broker, publicKey: identity.publicKey };
}

function sceneOf(world: World, device: Subject, attacker: Records, server: Target): TlsScene {
  let oldReports = 0;
  world.server.intake.happenings.on("happening", (happening) => {
    if (happening.kind === "report" && happening.verdict !== "accepted") oldReports++;
  });
  const endings = (): Ending[] =>
    device.said("tls-failed").map((event) => ({ alert: number(event), fromServer: number(event, 4) === 1 }));
  return {
    attacker,
    server,
    endings,
    async ending(before) {
      if (endings().length <= before) await device.see("tls-failed", 1, LIMIT_MS);
      return endings()[before]!;
    },
    async recovered() {
      await device.see("accepted", 1, LIMIT_MS);
      await world.checkHonest(device);
    },
    async quiet() {
      await device.see("accepted", 1, LIMIT_MS);
    },
    oldReports: () => oldReports,
  };
}
