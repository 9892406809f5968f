/** The HTTP client of an emulated module: one POST over a connection of its own. */
import type { Clock } from "../line/clock.ts";
import type { Dial } from "../line/sockets.ts";
import { Connection } from "./connection.ts";

/** A POST is given up after this time. */
const LIMIT_MS = 15_000;
const HEAD_BYTES = 8192;

export interface Post {
  readonly url: string;
  readonly fields: readonly string[];
  readonly body: Buffer;
}

export interface Response {
  readonly status: number;
  readonly body: Buffer;
}

/** Make a POST; `done` gets the response, or undefined if there is none. */
export function post(dial: Dial, clock: Clock, { url, fields, body }: Post, done: (got?: Response) => void): void {
  const match = /^http:\/\/([^/:]+)(?::(\d+))?(\/.*)$/.exec(url);
  if (match === null) return done();
  const [, host = "", port = "80", path = "/"] = match;
  let heard = Buffer.alloc(0);
  let over = false;
  const end = (got?: Response): void => {
    if (over) return;
    over = true;
    stop();
    connection.drop();
    done(got);
  };
  const head = [
    `POST ${path} HTTP/1.1`,
    `Host: ${host}:${port}`,
    "User-Agent: ESP32 HTTP Client/1.0",
    `Content-Length: ${body.length}`,
    ...fields,
  ];
  const connection = new Connection(dial, "TCP", host, Number(port), {
    opened: () => connection.send(Buffer.concat([Buffer.from(`${head.join("\r\n")}\r\n\r\n`), body])),
    refused: () => end(),
    data: (bytes) => {
      heard = Buffer.concat([heard, bytes]);
      const response = read(heard);
      if (response !== undefined) end(response);
      else if (heard.length > HEAD_BYTES + body.length) end();
    },
    closed: () => end(),
  });
  const stop = clock.after(LIMIT_MS, () => end());
}

/** Read a response with a length; undefined if it is not whole. */
function read(bytes: Buffer): Response | undefined {
  const end = bytes.indexOf("\r\n\r\n");
  if (end < 0) return undefined;
  const head = bytes.toString("latin1", 0, end);
  const length = Number(/\r\ncontent-length: *(\d+)/i.exec(head)?.[1] ?? 0);
  const body = bytes.subarray(end + 4, end + 4 + length);
  return body.length < length ? undefined : { status: Number(/^HTTP\/1\.\d (\d{3})/.exec(head)?.[1] ?? 0), body };
}
