/** Run the emulated module where a UART can reach it: a TCP or unix socket, or any duplex stream. */
import { rmSync } from "node:fs";
import { type AddressInfo, type Socket, createServer } from "node:net";
import type { Duplex } from "node:stream";
import type { Tap } from "../line/tap.ts";
import { FAMILIES, type FamilyName } from "./families.ts";
import { OWN_BAUD } from "./module.ts";
import { wallClock } from "../line/clock.ts";
import { Mischief, type Quirk } from "./quirks.ts";
import { seeded } from "../line/random.ts";
import { type Direction, sniffer } from "../line/sniffer.ts";
import { dial, tapped } from "../line/sockets.ts";
import { Uart, misread } from "../line/uart.ts";

export type Listen = { readonly host: string; readonly port: number } | { readonly unix: string };

export interface ModemOptions {
  /** Its family; default `esp-at`. */
  readonly family?: FamilyName;
  /** Address for the UART; port 0 chooses one. */
  readonly listen?: Listen;
  /** Or the UART itself. */
  readonly stream?: Duplex;
  /** The baud rate both ways, after a restart; 0 is as fast as can be. */
  readonly baud?: number;
  /** The baud rate of the device now: bytes at another become noise. Without it the device is always at that of the module. */
  readonly deviceBaud?: () => number;
  readonly quirks?: Iterable<Quirk>;
  /** Probability of quirks that are no habit: 0.2 by default. */
  readonly rate?: number;
  /** The seed that makes the quirks repeatable. */
  readonly seed?: number;
  /** The tap in the module. */
  readonly tap?: Tap;
  /** Sees what passes between device and network. */
  readonly onTraffic?: (direction: Direction, bytes: Uint8Array) => void;
  /** Sees what passes on the UART: up is what the device says. */
  readonly onUart?: (direction: Direction, bytes: Uint8Array) => void;
}

export interface Modem {
  /** Address of the UART. */
  readonly address: Listen;
  /** The tap in the module; it takes effect at the next connection. */
  tap: Tap | undefined;
  /** The quirks; may be changed at any time. */
  readonly quirks: Set<Quirk>;
  /** Reset the module, as a brown-out does. */
  reset(): void;
  /** Put bytes on the UART towards the device. */
  inject(bytes: Uint8Array): void;
  close(): Promise<void>;
}

/**
 * Start a module. It outlives the UART's connections, as a real one keeps its power when the device is reset; a new connection takes the
 * place of the one before.
 */
export async function startModem(options: ModemOptions): Promise<Modem> {
  const random = seeded(options.seed ?? 1);
  const mischief = new Mischief(options.quirks ?? [], random, options.rate);
  const speed = (): number => (options.baud === 0 ? 0 : module.baud);
  const deviceBaud = (): number => options.deviceBaud?.() ?? module.baud;
  let port: Duplex | undefined;
  const toDevice = new Uart(wallClock, random, speed, (bytes) => {
    options.onUart?.("down", bytes);
    if (port?.writable) port.write(bytes);
  });
  const fromDevice = new Uart(wallClock, random, speed, (bytes) => {
    options.onUart?.("up", bytes);
    module.receive(misread(bytes, deviceBaud(), module.baud, random));
  });
  const control = { tap: options.tap };
  const look = options.onTraffic;
  const tapNow = (): Tap | undefined => (look ? sniffer(look, control.tap) : control.tap);
  const make = FAMILIES[options.family ?? "esp-at"];
  const write = (bytes: Buffer): void => toDevice.write(misread(bytes, module.baud, deviceBaud(), random));
  const module = make(write, tapped(dial, tapNow), wallClock, mischief);
  module.ownBaud = module.baud = options.baud || OWN_BAUD;

  const attach = (stream: Duplex): void => {
    port?.destroy();
    port = stream;
    fromDevice.clear();
    toDevice.clear();
    stream.on("data", (bytes: Buffer) => fromDevice.write(bytes));
    stream.on("error", () => stream.destroy());
  };
  if (options.stream) attach(options.stream);
  const server = createServer((socket: Socket) => attach(socket.setNoDelay()));
  const address = await listen(server, options.listen);

  return {
    address,
    get tap() {
      return control.tap;
    },
    set tap(tap) {
      control.tap = tap;
    },
    quirks: mischief.quirks,
    reset: () => module.reset(),
    inject: (bytes) => toDevice.write(Buffer.from(bytes)),
    async close() {
      port?.destroy();
      module.reset();
      if (server.listening) await new Promise((closed) => server.close(closed));
    },
  };
}

/** Listen where asked and say where that is; a stale unix socket of an earlier run is replaced. */
async function listen(server: ReturnType<typeof createServer>, where: Listen | undefined): Promise<Listen> {
  if (!where) return { host: "", port: 0 };
  if ("unix" in where) rmSync(where.unix, { force: true });
  await new Promise<void>((listening, failed) => {
    server.once("error", failed);
    if ("unix" in where) server.listen(where.unix, listening);
    else server.listen(where.port, where.host, listening);
  });
  return "unix" in where ? where : { host: where.host, port: (server.address() as AddressInfo).port };
}
