/** A device's side of the protocol over MQTT, for tools and tests: a client of its own, one request at a time. */
import { connectAsync, type IClientOptions, type MqttClient } from "mqtt";
import type { Answer } from "./device.ts";
import type { Carrier } from "./exchange.ts";
import { PREFIX, answering, asking, type Asked } from "./topics.ts";

/** A CBOR map of one entry, as an unsigned refusal is: what else is answered begins otherwise. */
const UNSIGNED = 0xa1;

const PATIENCE_MS = 20_000;

/** The content type that an answer would have over HTTP. */
function typeOf(asked: Asked, body: Uint8Array): string {
  if (asked === "challenge" || body[0] === UNSIGNED) return "application/cbor";
  return asked === "enrol" ? "application/cose" : "application/cbor-seq";
}

export interface Road {
  readonly carry: Carrier;
  readonly client: MqttClient;
  close(): Promise<void>;
}

/** Connect to the broker at `url`, and listen for answers on `channel`. */
export async function connect(
  url: string,
  channel: string,
  {
    prefix = PREFIX,
    patienceMs = PATIENCE_MS,
    ...options
  }: IClientOptions & { prefix?: string; patienceMs?: number } = {},
): Promise<Road> {
  const client = await connectAsync(url, { protocolVersion: 4, reconnectPeriod: 100, ...options });
  client.on("error", () => undefined);
  await client.subscribeAsync(answering(prefix, channel, "+" as Asked), { qos: 1 });
  const carry: Carrier = (asked, body) =>
    new Promise<Answer>((resolve, reject) => {
      const end = (): void => {
        clearTimeout(timer);
        client.off("message", listen);
      };
      const listen = (topic: string, payload: Buffer): void => {
        if (topic !== answering(prefix, channel, asked)) return;
        end();
        resolve({ type: typeOf(asked, payload), body: new Uint8Array(payload) });
      };
      const timer = setTimeout(() => {
        end();
        reject(new Error(`no answer to ${asked}`));
      }, patienceMs);
      client.on("message", listen);
      client.publish(asking(prefix, channel, asked), Buffer.from(body), { qos: 1 });
    });
  return { carry, client, close: () => client.endAsync(true) };
}
