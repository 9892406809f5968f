/** A TLS client on a real socket: what the app does on the device, with promises. */
import net from "node:net";
import { PATIENCE_MS } from "./peers.ts";
import { type TlsClient } from "./client.ts";
import { State, type Settings } from "../../tools/tls/client.ts";

/** Connects a client to a port of this machine and moves bytes until it has ended. */
export class TlsSocket {
  readonly client: TlsClient;
  readonly socket: net.Socket;
  /** Application data that arrived. */
  received = Buffer.alloc(0);
  /** Everything the server sent and the client sent, as on the wire. */
  readonly wire = { up: 0, down: 0 };
  #waiters: (() => void)[] = [];
  #pending = Buffer.alloc(0);
  #done = false;

  constructor(client: TlsClient, port: number, settings: Settings) {
    this.client = client;
    client.start(settings);
    this.socket = net.connect({ port, host: "127.0.0.1", noDelay: true });
    this.socket.on("connect", () => this.pump());
    this.socket.on("data", (bytes) => {
      this.wire.down += bytes.length;
      this.received = Buffer.concat([this.received, client.feed(bytes)]);
      this.pump();
    });
    this.socket.on("error", () => {});
    this.socket.on("close", () => {
      // After `close` the client may already be at its next connection.
      if (this.#done) return;
      client.run();
      client.guest.peerGone();
      this.#wake();
    });
  }

  /** Queue application data. */
  write(bytes: Uint8Array): void {
    this.#pending = Buffer.concat([this.#pending, bytes]);
    this.pump();
  }

  /** Move what there is to move. */
  pump(): void {
    for (;;) {
      const out = this.client.drain();
      this.wire.up += out.length;
      if (out.length) this.socket.write(out);
      const taken = this.#pending.length ? this.client.write(this.#pending) : 0;
      this.#pending = this.#pending.subarray(taken);
      if (!taken && !out.length) break;
    }
    if (this.client.state >= State.Closed) this.socket.end();
    this.#wake();
  }

  #wake(): void {
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const waiter of waiters) waiter();
  }

  /** Wait until `condition` holds; fails after `timeoutMs`. */
  async until(condition: () => boolean, what: string, timeoutMs = PATIENCE_MS): Promise<void> {
    const deadline = Date.now() + timeoutMs;
    while (!condition()) {
      const left = deadline - Date.now();
      if (left <= 0)
        throw new Error(`no ${what}: state ${this.client.state}, alert ${JSON.stringify(this.client.alert)}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, Math.min(left, 100));
        this.#waiters.push(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
  }

  /** Wait for the end of the handshake. */
  async connected(): Promise<void> {
    await this.until(() => this.client.state >= State.Connected, "handshake");
    if (this.client.state !== State.Connected) {
      const { code, fromPeer } = this.client.alert;
      throw new Error(`handshake failed: alert ${code} ${fromPeer ? "from the server" : "of the client"}`);
    }
  }

  /** Close in order and wait until the server has, too. */
  async close(): Promise<void> {
    this.client.guest.close();
    this.pump();
    await this.until(() => this.client.state >= State.Closed, "close_notify");
    this.#done = true;
    this.socket.destroy();
  }
}
