/** A server, a bridge to it and a board's flash with its factory page: what a device in the field finds around it. */
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { startBridge } from "../../tools/bridge/bridge.ts";
import { buildImage, type Built } from "../../tools/firmware/build.ts";
import { startEmulator, writeFlash, type Emulator } from "../../tools/emulator/qemu.ts";
import { startServer, type RunningServer } from "../../tools/server/server.ts";
import { fromHex } from "../../tools/wire/bytes.ts";
import { importKey } from "../../tools/wire/ed25519.ts";
import * as factory from "../../tools/wire/factory.ts";
import { readReport, type Report } from "../../tools/wire/messages.ts";
import { open, verify } from "../../tools/wire/sign1.ts";
import { SIGNET } from "../../tools/firmware/product.ts";

export interface Field {
  readonly board: string;
  readonly built: Built;
  readonly server: RunningServer;
  readonly bridge: Awaited<ReturnType<typeof startBridge>>;
  /** The file that is the board's flash. */
  readonly flash: string;
}

const HOST = "127.0.0.1";
const AUDIENCE = "signet-field";

/** Build the product's image for a board, start server and bridge, and write the factory page; the power is still off. */
export async function lay(board: string, folder: string, reportIntervalMs: number): Promise<Field> {
  const built = await buildImage({ board, image: SIGNET });
  const server = await startServer({ port: 0, database: join(folder, "signet.db"), audience: AUDIENCE });
  const to = { host: HOST, port: server.port };
  const bridge = await startBridge({ listen: { host: HOST, port: 0 }, to });
  const flash = join(folder, "flash");
  const page = factory.write({
    ...to,
    link: "framed",
    audience: AUDIENCE,
    serverKeys: [server.publicKey],
    seed: new Uint8Array(randomBytes(48)),
    reportIntervalMs,
  });
  await writeFlash(flash, board, page);
  return { board, built, server, bridge, flash };
}

/** Switch the board on, or leave it before its first instruction. */
export function powerOn({ board, built, bridge, flash }: Field, halted = false): Promise<Emulator> {
  return startEmulator({ board, elf: built.elf, module: { tcp: bridge.address }, flash, timeoutMs: 0, halted });
}

export async function close({ bridge, server }: Field): Promise<void> {
  await bridge.close();
  await server.close();
}

/** The stored reports of the one device in the field, in their order; each is verified with the key that signed up. */
export async function reports({ server }: Field): Promise<Report[]> {
  const [device, ...others] = await server.devices();
  if (!device || others.length > 0) throw new Error("there is not one device");
  const key = importKey(fromHex(device.key)!)!;
  const stored = (await server.reports(device.id)).toSorted((a, b) => a.counter - b.counter);
  return stored.map(({ message }) => {
    const report = open(fromHex(message)!);
    if (!verify(report, key)) throw new Error("a stored report does not verify");
    return readReport(report);
  });
}
