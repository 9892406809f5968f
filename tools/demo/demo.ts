import { writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { Succeeded } from "../attacker/attacks.ts";
import { loadBoard } from "../firmware/board.ts";
import { loadImage } from "../firmware/image.ts";
import { BUILD, COMMAND, PROJECT } from "../firmware/root.ts";
import type { Emulator } from "../emulator/qemu.ts";
import type { Listen } from "../modem/modem.ts";
import type { DeviceView } from "../server/devices.ts";
import { Trouble } from "../trouble.ts";
import { hex } from "../wire/bytes.ts";
import type { RoadName } from "../firmware/choices.ts";
import type { LINKS } from "../wire/factory.ts";
import { keep } from "./lock.ts";
import * as attacks from "./attacks.ts";
import { emulatorEnds, untilTold } from "./ending.ts";
import * as narration from "./narration.ts";
import * as roads from "./road.ts";
import { short, Story } from "./story.ts";

/** Options of the demo. */
export interface Options {
  readonly board: string;
  /** The path of the data of an image of one's own. */
  readonly image?: string;
  readonly link: (typeof LINKS)[number];
  readonly road: RoadName;
  readonly port: number;
  readonly folder?: string;
  /** Leave TLS out; a board whose image has none leaves it out in any case. */
  readonly plain: boolean;
  /** End by itself. */
  readonly once: boolean;
  /** Begin with an erased device and an empty database. */
  readonly fresh: boolean;
}

/** Events that `--once` must have seen. */
const REPORTS_WANTED = 10;

const REPORT_INTERVAL_MS = 400;

/** Place of the stored reports for `signet verify`. */
const REPORTS_FILE = "reports.ndjson";

/** The result. */
interface Tally {
  reports: number;
  attacks: number;
  /** Planned number of attacks. */
  wanted: number;
}

/** Show a device's life: key, sign-up, readings, attacks. Resolves with whether all of it went well. */
export async function demo(options: Options): Promise<boolean> {
  roads.check(options);
  const { qemu, rp2040js } = await loadBoard(options.board);
  if (!qemu && !rp2040js) {
    throw new Trouble(`no emulator runs ${options.board}`, "boards/README.md lists the emulated boards");
  }
  if (qemu?.lacks) {
    throw new Trouble(
      `QEMU's ${qemu.machine} has no ${qemu.lacks}: it cannot run the firmware`,
      "boards/README.md lists the emulated boards",
    );
  }
  const folder = options.folder ?? join(BUILD, "demo", options.board);
  if (options.fresh || options.once) {
    keep(folder)();
    roads.clear(folder);
  }
  const release = keep(folder);
  let told = false;
  const ending = untilTold().then(() => void (told = true));
  try {
    return await onRoad(options, folder, ending);
  } catch (error) {
    // An error that the shutdown causes is not reported.
    if (!told) throw error;
    return false;
  } finally {
    release();
  }
}

/** Build and start everything, and end it in every case. */
async function onRoad(options: Options, folder: string, ending: Promise<void>): Promise<boolean> {
  const image = options.image === undefined ? undefined : await loadImage(options.image);
  const story = new Story(image?.fields);
  story.say("build", `firmware for ${options.board}`);
  const { board, link, road: name, port, once } = options;
  const tls = !options.plain && roads.hasTls(await loadBoard(board));
  const road = await roads.lay({
    ...(image && { image }),
    board,
    folder,
    link,
    road: name,
    port,
    tls,
    reportIntervalMs: REPORT_INTERVAL_MS,
  });
  const tally: Tally = { reports: 0, attacks: 0, wanted: 0 };
  let device: Emulator | undefined;
  let known: DeviceView | undefined;
  try {
    introduce(story, road, options.plain);
    const token = once ? undefined : await road.server.operator("demo");
    if (token !== undefined) story.say("server", `operator's page ${road.server.url}, sign in with ${token}`);
    road.server.intake.happenings.on("happening", (happening) => {
      if (narration.decision(story, happening)) tally.reports++;
    });
    device = await roads.powerOn(road);
    device.on("event", (event) => narration.event(story, event));
    const lived = live(story, road, device, tally, token);
    await Promise.race([lived, ending, emulatorEnds(device)]);
  } finally {
    await device?.kill();
    known = device && (await keepReports(road, device));
    await roads.close(road);
  }
  whereToLook(story, road, known);
  const ok = tally.reports >= REPORTS_WANTED && tally.wanted > 0 && tally.attacks === tally.wanted;
  if (once && ok) story.line(`demo ok: 1 device, ${tally.reports} reports accepted, ${tally.attacks} attacks refused`);
  return ok || !once;
}

/** Print the parts of the setup. */
function introduce(story: Story, road: roads.BoardRoad, plain: boolean): void {
  const { plan, built, server } = road;
  const { flash, linear, stack } = built.size;
  story.say(
    "build",
    `${relative(PROJECT, built.elf)}: ${flash} bytes of flash, ${linear} of memory, ${stack} of stack`,
  );
  story.say("server", `${server.url}, its public key ${short(hex(server.publicKey))} is in the factory page`);
  if (server.tls) {
    const pin = short(hex(server.tls.publicKey));
    story.say("server", `${server.tls.url} for devices: TLS 1.3 alone, its key ${pin} pinned in the factory page`);
  } else {
    const why = plain ? "as asked" : `the image of ${plan.board} leaves it out`;
    story.say("server", `no TLS, ${why}: readings are signed but not encrypted`);
  }
  story.say("module", `${plan.link} on ${where(road.modem.address)}, road ${plan.road}, and an attacker sits in it`);
}

/** The module's end of the UART, in words. */
function where(address: Listen): string {
  return "unix" in address ? address.unix : `port ${address.port}`;
}

/** Follow the device from its start through every attack; then, if there is a token to watch the page with, for ever. */
async function live(
  story: Story,
  road: roads.Road,
  device: Emulator,
  tally: Tally,
  token: string | undefined,
): Promise<void> {
  const refused = silenced(device).then(() => {
    throw new Trouble("the server refuses this device: it was revoked or suspended", FRESH);
  });
  const { data } = await Promise.race([device.waitFor("enrolled", attacks.STEP_MS), refused]);
  const id = hex(data.subarray(0, 32));
  const planned = await attacks.on(road, device, id);
  tally.wanted = planned.length;
  await device.waitFor("accepted", attacks.STEP_MS);
  for (const attack of planned) {
    await attacks.suffer(story, attack);
    tally.attacks++;
  }
  while (tally.reports < REPORTS_WANTED) await roads.decided(road, roads.isNewReport(id), attacks.STEP_MS);
  await roads.decided(road, roads.isNewReport(id), attacks.STEP_MS);
  await listen(story, road, device, id);
  if (token === undefined) return;
  story.line("\nEvery attack was refused. The device continues to report. Ctrl-C ends the demo.");
  story.line(`Watch the device, and revoke it, on the operator's page. Sign in with ${token}\n`);
  story.line(`  ${road.server.url}`);
  story.mute();
  await silenced(device);
  story.line(`\nThe server refuses the device, and the device knows it. ${FRESH}.`);
  await new Promise(() => undefined);
}

const FRESH = "npm start -- --fresh starts with a new device";

/** Resolves when the device learns that it is revoked. */
function silenced(device: Emulator): Promise<void> {
  return new Promise((resolve) => {
    device.on("event", ({ name }) => name === "silenced" && resolve());
  });
}

/** Search all that passed on the UART so far; inside TLS nothing worth having may be in it. */
async function listen(story: Story, road: roads.Road, device: Emulator, id: string): Promise<void> {
  const wanted = await roads.secrets(road, device, id);
  const bytes = road.sniffer.uartBytes.toLocaleString("en");
  const found = road.sniffer.find(wanted);
  road.sniffer.stop();
  if (found.includes("its secret key")) throw new Succeeded("the device's secret was in the traffic");
  if (road.server.tls && found.length > 0) throw new Succeeded(`data readable inside TLS: ${found.join(", ")}`);
  if (bytes === "0") throw new Error("nothing was heard on the UART");
  const hidden = [...new Set(wanted.map(({ name }) => name))].filter((name) => !found.includes(name));
  const among = found.length > 0 ? `among them ${found.join(", ")}; ` : "";
  story.say("sniff", `${bytes} bytes heard on the UART, ${among}not among them ${hidden.join(", ")}`);
}

/** Print the next commands for the reader. */
function whereToLook(story: Story, road: roads.Road, device: DeviceView | undefined): void {
  const folder = relative(process.cwd(), road.plan.folder);
  story.line("\nlook further:");
  if (device) {
    story.line("  every report verified again, with nothing but the device's public key:");
    story.line(`    ${COMMAND} verify ${join(folder, REPORTS_FILE)} --key ${device.key}`);
  }
  story.line("  every row, chain and log entry of the database checked:");
  story.line(`    ${COMMAND} audit --database ${join(folder, "signet.db")}`);
  story.line("  assembly/app/ is the firmware to edit, assembly/identity/README.md the protocol,");
  story.line("  and SECURITY.md says what this protects, and what it does not\n");
}

/** Write all that the device reported to a file, a row a line; returns the device. */
async function keepReports(road: roads.Road, device: Emulator): Promise<DeviceView | undefined> {
  const signedUp = device.events.find(({ name }) => name === "enrolled");
  if (!signedUp) return undefined;
  const id = hex(signedUp.data.subarray(0, 32));
  const rows = await road.server.reports(id);
  writeFileSync(join(road.plan.folder, REPORTS_FILE), rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
  return (await road.server.devices()).find((view) => view.id === id);
}
