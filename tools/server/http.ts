/**
 * The door for HTTP/1.1. A device's three requests are bounded before a byte of theirs is looked at, and mostly do not come further
 * than `lane.ts`; everything else goes to the application behind (`application.ts`).
 */
import { createServer, type IncomingMessage, type Server, type ServerOptions, type ServerResponse } from "node:http";
import { createServer as createTlsServer, type Server as TlsServer } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import { concat } from "../wire/bytes.ts";
import { PATHS } from "../wire/exchange.ts";
import { TUNNEL_PATH, TUNNEL_TYPE } from "../wire/tunnel.ts";
import { Trouble } from "../trouble.ts";
import { addressOf, type Proxies } from "./proxy.ts";
import { Lane } from "./lane.ts";
import * as tls from "./tls.ts";
import type { Answer, Asked } from "./gate.ts";
import { BODY_MAX, type Intake } from "./intake.ts";
import { Tunnels, type TunnelLimits } from "./tunnel.ts";

export interface HttpLimits {
  readonly headerBytes: number;
  readonly headersTimeoutMs: number;
  /** A whole request must have come in by then, however slowly it drips. */
  readonly requestTimeoutMs: number;
  readonly keepAliveTimeoutMs: number;
  readonly connections: number;
}

export const LIMITS: HttpLimits = {
  headerBytes: 4096,
  headersTimeoutMs: 10_000,
  requestTimeoutMs: 20_000,
  keepAliveTimeoutMs: 60_000,
  connections: 4096,
};

/** For each path of a device: the request, and its content type. */
const REQUESTS = new Map<string, { readonly asked: Asked; readonly type?: string }>([
  [PATHS.challenge, { asked: "challenge" }],
  [PATHS.enrol, { asked: "enrol", type: "application/cose" }],
  [PATHS.reports, { asked: "report", type: "application/cbor-seq" }],
]);

/** The parts behind a door. */
export interface Inside {
  /** It answers devices. */
  readonly intake: Intake;
  /** It answers all other clients. */
  readonly application: (request: IncomingMessage, response: ServerResponse) => void;
  readonly limits: HttpLimits;
  readonly proxies?: Proxies | undefined;
}

export interface Door {
  readonly port: number;
  /** Open connections. */
  readonly connections: number;
  /** Stop taking connections, let requests that are under way finish, end idle ones. */
  close(): Promise<void>;
}

/** A server that does not listen yet. It takes connections as its inner server does. */
export interface Unbound {
  readonly server: Server;
  readonly lane: Lane;
}

/** Make the HTTP server, with TLS if there is an identity for it. A server that does not listen gets its connections from elsewhere. */
export function make(inside: Inside, identity?: tls.TlsIdentity, tunnels?: Tunnels, listens = true): Unbound {
  const { limits, proxies } = inside;
  const bounds = {
    maxHeaderSize: limits.headerBytes,
    headersTimeout: limits.headersTimeoutMs,
    requestTimeout: limits.requestTimeoutMs,
    keepAliveTimeout: limits.keepAliveTimeoutMs,
    connectionsCheckingInterval: Math.min(1000, limits.headersTimeoutMs / 2),
  };
  const answer = (request: IncomingMessage, response: ServerResponse): void => {
    // Without this, a kept-alive connection would be cut in the middle of a later request.
    if (listens && !server.listening) response.shouldKeepAlive = false;
    if (identity === undefined) proxies?.place(request);
    if (tunnels !== undefined && request.url === TUNNEL_PATH) void carried(tunnels, request, response);
    else if (REQUESTS.has(request.url ?? "")) void device(inside.intake, request, response);
    else inside.application(request, response);
  };
  const server = identity === undefined ? createServer(bounds, answer) : secure(identity, limits, bounds, answer);
  server.maxConnections = limits.connections;
  const event = identity === undefined ? "connection" : "secureConnection";
  const lane = laneBefore(server, event, inside, tunnels);
  proxies?.before(server, limits.headersTimeoutMs, (socket, address) => {
    if (identity === undefined) lane.enter(socket);
    else tls.accept(server as TlsServer, socket, address, limits.headersTimeoutMs, () => undefined);
  });
  return { server, lane };
}

/** Make a server of HTTP inside TLS. */
function secure(
  identity: tls.TlsIdentity,
  limits: HttpLimits,
  bounds: ServerOptions,
  answer: (request: IncomingMessage, response: ServerResponse) => void,
): TlsServer {
  const timeout = { handshakeTimeout: limits.headersTimeoutMs };
  const server = createTlsServer({ ...bounds, ...tls.options(identity), ...timeout }, answer);
  tls.renewTickets(server);
  return server;
}

/** Make a door and listen. */
export async function listen(
  inside: Inside,
  host: string,
  port: number,
  identity?: tls.TlsIdentity,
  tunnels?: Tunnels,
): Promise<Door> {
  const { server, lane } = make(inside, identity, tunnels);
  let connections = 0;
  server.on("connection", (socket: Socket) => {
    connections++;
    socket.once("close", () => connections--);
  });
  await bound(server, host, port);
  return {
    port: (server.address() as AddressInfo).port,
    get connections() {
      return connections;
    },
    close: () => closed(server, lane),
  };
}

