/** The ELF of `guest_pattern.ts` in QEMU behind the emulated module, with a plan in its flash: what it says, and how to wait for it. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { Tap } from "../../tools/line/tap.ts";
import { buildImage } from "../../tools/firmware/build.ts";
import { startEmulator, writeFlash, type DeviceEvent, type Emulator } from "../../tools/emulator/qemu.ts";
import { startModem, type Modem } from "../../tools/modem/modem.ts";
import { LINKS } from "../../tools/wire/factory.ts";
import type { Identity } from "./identities.ts";
import { PATIENCE_MS } from "./peers.ts";
import { Place, Said, STEPS, type Step } from "./step.ts";
import PATTERN from "./image_pattern.ts";

const BOARD = "mps2-an386";

export interface Plan {
  readonly port: number;
  readonly host?: string;
  readonly pins: readonly Uint8Array[];
  readonly device: Identity;
  /** The actions, and n where a step has one. */
  readonly steps: readonly (readonly [step: Step, n?: number])[];
  /** The tap in the module. */
  readonly tap?: Tap;
}

/** The first bytes of what the device sends, and takes for good. */
export function pattern(bytes: number): Buffer {
  return Buffer.from(Array.from({ length: bytes }, (_, at) => byteAt(at)));
}

function byteAt(at: number): number {
  return (at & 63) === 63 ? 0x0a : 0x30 + ((at ^ (at >> 6) ^ (at >> 12)) % 10);
}

function pageOf({ port, host = "localhost", pins, device, steps }: Plan): Buffer {
  const page = Buffer.alloc(Place.Steps + 8 * STEPS);
  page.writeUInt32LE(LINKS.indexOf("esp-at"), Place.Family);
  page.writeUInt32LE(port, Place.Port);
  page.writeUInt32LE(host.length, Place.HostLen);
  page.writeUInt32LE(pins.length, Place.PinCount);
  page.writeUInt32LE(steps.length, Place.StepCount);
  page.write(host, Place.Host);
  page.set(Buffer.concat(pins), Place.Pins);
  page.set(device.seed, Place.Seed);
  for (const [at, [step, n = 0]] of steps.entries()) {
    page.writeUInt32LE(step, Place.Steps + 8 * at);
    page.writeUInt32LE(n, Place.Steps + 8 * at + 4);
  }
  return page;
}

/** The running board. */
export class PatternBoard {
  readonly device: Emulator;
  readonly elf: string;
  readonly #modem: Modem;
  readonly #folder: string;

  constructor(device: Emulator, elf: string, modem: Modem, folder: string) {
    this.device = device;
    this.elf = elf;
    this.#modem = modem;
    this.#folder = folder;
  }

  /** Number of events: a place to search from. */
  get now(): number {
    return this.device.events.length;
  }

  /** Wait for the first event behind the first `from` that fits; returns it and how many there were up to it. */
  async until(
    what: string,
    fits: (event: DeviceEvent) => boolean,
    from = 0,
  ): Promise<{ event: DeviceEvent; at: number }> {
    const deadline = Date.now() + PATIENCE_MS;
    for (;;) {
      const found = this.device.events.findIndex((event, at) => at >= from && fits(event));
      if (found >= 0) return { event: this.device.events[found]!, at: found + 1 };
      if (Date.now() > deadline || !this.device.running)
        throw new Error(`no ${what} of the device:\n${this.device.lines.slice(-15).join("\n")}`);
      await new Promise<void>((heard) => {
        const timer = setTimeout(next, 250);
        const { device } = this;
        device.once("event", next);
        function next(): void {
          clearTimeout(timer);
          device.off("event", next);
          heard();
        }
      });
    }
  }

  /** Wait until the step at this place of the plan was done; from which events on can be said. */
  async done(place: number, from = 0): Promise<number> {
    const fits = ({ name, data }: DeviceEvent): boolean => name === DONE && data.readUInt32BE() === place;
    return (await this.until(`step ${place}`, fits, from)).at;
  }

  /** Wait until it says this, in words; from which events on more can be said. */
  async says(what: string, from = 0): Promise<number> {
    return (await this.until(`"${what}"`, (event) => words(event) === what, from)).at;
  }

  /** Everything it said but for steps done, in words: `secured 0`, `tls-failed 20 0`. */
  get said(): string[] {
    return this.device.events.filter(({ name }) => name !== DONE).map(words);
  }

  async close(): Promise<void> {
    await this.device.kill();
    await this.#modem.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** The event of a step that is done. */
export const DONE = `event-${Said.Done.toString(16)}`;

/** An event with its numbers. */
export function words({ name, data }: DeviceEvent): string {
  if (name === "boot") return name;
  const numbers = Array.from({ length: data.length >> 2 }, (_, at) => data.readUInt32BE(4 * at));
  return [name, ...numbers].join(" ");
}

/** Switch a board on that follows this plan. */
export async function startBoard(plan: Plan): Promise<PatternBoard> {
  const folder = mkdtempSync(path.join(tmpdir(), "signet-pattern-"));
  const { elf } = await buildImage({ board: BOARD, image: PATTERN });
  const modem = await startModem({
    listen: { unix: path.join(folder, "module") },
    baud: 0,
    ...(plan.tap && { tap: plan.tap }),
  });
  const flash = path.join(folder, "flash");
  await writeFlash(flash, BOARD, pageOf(plan));
  const device = await startEmulator({
    board: BOARD,
    elf,
    module: { unix: path.join(folder, "module") },
    flash,
    timeoutMs: 0,
  });
  return new PatternBoard(device, elf, modem, folder);
}
