/** The HTTP client of an emulated module: one request over a connection of its own. */
import type { Clock } from "../line/clock.ts";
import type { Dial } from "../line/sockets.ts";
import { Connection } from "./connection.ts";

/** A request is given up after this time. */
const LIMIT_MS = 15_000;
const HEAD_BYTES = 8192;

export interface Request {
  readonly method: "HEAD" | "GET" | "POST";
  readonly url: string;
  readonly fields: readonly string[];
  readonly body: Buffer;
}

export interface Response {
  readonly status: number;
  readonly body: Buffer;
}

/** Make a request; `done` gets the response, or undefined if there is none. */
export function request(
  dial: Dial,
  clock: Clock,
  { method, url, fields, body }: Request,
  done: (got?: Response) => void,
): void {
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
    `${method} ${path} HTTP/1.1`,
    `Host: ${host}:${port}`,
    "User-Agent: ESP32 HTTP Client/1.0",
    ...(method === "POST" ? [`Content-Length: ${body.length}`] : []),
    ...fields,
  ];
  const connection = new Connection(dial, "TCP", host, Number(port), {
    opened: () => connection.send(Buffer.concat([Buffer.from(`${head.join("\r\n")}\r\n\r\n`), body])),
    refused: () => end(),
    data: (bytes) => {
      heard = Buffer.concat([heard, bytes]);
      const response = read(heard, method !== "HEAD");
      if (response !== undefined) end(response);
      else if (heard.length > HEAD_BYTES + body.length) end();
    },
    closed: () => end(),
  });
  const stop = clock.after(LIMIT_MS, () => end());
}

/** Read a response with a length, if it may have a body; undefined if it is not whole. */
function read(bytes: Buffer, hasBody: boolean): Response | undefined {
  const end = bytes.indexOf("\r\n\r\n");
  if (end < 0) return undefined;
  const head = bytes.toString("latin1", 0, end);
  const length = hasBody ? Number(/\r\ncontent-length: *(\d+)/i.exec(head)?.[1] ?? 0) : 0;
  const body = bytes.subarray(end + 4, end + 4 + length);
  return body.length < length ? undefined : { status: Number(/^HTTP\/1\.\d (\d{3})/.exec(head)?.[1] ?? 0), body };
}
