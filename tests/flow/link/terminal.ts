/** A person at a terminal of the emulated module, and an echo server behind it. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, type Server, type Socket, connect, createServer } from "node:net";
import type { Modem } from "../../../tools/modem/modem.ts";

const ANSWER_MS = 5000;

/** An echo server on loopback. */
export async function echo(): Promise<{ server: Server; port: number }> {
  const server = createServer((socket: Socket) => socket.on("error", () => socket.destroy()).pipe(socket));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return { server, port: (server.address() as AddressInfo).port };
}

export class Terminal {
  heard = "";
  readonly #socket: Socket;
  #came = new EventTarget();

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("data", (bytes) => {
      this.heard += bytes.toString("latin1");
      this.#came.dispatchEvent(new Event("bytes"));
    });
  }

  static async at(modem: Modem): Promise<Terminal> {
    assert.ok("port" in modem.address);
    const socket = connect(modem.address.port, modem.address.host);
    await once(socket, "connect");
    return new Terminal(socket);
  }

  type(text: string): void {
    this.#socket.write(text, "latin1");
  }

  /** Wait until this was heard, and forget all up to it. */
  async hear(text: string): Promise<string> {
    const signal = AbortSignal.timeout(ANSWER_MS);
    while (!this.heard.includes(text)) {
      await once(this.#came, "bytes", { signal }).catch(() =>
        assert.fail(`waited for ${JSON.stringify(text)}, heard ${JSON.stringify(this.heard)}`),
      );
    }
    const at = this.heard.indexOf(text) + text.length;
    const before = this.heard.slice(0, at);
    this.heard = this.heard.slice(at);
    return before;
  }

  async ask(command: string, answer = "\r\nOK\r\n"): Promise<string> {
    this.type(`${command}\r\n`);
    return this.hear(answer);
  }

  end(): void {
    this.#socket.destroy();
  }
}
