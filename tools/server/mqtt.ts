/**
 * The door for MQTT: a device's three requests come through any broker that speaks MQTT 5 with shared subscriptions, and are
 * answered on the device's own topic (`../wire/topics.ts`). Instances share one subscription, so each request reaches one of them.
 *
 * The broker is trusted with nothing: a message counts if its device signed it, an answer if the server did. An acknowledgement of
 * MQTT says that a message reached the next hop; that a report is stored, its receipt says and nothing else.
 */
import { randomBytes } from "node:crypto";
import { connect, ErrorWithReasonCode, type IPublishPacket, type MqttClient } from "mqtt";
import { Trouble } from "../trouble.ts";
import { PREFIX, answering, isChannel, isPrefix, readAsking, type Asked } from "../wire/topics.ts";
import type { Gauge } from "./metrics.ts";
import type { Answer } from "./gate.ts";
import { BODY_MAX, type Intake } from "./intake.ts";

export interface MqttLimits {
  /** Requests in progress. Further ones wait in the broker. */
  readonly underWay: number;
  readonly connectTimeoutMs: number;
  readonly reconnectMs: number;
  readonly graceMs: number;
}

export const LIMITS: MqttLimits = { underWay: 512, connectTimeoutMs: 10_000, reconnectMs: 1000, graceMs: 5000 };

/** The broker drops larger packets without an answer. Packets up to this size are refused as too large. */
const PACKET_MAX = 2 * BODY_MAX;

const PREFIX_MAX = 100;

/** Seconds for which the broker keeps the requests for an instance with a name that is away. */
const KEPT_S = 300;

/** A change of the connection to the broker. */
export type Notice = "lost" | "back";

export interface MqttDoor {
  readonly connected: boolean;
  /** Requests that are being answered. */
  readonly underWay: number;
  /** Take no more, let requests that are under way finish, leave the broker. */
  close(): Promise<void>;
}

/** Metrics of this door. */
export function gauges(door: MqttDoor | undefined): Gauge[] {
  if (door === undefined) return [];
  return [
    ["signet_mqtt_connected", "Connection to the broker: 1 or 0.", Number(door.connected)],
    ["signet_mqtt_under_way", "Requests through the broker that are being answered.", door.underWay],
  ];
}

/** Where a broker is, under which prefix topics are, and the name by which it knows this instance, if it has one. */
interface Address {
  readonly url: string;
  readonly prefix: string;
  readonly client: string | undefined;
  /** The address without its secrets. */
  readonly shown: string;
}

/** Take the address of a broker apart: the prefix is its path, the name of the instance its parameter `client`. Throws Trouble. */
export function readAddress(text: string): Address {
  const hint =
    "give --mqtt as mqtt://host:port or mqtts://host:port, with user:password@, /prefix and ?client=NAME where needed";
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw new Trouble("it is not the address of a broker", hint);
  }
  if (!["mqtt:", "mqtts:", "ws:", "wss:"].includes(url.protocol) || url.hostname === "")
    throw new Trouble("it is not the address of a broker", hint);
  const prefix = decodeURIComponent(url.pathname.replace(/^\/|\/$/g, "")) || PREFIX;
  if (!isPrefix(prefix) || prefix.length > PREFIX_MAX) throw new Trouble("this prefix is not allowed in topics", hint);
  const client = url.searchParams.get("client") ?? undefined;
  if (url.searchParams.size !== Number(client !== undefined) || (client !== undefined && !isChannel(client)))
    throw new Trouble("its one parameter is client, with 1 to 64 letters, digits or _ . -", hint);
  url.search = "";
  const shown = `${url.protocol}//${url.host}/${prefix}`;
  if (url.protocol.startsWith("mqtt")) url.pathname = "";
  return { url: url.href, prefix, client, shown };
}

/** Join a broker, and answer devices from `intake`. Throws Trouble if it cannot be joined now; once it was, it is joined again whenever it is lost. */
export async function join(
  intake: Intake,
  address: string,
  limits: MqttLimits,
  notice: (what: Notice) => void,
  onError: (error: unknown) => void,
): Promise<MqttDoor> {
  const { url, prefix, client: name, shown } = readAddress(address);
  const isKept = name !== undefined;
  const client = connect(url, {
    protocolVersion: 5,
    clientId: name ?? `signet-server-${randomBytes(8).toString("hex")}`,
    clean: !isKept,
    properties: { maximumPacketSize: PACKET_MAX, ...(isKept && { sessionExpiryInterval: KEPT_S }) },
    connectTimeout: limits.connectTimeoutMs,
    reconnectPeriod: limits.reconnectMs,
    reconnectOnConnackError: true,
    resubscribe: false,
    queueQoSZero: false,
  });
  const door = new Door(client, intake, prefix, limits, isKept, onError);
  try {
    await arrived(client);
    await door.subscribe();
  } catch (error) {
    client.on("error", () => undefined);
    await client.endAsync(true);
    throw new Trouble(
      `the broker ${shown} cannot be reached: ${(error as Error).message}`,
      "check that it runs, supports MQTT 5, and allows this user to subscribe",
    );
  }
  let lost = false;
  client.on("error", (error) => {
    // A broken connection is reported as a loss; report here only refusals by the broker.
    if (error instanceof ErrorWithReasonCode) onError(error);
  });
  client.on("close", () => {
    if (!lost && !door.closing) notice("lost");
    lost = true;
  });
  const rejoin = async (): Promise<void> => {
    try {
      await door.subscribe();
      lost = false;
      notice("back");
    } catch (error) {
      onError(error);
    }
  };
  client.on("connect", () => void rejoin());
  return door;
}

