/** A program of one's own in QEMU: module, server and page around it, to its first verified report. */
import { join, relative } from "node:path";
import type { Emulator, Machine } from "../emulator/qemu.ts";
import { storeOf } from "../firmware/own.ts";
import type { RoadName } from "../firmware/choices.ts";
import { BUILD } from "../firmware/root.ts";
import type { Happening } from "../server/gate.ts";
import { Trouble } from "../trouble.ts";
import { hex } from "../wire/bytes.ts";
import * as attacks from "./attacks.ts";
import * as diagnosis from "./diagnosis.ts";
import { emulatorEnds, untilTold } from "./ending.ts";
import * as narration from "./narration.ts";
import * as roads from "./road.ts";
import { short, Story } from "./story.ts";

export interface Options {
  readonly elf: string;
  /** QEMU's name of the machine. */
  readonly machine: string;
  readonly link: roads.Plan["link"];
  readonly road: RoadName;
  readonly plain: boolean;
  /** QEMU's serial ports of the module and of the console. */
  readonly serials: { readonly module: number; readonly console: number };
  /** The store's address, for a program without its symbol. */
  readonly store?: number | undefined;
  readonly intervalMs: number;
  readonly attacks: boolean;
  /** Go on, with the operator's page, until a signal. */
  readonly stay: boolean;
  readonly port: number;
  /** Time for the first report. */
  readonly withinMs: number;
}

/** Part of the time for the first report in which a program must have said something. */
const SILENT_PART = 3 / 8;
const LINES_SHOWN = 3;

/** Run the program; resolves after its first verified report, or the last attack. */
export async function tryProgram(options: Options): Promise<void> {
  const { elf, machine, serials, link, road: name, plain, port, intervalMs } = options;
  roads.check(options);
  const story = new Story();
  const store = await storeOf(elf, options.store);
  const runs: Machine = { store, qemu: { machine, serials, storeBySnapshot: true, instructionsPerTick: 1 } };
  const where = `0x${store.origin.toString(16)}, ${store.pages} pages of ${store.pageBytes} bytes`;
  story.say("build", `${relative(process.cwd(), elf)}: its store is at ${where}`);
  const folder = join(BUILD, "try");
  roads.clear(folder);
  const plan = { folder, link, road: name, port, tls: !plain, reportIntervalMs: intervalMs };
  const road = await roads.layFor(plan, { elf, machine: runs });
  let device: Emulator | undefined;
  try {
    story.say("server", `${road.server.url}; its keys are in the factory page at 0x${store.origin.toString(16)}`);
    const first = firstReport(road, story);
    device = await roads.powerOn(road);
    device.on("event", (event) => narration.event(story, event));
    const lived = live(options, story, road, device, first);
    const told = untilTold().then(() => story.line("ended by a signal"));
    await Promise.race([lived, told, emulatorEnds(device)]);
  } finally {
    await device?.kill();
    await roads.close(road);
  }
}

/** Print the server's decisions; resolve with the device that first has a stored report. */
function firstReport(road: roads.Road, story: Story): Promise<string> {
  return new Promise((resolve) => {
    road.server.intake.happenings.on("happening", (happening: Happening) => {
      if (narration.decision(story, happening) && "device" in happening && happening.device) resolve(happening.device);
    });
  });
}

/** Wait for the first report, then run the other requests. */
async function live(
  options: Options,
  story: Story,
  road: roads.Road,
  device: Emulator,
  first: Promise<string>,
): Promise<void> {
  const id = await Promise.race([
    first,
    late(road, device, options.withinMs),
    diagnosis.watch(options.elf, device, options.withinMs * SILENT_PART),
  ]);
  story.line(`\nverified: a report of device ${id}, signed by its own key, made by your program`);
  if (options.attacks) {
    for (const attack of await attacks.on(road, device, id)) await attacks.suffer(story, attack);
    story.line("every attack was refused");
  }
  if (!options.stay) return;
  story.line(`operator's page ${road.server.url}, sign in with ${await road.server.operator("try")}; Ctrl-C ends it\n`);
  await new Promise(() => undefined);
}

/** Reject after a while, with the known facts about the reason. */
async function late(road: roads.Road, device: Emulator, withinMs: number): Promise<never> {
  await new Promise((resolve) => setTimeout(resolve, withinMs).unref());
  const last = device.lines.slice(-LINES_SHOWN).join("; ");
  const enrolled = device.events.find(({ name }) => name === "enrolled");
  if (enrolled)
    throw new Trouble(
      `device ${short(hex(enrolled.data.subarray(0, 32)))} enrolled and sent no report in ${withinMs / 1000} s`,
      "call signet_send when signet_status() is SIGNET_IDLE",
    );
  if (road.sniffer.uartBytes === 0)
    throw new Trouble(
      `no byte passed between the program and its module${last && `; its console: ${last}`}`,
      "is the module's UART the serial port that --module-uart names, and is signet_poll called?",
    );
  throw new Trouble(
    `no report in ${withinMs / 1000} s; the console: ${last}`,
    "the lines above show its last step; call signet_poll at least each 20 ms while bytes arrive",
  );
}
