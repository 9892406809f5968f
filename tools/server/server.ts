/** The server put together: key, database, intake, door. */
import { EventEmitter } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { getRequestListener } from "@hono/node-server";
import type { Fields } from "../fields.ts";
import { AUDIENCE_MAX } from "../wire/messages.ts";
import { Trouble } from "../trouble.ts";
import { application } from "./application.ts";
import * as coap from "./coap.ts";
import * as decisions from "./decisions.ts";
import * as devices from "./devices.ts";
import { inTunnels, listen, LIMITS, type HttpLimits } from "./http.ts";
import type { Happening, Rates } from "./gate.ts";
import { Intake } from "./intake.ts";
import * as keyFile from "./keys.ts";
import { keyBeside, keyOf } from "./place.ts";
import { LoopWatch } from "./loop.ts";
import * as logger from "./logger.ts";
import type { Gauge } from "./metrics.ts";
import * as mqtt from "./mqtt.ts";
import type { Policy } from "./policy.ts";
import { Proxies } from "./proxy.ts";
import * as queries from "./queries.ts";
import { Reader } from "./reader.ts";
import { Sequencer } from "./sequencer.ts";
import { Store } from "./store/store.ts";
import * as time from "./time.ts";
import * as tls from "./tls.ts";
import { KEPT_MS } from "./repeats.ts";
import { TokenUses } from "./token_uses.ts";
import * as tokens from "./tokens.ts";
import * as tunnel from "./tunnel.ts";
import { Watch } from "./watch.ts";
import * as webhook from "./webhook.ts";

export interface ServerOptions {
  /** 0 takes a free one. */
  readonly port: number;
  readonly host?: string;
  /** A file for SQLite, or a postgres:// URL. */
  readonly database: string;
  /** The name that devices say their messages are for. */
  readonly audience: string;
  /** The file of the server's key; beside the database if it is not given. */
  readonly key?: string;
  /** Serve TLS 1.3 as well: on this port (0 takes a free one), with the key of this file, or beside the database. */
  readonly tls?: { readonly port: number; readonly key?: string };
  /** Serve this TLS also over CoAP, on this port of UDP; 0 takes a free one. */
  readonly coap?: { readonly port: number };
  /** False if the requests of one tunnel can reach different processes: then there are none. */
  readonly hasTunnels?: boolean;
  /** Addresses and networks of proxies whose word about the address of a client counts. */
  readonly trustedProxy?: string;
  /** The fields of the product's readings, for the operator's page. */
  readonly fields?: Fields;
  /** The address of a broker to take devices' messages from as well. */
  readonly mqtt?: string;
  readonly mqttLimits?: Partial<mqtt.MqttLimits>;
  /** URL that receives stored reports and decisions. */
  readonly webhook?: string;
  readonly webhookTimes?: Partial<webhook.WebhookTimes>;
  readonly policy?: Policy;
  readonly suspendForks?: boolean;
  readonly rates?: Partial<Rates>;
  readonly limits?: Partial<HttpLimits>;
  readonly tunnelLimits?: Partial<tunnel.TunnelLimits>;
  readonly clock?: () => number;
  /** Monotonic milliseconds, for rate limits. */
  readonly ticks?: () => number;
  /** Start also if the clock and the newest row of the database contradict each other. */
  readonly trustClock?: boolean;
  /** Maximum step of the clock, in milliseconds. */
  readonly stepMs?: number;
  /** The log; without one, only errors are printed. */
  readonly log?: logger.Logger;
  readonly onError?: (error: unknown, request?: string) => void;
  /** Told of every decision, after it is committed. */
  readonly onDecision?: (happening: Happening) => void;
}

