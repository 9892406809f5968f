import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { Attacker } from "../attacker/attacker.ts";
import type { Scene } from "../attacker/attacks.ts";
import { loadBoard, type Board } from "../build/board.ts";
import { buildImage, type Built } from "../build/build.ts";
import { startEmulator, type DeviceEvent, type Emulator } from "../emulator/qemu.ts";
import { startBridge } from "../bridge/bridge.ts";
import { startModem, type Modem } from "../modem/modem.ts";
import type { Happening } from "../server/intake.ts";
import { startServer, type RunningServer } from "../server/server.ts";
import { fromHex } from "../wire/bytes.ts";
import type { Tap, Target } from "../attacker/tap.ts";
import * as factory from "../wire/factory.ts";
import { findSecret, writeFactoryPage } from "./flash.ts";

/** What the road is made of. */
export interface Plan {
  readonly board: string;
  /** Where the database, the server's key and the board's flash are. */
  readonly folder: string;
  readonly link: factory.Factory["link"];
  readonly reportIntervalMs: number;
  /** The server's port; 0 takes a free one. */
  readonly port: number;
}

/** An ESP-AT module, or a gateway with our bridge. */
export type Module = Pick<Modem, "address" | "close">;

/** What the server decided on something asked. */
export type Decision = Extract<Happening, { verdict: string }>;

/** The whole road: firmware in QEMU, a module in an attacker's hands, the server with its database. */
export interface Road {
  readonly plan: Plan;
  readonly board: Board;
  readonly built: Built;
  readonly server: RunningServer;
  readonly attacker: Attacker;
  readonly modem: Module;
  /** The file that is the board's flash. */
  readonly flash: string;
}

const AUDIENCE = "signet-demo";

/** Why the device did not believe an answer, by the number in its event: see Status in the firmware's library. */
const DISBELIEF: Record<number, string> = { 2: "malformed", 3: "forged", 4: "not about this message" };

/** Build the firmware, start server and module, and write the factory page. The power is still off. */
export async function lay(plan: Plan): Promise<Road> {
  mkdirSync(plan.folder, { recursive: true });
  const board = await loadBoard(plan.board);
  const built = await buildImage({ board: plan.board, image: "signet" });
  const server = await startServer({ port: plan.port, database: join(plan.folder, "signet.db"), audience: AUDIENCE });
  const attacker = new Attacker();
  const modem = await startModule(plan.link, { host: "127.0.0.1", port: server.port }, attacker);
  const flash = join(plan.folder, "flash.bin");
  const page = factory.write({
    link: plan.link,
    host: "127.0.0.1",
    port: server.port,
    audience: AUDIENCE,
    serverKeys: [server.publicKey],
    reportIntervalMs: plan.reportIntervalMs,
  });
  writeFactoryPage(flash, board, page);
  return { plan, board, built, server, attacker, modem, flash };
}

/** Start what is at the other end of the board's UART, with the attacker in it. */
function startModule(link: Plan["link"], to: Target, tap: Tap): Promise<Module> {
  const listen = { host: "127.0.0.1", port: 0 };
  return link === "framed" ? startBridge({ listen, to, tap }) : startModem({ listen, baud: 0, tap });
}

/** Switch the board on. */
export function powerOn(road: Road): Promise<Emulator> {
  const { plan, built, modem, flash } = road;
  const module = "unix" in modem.address ? modem.address : { tcp: modem.address };
  return startEmulator({ board: plan.board, elf: built.elf, module, flash, timeoutMs: 0 });
}

/** End server and module. */
export async function close(road: Road): Promise<void> {
  await road.modem.close();
  await road.server.close();
}

/** Forget a device and its server: the next `lay` begins from nothing. */
export function clear(folder: string): void {
  rmSync(folder, { recursive: true, force: true });
}

/** The scene for the attacks, once the device of this id has signed up. */
export async function scene(road: Road, device: Emulator, deviceId: string): Promise<Scene> {
  const row = (await road.server.devices()).find(({ id }) => id === deviceId);
  const deviceKey = fromHex(row?.key ?? "");
  if (!deviceKey) throw new Error("the device has not signed up");
  const secret = findSecret(road.flash, road.board, deviceKey);
  if (!secret) throw new Error("the flash does not hold the device's secret");
  return {
    attacker: road.attacker,
    url: road.server.url,
    audience: AUDIENCE,
    serverKey: road.server.publicKey,
    deviceKey,
    deviceSecret: secret,
    complaints: () => device.events.flatMap((event) => disbelief(event) ?? []),
  };
}

/** The answer that the device says it did not believe, by name. */
function disbelief({ name, data }: DeviceEvent): string | undefined {
  if (name === "answer-unknown") return "no answer of the protocol";
  return name === "answer-forged" ? (DISBELIEF[data.readUInt32BE(0)] ?? "not believed") : undefined;
}

/** Wait for the server to decide on something asked, in a way; rejects when time runs out. */
export function decided(road: Road, wanted: (decision: Decision) => boolean, timeoutMs: number): Promise<Decision> {
  return new Promise((resolve, reject) => {
    const { happenings } = road.server.intake;
    const hear = (happening: Happening): void => {
      if (happening.kind === "alarm" || happening.kind === "state" || !wanted(happening)) return;
      stop();
      resolve(happening);
    };
    const timer = setTimeout(() => {
      stop();
      reject(new Error(`the server did not decide so within ${timeoutMs} ms`));
    }, timeoutMs);
    const stop = (): void => {
      clearTimeout(timer);
      happenings.off("happening", hear);
    };
    happenings.on("happening", hear);
  });
}

/** Whether the server took in a new report of the device with this id. */
export function isNewReport(device: string): (decision: Decision) => boolean {
  return ({ kind, verdict, device: of }) => kind === "report" && verdict === "accepted" && of === device;
}
