/** Many virtual devices in one process: the firmware's own wasm, each behind its own bridge, over real sockets. */
import { setTimeout as sleep } from "node:timers/promises";
import { startBridge } from "../bridge/bridge.ts";
import { firmware } from "../guest/firmware.ts";
import { Flash, PowerCut, type FlashShape } from "../guest/flash.ts";
import { Guest, type DeviceEvent } from "../guest/guest.ts";
import * as noises from "../guest/noise.ts";
import * as factory from "../wire/factory.ts";
import { reasonName } from "../wire/messages.ts";
import { attack } from "./attackers.ts";
import type { FleetOptions } from "./options.ts";
import { Tally } from "./tally.ts";
import { SIGNET } from "../firmware/product.ts";
import { seeded } from "../line/random.ts";

/** Two pages for the store: the least there may be. */
const SHAPE: FlashShape = { pageBytes: 1024, pages: 3 };
/** Time that a device stays on before it makes room for another. */
const TURN_MS = 20_000;
/** Devices switched on a second: making a key and signing up costs more than a report. */
const STARTS_PER_SECOND = 50;

/** One device of the fleet: a flash, and while it is on, a guest behind a bridge. */
class Member {
  readonly flash: Flash;
  readonly sentAt = new Map<number, number>();
  on: { guest: Guest; bridge: Awaited<ReturnType<typeof startBridge>> } | undefined;

  constructor(options: FleetOptions, number: number) {
    this.flash = new Flash(SHAPE, options.seed + number);
    const page = factory.write({
      link: "framed",
      host: options.host,
      port: options.port,
      audience: options.audience,
      serverKeys: options.nextServerKey ? [options.serverKey, options.nextServerKey] : [options.serverKey],
      reportIntervalMs: Math.max(1, Math.round((Math.min(options.devices, options.awake) / options.rate) * 1000)),
      tlsKeys: options.tlsKey && [options.tlsKey],
    });
    this.flash.provision(page);
  }

  /** Live until `signal` aborts. After a power cut the device starts at once. */
  async live(module: WebAssembly.Module, options: FleetOptions, tally: Tally, signal: AbortSignal): Promise<void> {
    const guest = new Guest({
      firmware: module,
      flash: this.flash,
      noise: noises.real,
      onEvent: (event) => this.#saw(event, guest, tally),
    });
    const bridge = await startBridge({ stream: guest.port(), to: options });
    this.on = { guest, bridge };
    tally.awake++;
    try {
      while (!signal.aborted) {
        try {
          await guest.run(signal);
        } catch (error) {
          if (!(error instanceof PowerCut)) throw error;
          tally.powerCuts++;
          this.flash.cut = undefined;
          bridge.forget();
          guest.reset();
        }
      }
    } finally {
      tally.awake--;
      tally.deaths += guest.deaths;
      this.on = undefined;
      await bridge.close();
    }
  }

  #saw({ name, data }: DeviceEvent, guest: Guest, tally: Tally): void {
    // A fleet lives long: counted events are not kept.
    guest.events.length = 0;
    const number = data.length < 4 ? 0 : Buffer.from(data).readUInt32BE(0);
    if (name === "sent") {
      tally.sent++;
      if (!this.sentAt.has(number)) this.sentAt.set(number, performance.now());
    } else if (name === "accepted") {
      tally.accepted++;
      tally.took(performance.now() - (this.sentAt.get(number) ?? performance.now()));
      this.sentAt.clear();
    } else if (name === "refused") tally.refusedDevice(reasonName(number) ?? `reason ${number}`);
    else tally.saw(name);
  }
}

/** Apply a fault of the environment to a device. */
function fault(members: readonly Member[], random: () => number, tally: Tally): void {
  const awake = members.filter(({ on }) => on !== undefined);
  const member = awake[Math.floor(random() * awake.length)];
  if (member?.on === undefined) return;
  // The next operation on the flash is the last before the power goes; where none comes, a lost link wakes the device.
  if (random() < 0.5) member.flash.cut = { operation: member.flash.operations, moment: "within" };
  tally.lostLinks++;
  member.on.bridge.forget();
}

/** Run a fleet for a time, or until a number of reports, and return its results. */
export async function runFleet(options: FleetOptions): Promise<Tally> {
  const module = await firmware(SIGNET.entry);
  const tally = new Tally();
  const random = seeded(options.seed).unit;
  const members = Array.from({ length: options.devices }, (_, number) => new Member(options, number));
  const waiting = [...members];
  const enough = new AbortController();
  const end = AbortSignal.any([AbortSignal.timeout(options.seconds * 1000), enough.signal]);
  const slots = Math.min(options.awake, options.devices);
  const turns = options.devices > slots;
  const slot = async (number: number): Promise<void> => {
    await sleep((number / STARTS_PER_SECOND) * 1000, undefined, { signal: end }).catch(() => undefined);
    while (!end.aborted) {
      const member = waiting.shift()!;
      const turn = turns ? AbortSignal.any([end, AbortSignal.timeout(TURN_MS)]) : end;
      await member.live(module, options, tally, turn);
      waiting.push(member);
    }
  };
  const seconds = setInterval(() => options.onSecond?.(tally), 1000);
  const look = setInterval(() => options.isEnough?.(tally) && enough.abort(), 100);
  const faults = options.faults > 0 && setInterval(() => fault(members, random, tally), 1000 / options.faults);
  const attackers = Array.from({ length: options.attackers }, (_, number) => attack(options, number, tally, end));
  try {
    await Promise.all([...Array.from({ length: slots }, (_, number) => slot(number)), ...attackers]);
  } finally {
    clearInterval(seconds);
    clearInterval(look);
    if (faults !== false) clearInterval(faults);
  }
  return tally;
}
