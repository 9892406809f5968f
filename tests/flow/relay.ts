/** A road to a server that reads nothing and may be late: it holds the bytes of a connection back, and delivers them when it is told. */
import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";

/** One connection through the relay. Its end at the server stays open when the device's is gone, as after a lost FIN. */
export class Road {
  /** Bytes to the server that are held back. */
  readonly held: Buffer[] = [];
  isHeld = false;
  readonly up: Socket;

  constructor(device: Socket, port: number) {
    this.up = connect({ host: "127.0.0.1", port, noDelay: true });
    device.on("data", (bytes) => void (this.isHeld ? this.held.push(bytes) : this.up.write(bytes)));
    this.up.on("data", (bytes) => void (device.destroyed || device.write(bytes)));
    this.up.on("close", () => device.destroy());
    for (const end of [device, this.up]) end.on("error", () => {});
  }

  /** Deliver what was held back, and hold nothing more. */
  release(): void {
    this.isHeld = false;
    for (const bytes of this.held.splice(0)) this.up.write(bytes);
  }
}

export class Relay {
  readonly roads: Road[] = [];
  readonly #server: Server;

  private constructor(port: number) {
    this.#server = createServer((device) => this.roads.push(new Road(device, port))).listen(0, "127.0.0.1");
  }

  /** Relay to a port of this machine. */
  static async to(port: number): Promise<Relay> {
    const relay = new Relay(port);
    await once(relay.#server, "listening");
    return relay;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  close(): void {
    this.#server.close();
    for (const { up } of this.roads) up.destroy();
  }
}