export interface RunningServer {
  readonly url: string;
  readonly port: number;
  readonly publicKey: Uint8Array;
  /** The key that will sign next, if its file is there. */
  readonly nextKey: Uint8Array | undefined;
  /** The address of the TLS server, and the key that devices pin. */
  readonly tls: { readonly url: string; readonly port: number; readonly publicKey: Uint8Array } | undefined;
  readonly coap: coap.CoapDoor | undefined;
  readonly mqtt: mqtt.MqttDoor | undefined;
  readonly webhook: webhook.Webhook | undefined;
  readonly watch: Watch;
  readonly sequencer: Sequencer;
  /** A token of scope admin, at the first start on a database only: it is kept nowhere. */
  readonly adminToken: string | undefined;
  readonly intake: Intake;
  readonly store: Store;
  /** Make a token of scope admin for `name`, in place of any it had. */
  operator(name: string): Promise<string>;
  /** The devices, as an operator sees them. */
  devices(): Promise<readonly devices.DeviceView[]>;
  reports(device: string): Promise<queries.ReportView[]>;
  close(): Promise<void>;
}

const RATES: Rates = { device: [50, 500], address: [2000, 4000], failures: [20, 200] };

/** Above any counter. */
const EVERYTHING = 2 ** 32;

const SWEEP_MS = 60_000;

/** The first start on a database makes a token for its operator; later ones find it there. */
async function firstToken(store: Store, keys: keyFile.ServerKeys, now: number): Promise<string | undefined> {
  const any = await store.read.selectFrom("tokens").select("hash").limit(1).executeTakeFirst();
  return any === undefined
    ? tokens.make(store, keys, { name: "first", scope: "admin", label: null, expiresAt: null }, "server", now)
    : undefined;
}

