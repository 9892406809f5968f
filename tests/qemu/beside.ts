/**
 * A board in QEMU that reports to `tools/server` inside TLS, and beside that speaks to a peer of the test: the module takes the peer's port to wherever that
 * listens. The suites `qemu/stream` and `qemu/pubsub` use it.
 */
import { join } from "node:path";
import { startEmulator, writeFlash, type Emulator } from "../../tools/emulator/qemu.ts";
import { buildImage } from "../../tools/firmware/build.ts";
import type { Image } from "../../tools/firmware/image.ts";
import { startModem } from "../../tools/modem/modem.ts";
import { startServer } from "../../tools/server/server.ts";
import * as factory from "../../tools/wire/factory.ts";

const BOARD = "mps2-an386";
const AUDIENCE = "beside.example";

export interface Beside {
  readonly folder: string;
  readonly image: Image;
  readonly reportIntervalMs: number;
  /** The port that the program asks for, that of the peer, and the peer's TLS key. */
  readonly asked: number;
  readonly port: number;
  readonly key: Uint8Array;
  /** Takes what must be ended, in the order of its start. */
  readonly ends: (() => unknown)[];
}

/** Start all of it; return the board. */
export async function start({ folder, image, reportIntervalMs, asked, port, key, ends }: Beside): Promise<Emulator> {
  const server = await startServer({
    port: 0,
    tls: { port: 0 },
    database: join(folder, "signet.db"),
    audience: AUDIENCE,
  });
  ends.push(() => server.close());
  const modem = await startModem({
    listen: { host: "127.0.0.1", port: 0 },
    baud: 0,
    tap: {
      target: (target) => (target.port === asked ? { ...target, port } : target),
      up: (connection, bytes) => connection.toServer(bytes),
      down: (connection, bytes) => connection.toDevice(bytes),
    },
  });
  ends.push(() => modem.close());
  const { elf } = await buildImage({ board: BOARD, image });
  const flash = join(folder, "flash");
  const page = factory.write({
    link: "esp-at",
    host: "127.0.0.1",
    port: server.tls!.port,
    audience: AUDIENCE,
    serverKeys: [server.publicKey],
    reportIntervalMs,
    tlsKeys: [server.tls!.publicKey, key],
  });
  await writeFlash(flash, BOARD, page);
  const module = "unix" in modem.address ? modem.address : { tcp: modem.address };
  const device = await startEmulator({ board: BOARD, elf, module, flash, timeoutMs: 0 });
  ends.push(() => device.kill());
  return device;
}
