/**
 * The door for CoAP over UDP (RFC 7252): segments of tunnels in confirmable POSTs to `/t`, answered in the acknowledgement. A repeated
 * message gets the answer of the first (§4.5). All other messages get an error, and those that are no request nothing.
 */
import { createSocket, type RemoteInfo } from "node:dgram";
import { once } from "node:events";
import * as coap from "../wire/coap.ts";
import { TUNNEL_SEGMENT } from "../wire/tunnel.ts";
import { Trouble } from "../trouble.ts";
import type { Tunnels } from "./tunnel.ts";

/** A device repeats a message after 2 to 3 s (§4.8): it is answered before. */
const HOLD_MS = 1000;
/** Time for which an answer is repeated: EXCHANGE_LIFETIME of §4.8.2. */
const LIFETIME_MS = 247_000;
const ANSWERS_MAX = 10_000;
/** A datagram of the road: more is not read. */
const DATAGRAM_MAX = 1472;

export interface CoapDoor {
  readonly port: number;
  close(): Promise<void>;
}

/** The answers of the last minutes, by sender and message. */
class Answers {
  private readonly kept = new Map<string, { answer: Promise<Uint8Array>; until: number }>();

  /** Return the answer to a message, from `make` if it is new. */
  to(name: string, make: () => Promise<Uint8Array>): Promise<Uint8Array> {
    const now = performance.now();
    for (const [old, { until }] of this.kept) {
      if (until > now && this.kept.size < ANSWERS_MAX) break;
      this.kept.delete(old);
    }
    const found = this.kept.get(name);
    if (found !== undefined) return found.answer;
    const answer = make();
    this.kept.set(name, { answer, until: now + LIFETIME_MS });
    return answer;
  }
}

/** Answer tunnels on a port. Throws Trouble if it is taken. */
export async function listen(tunnels: Tunnels, host: string, port: number): Promise<CoapDoor> {
  const socket = createSocket(host.includes(":") ? "udp6" : "udp4");
  const answers = new Answers();
  socket.on("message", (bytes, from) => {
    const message = bytes.length > DATAGRAM_MAX ? undefined : coap.read(bytes);
    if (message?.type !== coap.Type.confirmable || message.code === coap.Code.empty || message.code >= 0x20) return;
    const name = `${from.address} ${from.port} ${message.id}`;
    const send = (written: Uint8Array): void => socket.send(written, from.port, from.address, () => undefined);
    // A datagram that cannot be sent is lost, as on the way: also one that was held when the socket closed.
    void answers
      .to(name, () => answer(tunnels, message, from))
      .then(send)
      .catch(() => undefined);
  });
  socket.bind(port, host);
  try {
    await once(socket, "listening");
  } catch (error) {
    throw new Trouble(
      `${host} port ${port} is not free for UDP: ${(error as Error).message}`,
      "choose another --coap-port",
    );
  }
  socket.on("error", () => undefined);
  return {
    port: socket.address().port,
    close: () => new Promise((resolve) => socket.close(() => resolve())),
  };
}

async function answer(tunnels: Tunnels, message: coap.Message, from: RemoteInfo): Promise<Uint8Array> {
  const { id, token } = message;
  const said = (code: number, payload: Uint8Array = new Uint8Array(0)): Uint8Array =>
    coap.write({ type: coap.Type.acknowledgement, code, id, token, path: [], payload });
  if (message.strange) return said(coap.Code.badOption);
  if (message.path.length !== 1 || message.path[0] !== TUNNEL_SEGMENT) return said(coap.Code.notFound);
  if (message.code !== coap.Code.post) return said(coap.Code.notAllowed);
  const segment = await tunnels.answer(message.payload, from.address, HOLD_MS);
  return segment === undefined ? said(coap.Code.badRequest) : said(coap.Code.changed, segment);
}