/** Start a server. Throw Trouble for faults that an operator can correct. */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const { audience, host = "127.0.0.1", policy = "open", log = logger.silent() } = options;
  const ticks = options.ticks ?? ((): number => performance.now());
  const audienceBytes = Buffer.byteLength(audience);
  if (audienceBytes < 1 || audienceBytes > AUDIENCE_MAX) {
    throw new Trouble(`an audience has 1 to ${AUDIENCE_MAX} bytes`, "choose another --audience");
  }
  if (options.webhook !== undefined) webhook.checkAddress(options.webhook);
  if (options.coap !== undefined && options.tls === undefined)
    throw new Trouble("CoAP carries TLS, but TLS is off", "give a --tls-port too");
  const store = await Store.open(options.database);
  const reader = new Reader(options.database);
  const doors: { close(): Promise<void> }[] = [];
  const opened = <Door extends { close(): Promise<void> }>(door: Door): Door => {
    doors.push(door);
    return door;
  };
  const close = async (): Promise<void> => {
    await Promise.all(doors.map((door) => door.close()));
    await reader.close();
    await store.close();
  };
  try {
    const keyPath = options.key ?? keyBeside(options.database);
    const keys = await keyOf(store, keyPath);
    const nextKey = keyFile.publicOf(keyFile.nextFile(keyPath));
    const toStandardError = (error: unknown): void => void process.stderr.write(`error: ${String(error)}\n`);
    const onError = options.onError ?? (options.log ? logger.complainer(log) : toStandardError);
    if (options.trustClock !== true) await time.checkStart(store, (options.clock ?? Date.now)());
    const onStep = (skewMs: number): void =>
      void time.tellStep(store, keys, intake, clock(), skewMs).catch((error: unknown) => onError(error));
    const { stepMs } = options;
    const serverTime = opened(
      new time.ServerTime({ clock: options.clock ?? Date.now, ticks, onStep, ...(stepMs !== undefined && { stepMs }) }),
    );
    const clock = serverTime.now;
    const intake = new Intake({
      store,
      keys,
      audience,
      clock,
      ticks,
      policy,
      suspendForks: options.suspendForks ?? true,
      rates: { ...RATES, ...options.rates },
      onError,
    });
    if (options.log !== undefined) intake.happenings.on("happening", (happening) => logger.note(log, happening));
    if (options.onDecision !== undefined) intake.happenings.on("happening", options.onDecision);
    let mqttDoor: mqtt.MqttDoor | undefined;
    let courier: webhook.Webhook | undefined;
    const loop = opened(new LoopWatch((delay) => log.warn(delay, "event loop held")));
    const tokensChanged = new EventEmitter<{ changed: [] }>().setMaxListeners(0);
    const gauges = (): Gauge[] => [
      ...loop.gauges(),
      ...serverTime.gauges(),
      ...mqtt.gauges(mqttDoor),
      ...webhook.gauges(courier),
      ...(tunnels?.gauges ?? []),
      ["signet_connections", "Open connections.", door.connections + (tlsDoor?.connections ?? 0)],
    ];
    const desk = { store, keys, audience, clock };
    const uses = opened(new TokenUses(desk, onError));
    const context = { ...desk, uses, nextKey, intake, ticks, policy, gauges, reader, tokensChanged, onError };
    const app = application(context, options.fields);
    const listener = getRequestListener(app.fetch, { overrideGlobalObjects: false });
    const answer = (request: IncomingMessage, response: ServerResponse): void => void listener(request, response);
    const proxies = options.trustedProxy === undefined ? undefined : new Proxies(options.trustedProxy);
    const inside = { intake, application: answer, limits: { ...LIMITS, ...options.limits }, proxies };
    const tlsKey = options.tls?.key ?? keyBeside(options.database, "signet-tls.key");
    const identity = options.tls && (await tls.load(tlsKey, audience, clock()));
    const tunnelLimits = { ...tunnel.LIMITS, ...options.tunnelLimits };
    const tunnels =
      options.hasTunnels === false ? undefined : identity && opened(inTunnels(inside, tunnelLimits, identity));
    const door = opened(await listen(inside, host, options.port, undefined, tunnels));
    const tlsDoor = options.tls && opened(await listen(inside, host, options.tls.port, identity));
    const coapDoor = tunnels && options.coap && opened(await coap.listen(tunnels, host, options.coap.port));
    const notice = (what: mqtt.Notice): void => log.warn({ broker: what }, "mqtt");
    const mqttLimits = { ...mqtt.LIMITS, ...options.mqttLimits };
    if (options.mqtt !== undefined)
      mqttDoor = opened(await mqtt.join(intake, options.mqtt, mqttLimits, notice, onError));
    const watch = opened(new Watch({ ...desk, ticks, reader, intake, onError }));
    const sequencer = opened(new Sequencer({ ...desk, reader, freshLeaves: intake.freshLeaves, onError }));
    if (options.webhook !== undefined) {
      const times = { ...webhook.TIMES, ...options.webhookTimes };
      courier = opened(
        webhook.start({ url: options.webhook, store, reader, keys, audience, intake, clock, log, onError, times }),
      );
    }
    // Make the token last, so that a failed start leaves no token that was never shown.
    const adminToken = await firstToken(store, keys, clock());
    const shownHost = host.includes(":") ? `[${host}]` : host;
    const sweeper = setInterval(() => void sweep(store, clock()).catch(() => undefined), SWEEP_MS).unref();
    return {
      url: `http://${shownHost}:${door.port}`,
      port: door.port,
      tls: tlsDoor && {
        url: `https://${shownHost}:${tlsDoor.port}`,
        port: tlsDoor.port,
        publicKey: identity!.publicKey,
      },
      coap: coapDoor,
      mqtt: mqttDoor,
      webhook: courier,
      watch,
      sequencer,
      publicKey: keys.signing.publicKey,
      nextKey,
      adminToken,
      intake,
      store,
      async operator(name) {
        await decisions.endToken(context, name, "server");
        tokensChanged.emit("changed");
        return tokens.make(store, keys, { name, scope: "admin", label: null, expiresAt: null }, "server", clock());
      },
      devices: async () => (await devices.list(store, { limit: EVERYTHING })).devices,
      reports: (device) => queries.reports(store, Buffer.from(device, "hex"), { limit: EVERYTHING, after: 0 }),
      async close(): Promise<void> {
        clearInterval(sweeper);
        await close();
      },
    };
  } catch (error) {
    await close();
    throw store.trouble(error) ?? error;
  }
}

/** Forget used nonces that would not be taken any more in any case, and requests that are not repeated any more. */
async function sweep(store: Store, now: number): Promise<void> {
  await store.write((tx) =>
    tx
      .deleteFrom("repeats")
      .where("at", "<", now - KEPT_MS)
      .execute(),
  );
  await store.write((tx) => tx.deleteFrom("used_nonces").where("expires_at", "<", now).execute());
}
