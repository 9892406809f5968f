/** Run the bridge between a serial line and the network. */
import { type AddressInfo, type Socket, connect, createServer } from "node:net";
import type { Duplex } from "node:stream";
import type { Tap, Target } from "../line/tap.ts";
import { wallClock } from "../line/clock.ts";
import type { Direction } from "../line/sniffer.ts";
import { dial, tapped } from "../line/sockets.ts";
import { Trouble } from "../trouble.ts";
import { Session } from "./session.ts";

export interface BridgeOptions {
  /** The serial line, or its substitute. */
  readonly stream?: Duplex;
  /** Or where it connects to, for instance QEMU's UART; port 0 chooses one. */
  readonly listen?: { readonly host: string; readonly port: number };
  /** The target of every connection, for any host that the device names: a bridge is no open proxy. */
  readonly to: Target;
  /** The tap in the bridge. */
  readonly tap?: Tap;
  /** Sees the bytes on the serial line: up is from the device. */
  readonly onUart?: (direction: Direction, bytes: Uint8Array) => void;
  readonly log?: (line: string) => void;
}

export interface Bridge {
  readonly address: { readonly host: string; readonly port: number };
  /** Takes effect at the next connection. */
  tap: Tap | undefined;
  /** Start over, as if the bridge had lost its power. */
  forget(): void;
  close(): Promise<void>;
}

/** Start a bridge; a new connection of the serial line takes the place of the one before. */
export async function startBridge(options: BridgeOptions): Promise<Bridge> {
  let port: Duplex | undefined;
  const control = { tap: options.tap };
  const through = tapped(
    (kind, target, listener) => dial(kind, target, listener),
    () => control.tap,
  );
  const session = new Session(
    (bytes) => {
      options.onUart?.("down", bytes);
      if (port?.writable) port.write(bytes);
    },
    (kind, _asked, listener) => through(kind, options.to, listener),
    wallClock,
    options.log,
  );
  const attach = (stream: Duplex): void => {
    port?.destroy();
    port = stream;
    stream.on("data", (bytes: Buffer) => {
      options.onUart?.("up", bytes);
      session.receive(bytes);
    });
    stream.on("error", () => stream.destroy());
  };
  if (options.stream) attach(options.stream);
  const server = createServer((socket: Socket) => attach(socket.setNoDelay()));
  const where = options.listen;
  if (where) {
    await new Promise<void>((listening, failed) => {
      server.once("error", failed);
      server.listen(where.port, where.host, listening);
    });
  }
  return {
    address: where ? { host: where.host, port: (server.address() as AddressInfo).port } : { host: "", port: 0 },
    get tap() {
      return control.tap;
    },
    set tap(tap) {
      control.tap = tap;
    },
    forget: () => session.forget(),
    async close() {
      session.forget();
      port?.destroy();
      if (server.listening) await new Promise((closed) => server.close(closed));
    },
  };
}

/** Open `/dev/ttyUSB0`, `tcp:host:port` or `unix:path` as a serial line. */
export async function openSerial(path: string, baud: number): Promise<Duplex> {
  const network = /^tcp:(.+):(\d+)$/.exec(path);
  const unix = /^unix:(.+)$/.exec(path);
  if (network || unix) {
    const socket = unix
      ? connect({ path: unix[1] ?? "" })
      : connect({ host: network?.[1] ?? "", port: Number(network?.[2]), noDelay: true });
    await new Promise<void>((open, failed) => socket.once("connect", open).once("error", failed)).catch(
      (error: Error) => {
        throw new Trouble(`nothing answers at ${path}: ${error.message}`, "start the program that listens there first");
      },
    );
    return socket;
  }
  const { SerialPort } = await import("serialport");
  const serial = new SerialPort({ path, baudRate: baud, autoOpen: false });
  await new Promise<void>((open, failed) => serial.open((error) => (error ? failed(error) : open()))).catch(
    (error: Error) => {
      throw new Trouble(
        `cannot open ${path}: ${error.message}`,
        "check the path, that nothing else has it open, and your rights",
      );
    },
  );
  return serial;
}
