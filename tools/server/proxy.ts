/**
 * Trusted proxies in front of the server, and the addresses of the clients behind them: limits are by address, and must not count all devices behind a proxy as one.
 *
 * - A connection of a trusted proxy may begin with the PROXY protocol, version 1 or 2 (HAProxy's specification, sections 2.1 and 2.2): a proxy that passes TLS through says so who the client is.
 * - A request on plain HTTP may have X-Forwarded-For. Its last address that is no trusted proxy's counts. Inside TLS that ends here it does not: there the device writes the request.
 *
 * Connections of all others are as they are: what they claim does not count.
 */
import type { IncomingMessage } from "node:http";
import { BlockList, isIP, isIPv6, type Server, type Socket } from "node:net";
import { Trouble } from "../trouble.ts";

/** The first bytes of the PROXY protocol, version 2. */
const SIGNATURE = Buffer.from("0d0a0d0a000d0a515549540a", "hex");
/** Signature, version and command, family, length. */
const HEAD_BYTES = 16;
/** Most bytes of addresses and further fields: HAProxy's own bound. */
const REST_MAX = 520;
const Command = { local: 0x20, proxy: 0x21 } as const;
/** TCP over IPv4 and IPv6: the family and the length of an address. */
const FAMILIES = new Map([
  [0x11, 4],
  [0x21, 16],
]);

/** The first bytes of version 1, a line of text, and its longest line with the end. */
const TEXT = Buffer.from("PROXY ");
const LINE_MAX = 107;
const VERSIONS = new Map([
  ["TCP4", 4],
  ["TCP6", 6],
]);

/** A header was read: its length, and the address of the client, if it has one. */
export interface Header {
  readonly length: number;
  readonly address: string | undefined;
}

/** Read the header that `bytes` begin with. Undefined while it is not whole; "none" if there is none; "malformed". */
export function read(bytes: Buffer): Header | undefined | "none" | "malformed" {
  if (begins(bytes, TEXT)) return readLine(bytes);
  if (!begins(bytes, SIGNATURE)) return "none";
  if (bytes.length < HEAD_BYTES) return undefined;
  const rest = bytes.readUInt16BE(14);
  const [command, family] = [bytes[12]!, bytes[13]!];
  if (rest > REST_MAX || (command !== Command.local && command !== Command.proxy)) return "malformed";
  const length = HEAD_BYTES + rest;
  const size = FAMILIES.get(family);
  // A check of the proxy itself, or a family without addresses here: the connection is the proxy's own.
  if (command === Command.local || size === undefined)
    return bytes.length < length ? undefined : { length, address: undefined };
  if (rest < 2 * size + 4) return "malformed";
  if (bytes.length < length) return undefined;
  return { length, address: addressOfBytes(bytes.subarray(HEAD_BYTES, HEAD_BYTES + size)) };
}

/** True if `bytes` begin with `start`, as far as they go. */
function begins(bytes: Buffer, start: Buffer): boolean {
  const known = Math.min(bytes.length, start.length);
  return bytes.compare(start, 0, known, 0, known) === 0;
}

/** Read a header of version 1: the family, the addresses of client and server, and their ports. */
function readLine(bytes: Buffer): Header | undefined | "malformed" {
  const end = bytes.subarray(0, LINE_MAX).indexOf("\r\n", 0, "latin1");
  if (end < 0) return bytes.length < LINE_MAX ? undefined : "malformed";
  const length = end + 2;
  const [, family = "", address = "", ...more] = bytes.toString("latin1", 0, end).split(" ");
  if (family === "UNKNOWN") return { length, address: undefined };
  return isIP(address) !== 0 && isIP(address) === VERSIONS.get(family) && more.length === 3
    ? { length, address }
    : "malformed";
}

/** An address as text. */
function addressOfBytes(bytes: Buffer): string {
  if (bytes.length === 4) return bytes.join(".");
  return Array.from({ length: 8 }, (_, i) => bytes.readUInt16BE(2 * i).toString(16)).join(":");
}

/** An IPv4 address that a socket for both families shows as one of IPv6. */
const MAPPED = /^::ffff:(?=\d+\.)/i;

/** The addresses of requests that a trusted proxy forwarded. */
const forwarded = new WeakMap<object, string>();

/** Return the address of the client of a request. */
export function addressOf(request: { readonly socket: { readonly remoteAddress?: string | undefined } }): string {
  return forwarded.get(request) ?? request.socket.remoteAddress ?? "";
}

export class Proxies {
  readonly #trusted = new BlockList();

  /** Trust the addresses and networks of a list such as `127.0.0.1,10.0.0.0/8,fd00::/8`. */
  constructor(list: string) {
    for (const entry of list.split(",")) {
      const [address = "", bits, ...more] = entry.trim().split("/");
      const most = isIPv6(address) ? 128 : 32;
      const prefix = bits === undefined ? most : /^\d{1,3}$/.test(bits) ? Number(bits) : -1;
      if (!isIP(address) || more.length > 0 || prefix < 0 || prefix > most)
        throw new Trouble(
          `"${entry}" is neither an address nor a network`,
          "write 192.0.2.7 or 10.0.0.0/8, with commas",
        );
      this.#trusted.addSubnet(address, prefix, familyOf(address));
    }
  }

  trusts(address: string | undefined): boolean {
    const bare = address?.replace(MAPPED, "") ?? "";
    return isIP(bare) !== 0 && this.#trusted.check(bare, familyOf(bare));
  }

  /** Find the client of a request on plain HTTP. */
  place(request: IncomingMessage): void {
    if (!this.trusts(request.socket.remoteAddress)) return;
    const named = String(request.headers["x-forwarded-for"] ?? "").split(",");
    const client = named.map((name) => name.trim()).findLast((name) => !this.trusts(name));
    if (client !== undefined && isIP(client)) forwarded.set(request, client);
  }

  /**
   * Read the header of each connection of a trusted proxy before the server's own listener gets it. `take` gets a connection with a client's address in place of that. A header that is malformed
   * or late ends the connection.
   */
  before(server: Server, limitMs: number, take: (socket: Socket, address: string) => void): void {
    const over = server.listeners("connection")[0] as (this: Server, socket: Socket) => void;
    server.off("connection", over);
    server.on("connection", (socket: Socket) => {
      if (!this.trusts(socket.remoteAddress)) return over.call(server, socket);
      received(socket, limitMs, (address) => {
        if (address === undefined) return over.call(server, socket);
        Object.defineProperty(socket, "remoteAddress", { value: address });
        take(socket, address);
      });
    });
  }
}

const familyOf = (address: string): "ipv4" | "ipv6" => (isIPv6(address) ? "ipv6" : "ipv4");

/** Read a header; `done` gets the address that it names, with the bytes behind it in the socket again. */
function received(socket: Socket, limitMs: number, done: (address: string | undefined) => void): void {
  let bytes = Buffer.alloc(0);
  const end = (): void => void socket.destroy();
  const leave = (): void => {
    clearTimeout(timer);
    socket.off("readable", more).off("error", end).off("end", end);
  };
  const timer = setTimeout(end, limitMs);
  const more = (): void => {
    for (let part = socket.read() as Buffer | null; part !== null; part = socket.read() as Buffer | null)
      bytes = Buffer.concat([bytes, part]);
    const header = read(bytes);
    if (header === undefined) return;
    leave();
    if (header === "malformed") return end();
    const { length, address } = header === "none" ? { length: 0, address: undefined } : header;
    if (bytes.length > length) socket.unshift(bytes.subarray(length));
    done(address);
  };
  socket.once("close", leave);
  socket.on("readable", more).on("error", end).on("end", end);
}
