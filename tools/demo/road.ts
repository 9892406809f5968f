import { createPublicKey, randomBytes } from "node:crypto";
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Attacker } from "../attacker/attacker.ts";
import { Succeeded, type Scene } from "../attacker/attacks.ts";
import type { Proxy } from "../attacker/proxy.ts";
import { Records } from "../attacker/records.ts";
import { Sniffer, type Wanted } from "../attacker/sniffer.ts";
import type { Ending, TlsScene } from "../attacker/tls_attacks.ts";
import { startCoapProxy, startTunnelProxy } from "../attacker/tunnel.ts";
import { loadBoard, type Board } from "../firmware/board.ts";
import { buildImage, type Built } from "../firmware/build.ts";
import { SERVES, serving, type RoadName } from "../firmware/choices.ts";
import type { Image } from "../firmware/image.ts";
import { SIGNET } from "../firmware/product.ts";
import { startEmulator, type DeviceEvent, type Emulator, type Machine } from "../emulator/qemu.ts";
import { startBridge } from "../bridge/bridge.ts";
import { startModem, type Modem } from "../modem/modem.ts";
import * as reading from "../line/sniffer.ts";
import type { Happening } from "../server/gate.ts";
import { startServer, type RunningServer } from "../server/server.ts";
import * as identities from "../server/tls.ts";
import { fromHex, hex } from "../wire/bytes.ts";
import type { Fields } from "../fields.ts";
import { Trouble } from "../trouble.ts";
import { STATUSES } from "../facts/device.ts";
import { numbers } from "../facts/table.ts";
import type { Tap, Target } from "../line/tap.ts";
import * as factory from "../wire/factory.ts";
import * as messages from "../wire/messages.ts";
import { open } from "../wire/sign1.ts";
import { missing, startBroker, type Broker } from "./broker.ts";
import { findSecret, writeFactoryPage } from "./flash.ts";

/** The options of a setup. */
export interface Plan {
  /** Folder of the database, the server's key and the board's flash. */
  readonly folder: string;
  readonly link: factory.Factory["link"];
  readonly reportIntervalMs: number;
  /** The server's port; 0 takes a free one. */
  readonly port: number;
  /** The fields of the program's readings; the product's by default. */
  readonly fields?: Fields;
  /** True if everything travels inside TLS; false by default. */
  readonly tls?: boolean;
  /** The module's road to the server; TCP by default. On the others everything travels inside TLS. */
  readonly road?: RoadName;
}

/** A setup for a board of ours. */
export interface BoardPlan extends Plan {
  readonly board: string;
  /** The image; the product by default. */
  readonly image?: Image;
}

/** A program, and the machine that runs it. */
export interface Program {
  readonly elf: string;
  readonly machine: Machine;
}

/** An AT module, or a gateway with our bridge. */
export type Module = Pick<Modem, "address" | "close">;

/** The server's decision. */
export type Decision = Extract<Happening, { verdict: string }>;

/** The whole road: firmware in its emulator, a module in an attacker's hands, the server with its database. */
export interface Road {
  readonly plan: Plan;
  readonly program: Program;
  readonly server: RunningServer;
  /** The attackers in the module: on messages without TLS, and on records of TLS. */
  readonly attacker: Attacker;
  readonly records: Records;
  /** The listener on the UART and in the module. */
  readonly sniffer: Sniffer;
  readonly modem: Module;
  /** The attacker's own ends of the tunnel, where there is one. */
  readonly proxy: Proxy | undefined;
  /** The broker between device and server, on the road that has one. */
  readonly broker: Broker | undefined;
  /** The fields of the factory page for enrolment. */
  readonly claim: Uint8Array;
  /** The file that is the board's flash. */
  readonly flash: string;
}

const HOST = "127.0.0.1";

const AUDIENCE = "signet-demo";

/** Time for the device to detect the end of a connection and to reconnect: its pause grows with each failure. */
const ENDING_MS = 20_000;
const RECOVERY_MS = 60_000;

/** A device without an event for this time has no report in progress. */
const QUIET_MS = 60;

/** Why the device did not believe an answer, by the number in its event: see Status in the firmware's library. */
const { malformed, forged, unexpected } = numbers(STATUSES);
const DISBELIEF: Record<number, string> = {
  [-malformed]: "malformed",
  [-forged]: "forged",
  [-unexpected]: "not about this message",
};

/** The attacker of each road with a tunnel. */
const PROXIES = {
  tcp: undefined,
  mqtt: undefined,
  http: ({ port }: RunningServer, tap: Tap) => startTunnelProxy({ host: HOST, port }, tap),
  udp: ({ coap }: RunningServer, tap: Tap) => startCoapProxy({ host: HOST, port: coap!.port }, tap),
} as const;

/** Throws Trouble if the module, or a plan without TLS, cannot have this road, or if there is no broker for it. */
export function check({ road, link, plain }: Pick<Plan, "link"> & { road: RoadName; plain: boolean }): void {
  if (road === "tcp") return;
  if (plain) throw new Trouble(`the road ${road} is inside TLS`, "leave out --plain");
  if (!SERVES[road].includes(link))
    throw new Trouble(`the module ${link} has no road ${road}`, `give --link ${SERVES[road].join(" or ")}`);
  const why = road === "mqtt" && missing();
  if (why)
    throw new Trouble(`the road mqtt needs a broker: ${why}`, "npm run -s signet -- doctor prints what is there");
}