/** Wait for the first connection, or for why there is none. */
function arrived(client: MqttClient): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (error?: Error): void => {
      client.off("error", settle);
      client.off("close", closed);
      client.off("connect", connected);
      if (error === undefined) resolve();
      else reject(error);
    };
    const closed = (): void => settle(new Error("it closed the connection"));
    const connected = (): void => settle();
    client.on("error", settle);
    client.on("close", closed);
    client.on("connect", connected);
  });
}

class Door implements MqttDoor {
  underWay = 0;
  closing = false;
  private readonly client: MqttClient;
  private readonly intake: Intake;
  private readonly prefix: string;
  private readonly limits: MqttLimits;
  /** The broker keeps requests while the instance is away. */
  private readonly isKept: boolean;
  private readonly onError: (error: unknown) => void;
  /** The next packet, held back while as many are under way as may be: the socket is not read, and nothing acknowledged. */
  private held: (() => void) | undefined;
  private idle: (() => void) | undefined;
  private gathering = false;

  constructor(
    client: MqttClient,
    intake: Intake,
    prefix: string,
    limits: MqttLimits,
    isKept: boolean,
    onError: (error: unknown) => void,
  ) {
    this.client = client;
    this.intake = intake;
    this.prefix = prefix;
    this.limits = limits;
    this.isKept = isKept;
    this.onError = onError;
    client.handleMessage = (packet, next) => this.take(packet, () => next());
  }

  get connected(): boolean {
    return this.client.connected;
  }

  private get subscription(): string {
    return `$share/signet/${this.prefix}/ask/+/+`;
  }

  async subscribe(): Promise<void> {
    const granted = await this.client.subscribeAsync(this.subscription, { qos: 1 });
    if (granted.some(({ qos }) => qos > 2)) throw new Error("the subscription was refused");
  }

  private take({ topic, payload }: IPublishPacket, next: () => void): void {
    // Not acknowledged: the broker delivers it when the instance is back.
    if (this.closing && this.isKept) return;
    const found = readAsking(this.prefix, topic);
    if (found === undefined) {
      // Counted, and answered nowhere: a topic that is not the protocol's has no counterpart.
      this.intake.unread("report", "malformed");
      return next();
    }
    this.underWay++;
    this.gather();
    void this.answer(found.channel, found.asked, payload as Buffer).finally(() => this.finished());
    if (this.underWay < this.limits.underWay) next();
    else this.held = next;
  }

  /**
   * Collect the answers and acknowledgements of one turn of the event loop into one write: a system call for each would cost as
   * much as a signature.
   */
  private gather(): void {
    if (this.gathering) return;
    const { stream } = this.client;
    this.gathering = true;
    stream.cork();
    setImmediate(() => {
      this.gathering = false;
      stream.uncork();
    });
  }

  private finished(): void {
    this.underWay--;
    const { held } = this;
    this.held = undefined;
    held?.();
    if (this.underWay === 0) this.idle?.();
  }

  private async answer(channel: string, asked: Asked, body: Uint8Array): Promise<void> {
    try {
      const { body: answer } = await this.ask(asked, body, `mqtt ${channel}`);
      this.gather();
      // Use QoS 0: a device that misses its answer asks again. Waiting here for an acknowledgement could deadlock, because it
      // arrives behind the packet that is held back.
      await this.client.publishAsync(answering(this.prefix, channel, asked), Buffer.from(answer), { qos: 0 });
    } catch (error) {
      // While the broker is lost, answers are lost with it.
      if (this.client.connected) this.onError(error);
    }
  }

  private async ask(asked: Asked, body: Uint8Array, sender: string): Promise<Answer> {
    if (body.length > BODY_MAX) return this.intake.unread(asked === "reports" ? "report" : asked, "too-large");
    if (asked === "challenge") return this.intake.challenge(sender);
    return asked === "enrol" ? this.intake.enrol(body, sender) : this.intake.reports(body, sender);
  }

  async close(): Promise<void> {
    const { client, limits } = this;
    this.closing = true;
    if (client.connected) {
      if (!this.isKept) await client.unsubscribeAsync(this.subscription).catch(() => undefined);
      if (this.underWay > 0) {
        await new Promise<void>((resolve) => {
          this.idle = resolve;
          setTimeout(resolve, limits.graceMs).unref();
        });
      }
    }
    await client.endAsync(!client.connected || this.underWay > 0);
  }
}