/** Make a server of HTTP inside TLS for streams that travel in requests and answers. */
export function inTunnels(inside: Inside, tunnelLimits: TunnelLimits, identity: tls.TlsIdentity): Tunnels {
  const { openMs, idleMs } = tunnelLimits;
  const limits = { ...inside.limits, headersTimeoutMs: openMs, requestTimeoutMs: openMs, keepAliveTimeoutMs: idleMs };
  const { server } = make({ ...inside, limits, proxies: undefined }, identity, undefined, false);
  return new Tunnels(tunnelLimits, (stream, address, finished) => {
    tls.accept(server as TlsServer, stream, address, openMs, finished);
  });
}

/**
 * Put the lane before a server: the server's own connection listener gets only the connections that the lane rejects.
 */
function laneBefore(server: Server, event: string, { intake, limits }: Inside, tunnels?: Tunnels): Lane {
  const over = server.listeners(event)[0] as (this: Server, socket: Socket) => void;
  server.off(event, over);
  const peers = new WeakMap<Socket, Uint8Array | undefined>();
  const lane = new Lane({
    headerBytes: limits.headerBytes,
    bodyBytes: BODY_MAX,
    firstMs: limits.headersTimeoutMs,
    idleMs: limits.keepAliveTimeoutMs,
    answer(path, type, body, socket) {
      if (tunnels !== undefined && path === TUNNEL_PATH) return relay(tunnels, body, socket.remoteAddress ?? "");
      const request = REQUESTS.get(path);
      if (request?.type !== type) return undefined;
      if (!peers.has(socket)) peers.set(socket, tls.peerId(socket));
      return take(intake, request.asked, body, socket.remoteAddress ?? "", peers.get(socket));
    },
    over: (socket) => over.call(server, socket),
  });
  server.on(event, (socket: Socket) => lane.enter(socket));
  return lane;
}

function bound(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "EADDRINUSE") {
        reject(
          new Trouble(
            `${host} port ${port} is taken`,
            "end the program that listens there, or choose another with --port",
          ),
        );
      } else if (error.code === "EACCES") {
        reject(new Trouble(`port ${port} needs more permissions than this user has`, "choose a --port above 1023"));
      } else reject(error);
    });
    server.listen(port, host, () => resolve());
  });
}

const GRACE_MS = 5000;

function closed(server: Server, lane: Lane): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeIdleConnections();
    lane.close();
    const drop = (): void => {
      server.closeAllConnections();
      lane.drop();
    };
    setTimeout(drop, GRACE_MS).unref();
  });
}

async function device(intake: Intake, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const address = addressOf(request);
  const { asked, type } = REQUESTS.get(request.url!)!;
  if (request.method !== "POST") {
    response.writeHead(405, { allow: "POST", "content-length": 0 }).end();
    return;
  }
  // A client that hangs up during its request gets no answer.
  const body = await read(request);
  if (body === null) return;
  if (body === undefined) send(response, intake.unread(asked, "too-large"), true);
  else if (type !== undefined && request.headers["content-type"] !== type)
    send(response, intake.unread(asked, "malformed"));
  else send(response, await take(intake, asked, body, address, tls.peerId(request.socket)));
}

/** Answer a segment of a tunnel, of any media type: some modules do not let it be chosen. */
async function carried(tunnels: Tunnels, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const address = addressOf(request);
  const body = await read(request);
  if (body === null) return;
  send(response, await relay(tunnels, body ?? new Uint8Array(0), address), body === undefined);
}

async function relay(tunnels: Tunnels, body: Uint8Array, address: string): Promise<Answer> {
  const answer = await tunnels.answer(body, address);
  return { status: answer === undefined ? 400 : 200, type: TUNNEL_TYPE, body: answer ?? new Uint8Array(0) };
}

async function take(
  intake: Intake,
  asked: Asked,
  body: Uint8Array,
  address: string,
  peer: Uint8Array | undefined,
): Promise<Answer> {
  if (asked === "challenge") return intake.challenge(address);
  return asked === "enrol" ? intake.enrol(body, address, peer) : intake.reports(body, address, peer);
}

/** Read a body up to the limit; undefined if it is longer, null if it breaks off. */
function read(request: IncomingMessage): Promise<Uint8Array | undefined | null> {
  return new Promise((resolve) => {
    if (Number(request.headers["content-length"] ?? 0) > BODY_MAX) return resolve(undefined);
    const parts: Buffer[] = [];
    let length = 0;
    request.on("data", (part: Buffer) => {
      length += part.length;
      parts.push(part);
      if (length <= BODY_MAX) return;
      request.pause();
      resolve(undefined);
    });
    request.on("end", () => resolve(parts.length === 1 ? parts[0] : concat(...parts)));
    request.on("error", () => resolve(null));
    request.on("close", () => resolve(null));
  });
}

function send(response: ServerResponse, { status, type, body }: Answer, last = false): void {
  const headers: Record<string, string | number> = { "content-type": type, "content-length": body.length };
  if (last) headers["connection"] = "close";
  response.writeHead(status, headers).end(body);
}