/** True if a board's image has TLS in it. */
export function hasTls(board: Board): boolean {
  return !board.use["WITHOUT_TLS"];
}

/** The road of a board of ours. */
export interface BoardRoad extends Road {
  readonly plan: BoardPlan;
  readonly board: Board;
  readonly built: Built;
}

/** Build the firmware of a board, then lay its road. */
export async function lay(plan: BoardPlan): Promise<BoardRoad> {
  const board = await loadBoard(plan.board);
  if (plan.tls && !hasTls(board)) throw new Error(`the image of ${plan.board} has no TLS`);
  const built = await buildImage({
    board: plan.board,
    image: plan.image ?? SIGNET,
    choices: serving(plan.link, plan.road),
  });
  return {
    ...(await layFor(
      { ...plan, ...(plan.image?.fields && { fields: plan.image.fields }) },
      { elf: built.elf, machine: board },
    )),
    plan,
    board,
    built,
  };
}

/** Start server and module, and write the factory page for a program. The power is still off. */
export async function layFor(plan: Plan, program: Program): Promise<Road> {
  mkdirSync(plan.folder, { recursive: true });
  const database = join(plan.folder, "signet.db");
  const tls = plan.tls ? { tls: { port: 0 }, ...(plan.road === "udp" && { coap: { port: 0 } }) } : {};
  const { fields } = plan;
  const identity =
    plan.road === "mqtt" ? await identities.load(join(plan.folder, "broker.key"), "broker", Date.now()) : undefined;
  const broker = identity && (await startBroker(plan.folder, { identity }));
  const server = await startServer({
    port: plan.port,
    database,
    audience: AUDIENCE,
    ...tls,
    ...(broker && { mqtt: broker.url }),
    ...(fields && { fields }),
  });
  const [attacker, records, sniffer] = [new Attacker(), new Records(), new Sniffer()];
  const proxy = await PROXIES[plan.road ?? "tcp"]?.(server, records);
  const port = proxy?.port ?? broker?.tlsPort ?? server.tls?.port ?? server.port;
  const tap = proxy ? undefined : plan.tls ? records : attacker;
  const modem = await startModule(plan.link, { host: HOST, port }, tap, sniffer);
  const flash = join(plan.folder, "flash.bin");
  const claim = new Uint8Array(randomBytes(16));
  const page = factory.write({
    link: plan.link,
    host: HOST,
    port,
    audience: AUDIENCE,
    serverKeys: [server.publicKey, ...(server.nextKey ? [server.nextKey] : [])],
    claim,
    seed: new Uint8Array(randomBytes(48)),
    reportIntervalMs: plan.reportIntervalMs,
    tlsKeys: server.tls && [(identity ?? server.tls).publicKey],
  });
  writeFactoryPage(flash, program.machine, page);
  return { plan, program, server, attacker, records, sniffer, modem, proxy, broker, claim, flash };
}

/** Start the other end of the board's UART, with the attacker and a listener in it. */
function startModule(link: Plan["link"], to: Target, attacker: Tap | undefined, sniffer: Sniffer): Promise<Module> {
  const listen = { host: HOST, port: 0 };
  const tap = reading.sniffer((way, bytes) => sniffer.hear(`network ${way}`, bytes), attacker);
  const onUart = (way: reading.Direction, bytes: Uint8Array): void => sniffer.hear(`uart ${way}`, Buffer.from(bytes));
  return link === "framed"
    ? startBridge({ listen, to, tap, onUart })
    : startModem({ family: link, listen, baud: 0, tap, onUart });
}

/** Switch the board on. */
export function powerOn(road: Road): Promise<Emulator> {
  const { program, modem, flash } = road;
  const module = "unix" in modem.address ? modem.address : { tcp: modem.address };
  return startEmulator({ board: program.machine, elf: program.elf, module, flash, timeoutMs: 0 });
}

/** End server and module. */
export async function close(road: Road): Promise<void> {
  await road.modem.close();
  await road.proxy?.close();
  await road.server.close();
  await road.broker?.stop();
}

/** Forget a device and its server: the next `lay` begins from nothing. */
export function clear(folder: string): void {
  rmSync(folder, { recursive: true, force: true });
}

/** The scene for the attacks, once the device of this id has signed up. */
export async function scene(road: Road, device: Emulator, deviceId: string): Promise<Scene> {
  const deviceKey = await keyOf(road, deviceId);
  return {
    attacker: road.attacker,
    url: road.server.url,
    audience: AUDIENCE,
    serverKey: road.server.publicKey,
    deviceKey,
    deviceSecret: await secretOf(road, device, deviceKey),
    complaints: () => device.events.flatMap((event) => disbelief(event) ?? []),
  };
}

