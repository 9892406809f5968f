/**
 * The lane: HTTP/1.1 for devices, in front of node:http, which costs more than a signature. A request that arrives whole in the form
 * below is answered directly on the socket. On the first bytes of any other form, the connection goes to node:http for the rest of its
 * life, with these bytes unread. So the lane never holds a partial request, and unusual requests get node:http's own answer.
 *
 *     POST path HTTP/1.1
 *     host, content-type, content-length    each once, in any order; no other field than those of FIELDS
 *     the body, nothing after it
 */
import { STATUS_CODES } from "node:http";
import type { Socket } from "node:net";
import type { Answer } from "./gate.ts";

/** The fields allowed here and their allowed values. None of them changes where a message ends. */
const FIELDS = new Map<string, RegExp>([
  ["host", /^[\x21-\x7e]+$/],
  ["content-type", /^[\x21-\x7e]+$/],
  ["content-length", /^(?:0|[1-9]\d{0,5})$/],
  ["connection", /^keep-alive$/i],
  ["user-agent", /^[\x20-\x7e]*$/],
  ["accept", /^[\x20-\x7e]*$/],
  ["accept-encoding", /^[\x20-\x7e]*$/],
  ["accept-language", /^[\x20-\x7e]*$/],
  ["sec-fetch-mode", /^[\x20-\x7e]*$/],
]);

const BLANKS = /^[ \t]+|[ \t]+$/g;
const REQUEST_LINE = /^POST (\/[\x21-\x7e]*) HTTP\/1\.1$/;
const END_OF_HEAD = "\r\n\r\n";

/** Answers that a client may leave unread. */
const UNREAD_MAX = 64 * 1024;

export interface LaneOptions {
  readonly headerBytes: number;
  readonly bodyBytes: number;
  /** Limit of silence on a connection, before its first request and after an answer. */
  readonly firstMs: number;
  readonly idleMs: number;
  /** Answer a request; undefined if it is not one for the lane. */
  readonly answer: (path: string, type: string, body: Uint8Array, socket: Socket) => Promise<Answer> | undefined;
  /** Take a connection over: bytes that were not read are in it again. */
  readonly over: (socket: Socket) => void;
}

/** The head of a request. */
interface Head {
  readonly bytes: Buffer;
  readonly path: string;
  readonly type: string;
  readonly length: number;
}

/** Read the head that `bytes` begin with; undefined if it is not whole, or not in the lane's form. */
function read(bytes: Buffer, { headerBytes, bodyBytes }: LaneOptions): Head | undefined {
  const end = bytes.subarray(0, headerBytes).indexOf(END_OF_HEAD, 0, "latin1");
  if (end < 0) return undefined;
  const [line, ...lines] = bytes.toString("latin1", 0, end).split("\r\n");
  const path = REQUEST_LINE.exec(line!)?.[1];
  if (path === undefined) return undefined;
  const fields = new Map<string, string>();
  for (const text of lines) {
    const colon = text.indexOf(":");
    const name = text.slice(0, colon).toLowerCase();
    const value = text.slice(colon + 1).replace(BLANKS, "");
    if (FIELDS.get(name)?.test(value) !== true || fields.has(name)) return undefined;
    fields.set(name, value);
  }
  const [type, length] = [fields.get("content-type"), Number(fields.get("content-length"))];
  if (!fields.has("host") || type === undefined || !(length <= bodyBytes)) return undefined;
  return { bytes: Buffer.from(bytes.subarray(0, end + END_OF_HEAD.length)), path, type, length };
}

/** Tell whether `bytes` begin with this head. A device sends the same one again and again: it is read once. */
function begins(bytes: Buffer, { bytes: head }: Head): boolean {
  return bytes.length >= head.length && head.compare(bytes, 0, head.length) === 0;
}

/** The time as HTTP says it (RFC 9110 §6.6.1), made once a second. */
const date = { second: 0, text: "" };

function dateNow(): string {
  const second = Math.floor(Date.now() / 1000);
  if (second !== date.second) Object.assign(date, { second, text: new Date(second * 1000).toUTCString() });
  return date.text;
}

export class Lane {
  private readonly options: LaneOptions;
  /** Connections in the lane: whether an answer of theirs is awaited. */
  private readonly connections = new Map<Socket, boolean>();
  private closing = false;

  constructor(options: LaneOptions) {
    this.options = options;
  }

  /** Take a new connection. */
  enter(socket: Socket): void {
    this.connections.set(socket, false);
    const leave = (): void => {
      socket.off("data", received).off("timeout", expired).off("error", ignored).off("end", ended).off("close", gone);
      this.connections.delete(socket);
    };
    let head: Head | undefined;
    const received = (bytes: Buffer): void => {
      const busy = this.connections.get(socket)!;
      if (head === undefined || !begins(bytes, head)) head = read(bytes, this.options);
      const body = bytes.subarray(head?.bytes.length);
      const whole = !busy && body.length === head?.length;
      const answer = whole ? this.options.answer(head!.path, head!.type, body, socket) : undefined;
      if (answer !== undefined) {
        this.connections.set(socket, true);
        void answer.then((made) => this.send(socket, made));
        return;
      }
      // Hold later bytes until the request before them is answered: node:http must not answer first.
      socket.pause();
      socket.unshift(bytes);
      if (busy) return;
      leave();
      socket.setTimeout(0);
      this.options.over(socket);
      socket.resume();
    };
    const expired = (): void => void (this.connections.get(socket) !== true && socket.destroy());
    const ignored = (): void => undefined;
    // A half-closed client expects no further responses: close our side, as node:http does.
    const ended = (): void => void socket.end();
    const gone = (): void => void this.connections.delete(socket);
    socket.setTimeout(this.options.firstMs);
    socket.on("data", received).on("timeout", expired).on("error", ignored).on("end", ended).on("close", gone);
  }

  private send(socket: Socket, { status, type, body }: Answer): void {
    if (!socket.writable) return;
    this.connections.set(socket, false);
    const bytes = Buffer.from(body.buffer, body.byteOffset, body.length);
    const last = this.closing ? "connection: close\r\n" : "";
    // One text is written by one call; head and body as bytes would be two, or a copy.
    const head = `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\ncontent-type: ${type}\r\ncontent-length: ${body.length}\r\ndate: ${dateNow()}\r\n${last}\r\n`;
    socket.write(head + bytes.toString("latin1"), "latin1");
    if (this.closing) socket.end();
    else if (socket.writableLength > UNREAD_MAX) socket.destroy();
    else {
      socket.setTimeout(this.options.idleMs);
      if (socket.isPaused()) socket.resume();
    }
  }

  /** End idle connections; busy ones end after their answer. */
  close(): void {
    this.closing = true;
    for (const [socket, busy] of this.connections) if (!busy) socket.destroy();
  }

  /** End every connection. */
  drop(): void {
    for (const socket of this.connections.keys()) socket.destroy();
  }
}
