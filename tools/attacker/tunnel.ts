/**
 * The attacker between a module and the server where TLS travels in a tunnel, over HTTP or CoAP: it ends the device's tunnel, gives the stream to a tap, and carries
 * what the tap lets through in a tunnel of its own. So it can do to the stream what an attacker on TCP can.
 */
import { createSocket } from "node:dgram";
import { createServer, request, type IncomingMessage, type ServerResponse } from "node:http";
import { connect, type AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import type { Connection, Tap, Target } from "../line/tap.ts";
import * as door from "../server/coap.ts";
import { LIMITS, Tunnels } from "../server/tunnel.ts";
import { concat } from "../wire/bytes.ts";
import * as coap from "../wire/coap.ts";
import { TUNNEL_PATH, TUNNEL_SEGMENT, TUNNEL_TYPE } from "../wire/tunnel.ts";
import { TunnelClient, type Post } from "../wire/tunnel_client.ts";
import type { Proxy } from "./proxy.ts";

/** Relay tunnels on a loopback port to the server at `to`, by way of the tap. Where the tap leads elsewhere, streams go on over TCP. */
export async function startTunnelProxy(to: Target, tap: Tap): Promise<Proxy> {
  const tunnels = new Tunnels(LIMITS, (device) => join(device, to, tap, (bytes) => post(to, bytes)));
  const answer = async (asked: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await tunnels.answer(await read(asked), "");
    response.writeHead(body === undefined ? 400 : 200, { "content-length": body?.length ?? 0 }).end(body);
  };
  const server = createServer((asked, response) => void answer(asked, response));
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      await tunnels.close();
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

/** Do the same for tunnels over CoAP. */
export async function startCoapProxy(to: Target, tap: Tap): Promise<Proxy> {
  const socket = createSocket("udp4");
  await new Promise<void>((resolve) => socket.connect(to.port, to.host, resolve));
  const waiting = new Map<number, (answer: Uint8Array) => void>();
  socket.on("message", (bytes) => {
    const answer = coap.read(bytes);
    if (answer !== undefined) waiting.get(answer.id)?.(answer.payload);
  });
  let last = 0;
  const ask: Post = (payload) => {
    const id = (last = (last + 1) & 0xffff);
    const { confirmable: type } = coap.Type;
    const token = new Uint8Array(0);
    socket.send(coap.write({ type, code: coap.Code.post, id, token, path: [TUNNEL_SEGMENT], payload }));
    return new Promise((resolve) => waiting.set(id, resolve)).finally(() => waiting.delete(id)) as Promise<Uint8Array>;
  };
  const tunnels = new Tunnels(LIMITS, (device) => join(device, to, tap, ask));
  const listening = await door.listen(tunnels, "127.0.0.1", 0);
  return {
    port: listening.port,
    async close() {
      await tunnels.close();
      await listening.close();
      await new Promise<void>((resolve) => socket.close(() => resolve()));
    },
  };
}

/** Join a device's stream with one to the server. */
function join(device: Duplex, to: Target, tap: Tap, ask: Post): void {
  const target = tap.target?.(to) ?? to;
  const upstream =
    target === to ? new TunnelClient(ask) : connect({ host: target.host, port: target.port, noDelay: true });
  const connection: Connection = {
    toServer: (bytes) => void (upstream.writable && upstream.write(bytes)),
    toDevice: (bytes) => void (device.writable && device.write(bytes)),
    close: () => {
      device.end();
      upstream.destroy();
    },
  };
  device.on("data", (bytes: Buffer) => tap.up(connection, bytes));
  upstream.on("data", (bytes: Buffer) => tap.down(connection, bytes));
  for (const stream of [device, upstream]) stream.on("error", connection.close).on("end", connection.close);
  upstream.on("close", () => {
    connection.close();
    tap.closed?.(connection);
  });
}

async function read(message: IncomingMessage): Promise<Uint8Array> {
  const parts: Buffer[] = [];
  for await (const part of message) parts.push(part as Buffer);
  return concat(...parts);
}

/** Post a segment. */
function post({ host, port }: Target, bytes: Uint8Array): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const headers = { "content-type": TUNNEL_TYPE, "content-length": bytes.length };
    const asked = request({ host, port, path: TUNNEL_PATH, method: "POST", headers }, (response) => {
      read(response).then(resolve, reject);
    });
    asked.on("error", reject).end(bytes);
  });
}