async function keyOf(road: Road, deviceId: string): Promise<Uint8Array> {
  const row = (await road.server.devices()).find(({ id }) => id === deviceId);
  const key = fromHex(row?.key ?? "");
  if (!key) throw new Error("the device is not enrolled");
  return key;
}

/** The secret in a device's flash. */
async function secretOf(road: Road, device: Emulator, key: Uint8Array): Promise<Uint8Array> {
  const secret = findSecret((await device.store()).subarray(road.program.machine.store.pageBytes), key);
  if (!secret) throw new Error("the flash does not hold the device's secret");
  return secret;
}

/** The scene for the attacks on TLS, once the device of this id has signed up. */
export function tlsScene(road: Road, device: Emulator, deviceId: string): TlsScene {
  const { server, records, broker } = road;
  let oldReports = 0;
  server.intake.happenings.on("happening", (happening) => {
    if (happening.kind === "report" && happening.verdict !== "accepted") oldReports++;
  });
  const endings = (): Ending[] => device.events.flatMap((event) => ending(event) ?? []);
  return {
    attacker: records,
    server: { host: HOST, port: broker?.tlsPort ?? server.tls!.port },
    endings,
    async ending(before) {
      const name = "tls-failed";
      const passed = device.events.findIndex((event) => event.name === name && before-- === 0);
      return ending(device.events[passed] ?? (await device.waitFor(name, ENDING_MS, device.events.length)))!;
    },
    async recovered() {
      await device.waitFor("accepted", RECOVERY_MS, device.events.length);
      await unbroken(road, deviceId);
    },
    async quiet() {
      for (let after = device.events.length, busy = true; busy; after = device.events.length) {
        await device.waitFor("accepted", RECOVERY_MS, after);
        const since = device.events.length;
        await sleep(QUIET_MS);
        busy = device.events.slice(since).some(({ name }) => name === "sent");
      }
    },
    oldReports: () => oldReports,
  };
}

/** Return the failure of a connection, if the event is one. */
function ending({ name, data }: DeviceEvent): Ending | undefined {
  return name === "tls-failed" ? { alert: data.readUInt32BE(0), fromServer: data.readUInt32BE(4) === 1 } : undefined;
}

/** See that the stored reports of a device are one chain, each link there once. */
export async function unbroken(road: Road, deviceId: string): Promise<void> {
  const rows = (await road.server.reports(deviceId)).toSorted((a, b) => a.counter - b.counter);
  let head = { counter: 0, hash: hex(new Uint8Array(32)) };
  for (const { counter, hash, message } of rows) {
    const { prev } = messages.readReport(open(Buffer.from(message, "hex")));
    if (counter <= head.counter || hex(prev) !== head.hash)
      throw new Succeeded(`report ${counter} is out of its place`);
    head = { counter, hash };
  }
}

/** The data that a listener must not find: the device's id, its keys, its claim, its readings and reports. */
export async function secrets(road: Road, device: Emulator, deviceId: string): Promise<Wanted[]> {
  const key = await keyOf(road, deviceId);
  const rows = await road.server.reports(deviceId);
  const spki = createPublicKey({
    key: { kty: "OKP", crv: "Ed25519", x: Buffer.from(key).toString("base64url") },
    format: "jwk",
  });
  return [
    { name: "the device's id", bytes: Buffer.from(deviceId, "hex") },
    { name: "its secret key", bytes: await secretOf(road, device, key) },
    { name: "its public key", bytes: key },
    { name: "its SPKI", bytes: spki.export({ format: "der", type: "spki" }) },
    { name: "its claim", bytes: road.claim },
    ...rows.map(({ message }) => ({
      name: "a reading",
      bytes: messages.readReport(open(Buffer.from(message, "hex"))).data,
    })),
    ...rows.map(({ message }) => ({ name: "a report", bytes: Buffer.from(message, "hex") })),
  ];
}

/** Return the name of the answer that the device rejected. */
function disbelief({ name, data }: DeviceEvent): string | undefined {
  if (name === "answer-unknown") return "no answer of the protocol";
  return name === "answer-forged" ? (DISBELIEF[data.readUInt32BE(0)] ?? "not believed") : undefined;
}

/** Wait for the server to decide on something asked, in a way; rejects when time runs out. */
export function decided(road: Road, wanted: (decision: Decision) => boolean, timeoutMs: number): Promise<Decision> {
  return new Promise((resolve, reject) => {
    const { happenings } = road.server.intake;
    const hear = (happening: Happening): void => {
      if (!("verdict" in happening) || !wanted(happening)) return;
      stop();
      resolve(happening);
    };
    const timer = setTimeout(() => {
      stop();
      reject(new Error(`the server made no such decision within ${timeoutMs} ms`));
    }, timeoutMs);
    const stop = (): void => {
      clearTimeout(timer);
      happenings.off("happening", hear);
    };
    happenings.on("happening", hear);
  });
}

/** True if the server took in a new report of the device with this id. */
export function isNewReport(device: string): (decision: Decision) => boolean {
  return ({ kind, verdict, device: of }) => kind === "report" && verdict === "accepted" && of === device;
}
