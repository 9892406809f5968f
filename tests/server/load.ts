/** Requests as fast as a server answers them, on kept-alive connections. */
import type { Socket } from "node:net";
import { concat } from "../../tools/wire/bytes.ts";
import * as exchange from "../../tools/wire/exchange.ts";

/** Send requests on one connection, each after the answer to the one before; note how long each took. Ends the connection. */
export function send(socket: Socket, requests: Iterable<Uint8Array>, status: string, tookMs: number[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const next = requests[Symbol.iterator]();
    let sentAt = 0;
    let received = "";
    const step = (): void => {
      const { value, done } = next.next();
      if (done === true) return resolve();
      sentAt = performance.now();
      socket.write(value);
    };
    socket.removeAllListeners("data").on("error", reject);
    socket.on("data", (bytes: Buffer) => {
      received += bytes.toString("latin1");
      const head = received.indexOf("\r\n\r\n");
      if (head < 0) return;
      const length = Number(/content-length: (\d+)/i.exec(received)?.[1]);
      if (received.length < head + 4 + length) return;
      if (!new RegExp(`^HTTP/1.1 ${status}`).test(received))
        return reject(new Error(`not ${status}: ${received.slice(0, 40)}`));
      received = "";
      tookMs.push(performance.now() - sentAt);
      step();
    });
    step();
  });
}

/** A request with reports as a device writes it. */
export function written(body: Uint8Array): Uint8Array {
  const head = `POST ${exchange.PATHS.reports} HTTP/1.1\r\nhost: signet\r\ncontent-type: application/cbor-seq\r\ncontent-length: ${body.length}\r\n\r\n`;
  return concat(Buffer.from(head), body);
}
