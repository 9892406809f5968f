/** A holder of the device's key: the firmware's wasm behind a bridge, in the agenda's time. */
import { Session } from "../../tools/bridge/session.ts";
import { STATES } from "../../tools/facts/device.ts";
import { numbers } from "../../tools/facts/table.ts";
import { PowerCut, type Flash } from "../../tools/guest/flash.ts";
import { Guest, type DeviceEvent } from "../../tools/guest/guest.ts";
import { seeded } from "../../tools/guest/noise.ts";
import type { Dial } from "../../tools/line/sockets.ts";
import { hex } from "../../tools/wire/bytes.ts";
import type { Agenda } from "./agenda.ts";
import type { Kind } from "./history.ts";
import { COMMAND } from "./service.ts";

/** Duration of a power cut in the middle of an operation. */
const CUT_MS = 700;
/** Time from a reset by the firmware to the next start. */
const DEATH_MS = 50;
/** A loop that has nothing to do sleeps longer each time, up to this: fewer turns, the same life. */
const SLEEP_MAX_MS = 4_000;

const STATE = numbers(STATES);
/** The question of a device in each state. */
const ASKING: ReadonlyMap<number, Kind> = new Map([
  [STATE.challenge, "challenge"],
  [STATE.enrol, "enrol"],
  [STATE.report, "reports"],
]);

export interface HolderOptions {
  readonly firmware: WebAssembly.Module;
  readonly agenda: Agenda;
  readonly flash: Flash;
  readonly seed: string;
  /** Its first reading; each next one is one more. */
  readonly firstReading: number;
  readonly dial: Dial;
  readonly onEvent: (event: DeviceEvent) => void;
}

export class Holder {
  readonly guest: Guest;
  readonly flash: Flash;
  /** Readings for which there is a receipt, as the device says. */
  readonly accepted: { readonly at: number; readonly counter: number; readonly reading: string }[] = [];
  /** When it started last. */
  startedAt = 0;
  /** Counters of the commands that it obeyed, and of orders and what else it began to. */
  readonly obeyed: number[] = [];
  readonly ordered: number[] = [];
  /** The id it speaks with. */
  id = "";
  /** Those that it spoke with before. */
  readonly formerIds = new Set<string>();
  readonly #agenda: Agenda;
  readonly #session: Session;
  #reading: number;
  #isOn = false;
  #cancel: () => void = () => {};
  #idle = 0;
  /** Readings given by the application. */
  #given = 0;

  constructor({ firmware, agenda, flash, seed, firstReading, dial, onEvent }: HolderOptions) {
    this.#agenda = agenda;
    this.flash = flash;
    this.#reading = firstReading;
    this.#session = new Session((bytes) => this.guest.receive(bytes), dial, agenda);
    this.guest = new Guest({
      firmware,
      flash,
      noise: seeded(seed),
      clock: () => agenda.now(),
      sensor: () => this.#reading++,
      onEvent: (event) => {
        this.#learn(event);
        onEvent(event);
      },
      onUart: (bytes) => {
        this.#session.receive(Buffer.from(bytes));
      },
    });
    const receive = this.guest.receive.bind(this.guest);
    this.guest.receive = (bytes) => {
      if (!this.#isOn) return;
      receive(bytes);
      this.#wake(0);
    };
  }

  /** Switch it on, if it is off. */
  switchOn(): void {
    if (this.#isOn) return;
    this.#isOn = true;
    this.#wake(0);
  }

  /** Take its power away. */
  switchOff(): void {
    this.#isOn = false;
    this.#cancel();
    this.guest.reset();
  }

  /** Take its power away, and give it back after a while. */
  restart(offMs: number): void {
    if (!this.#isOn) return;
    this.switchOff();
    this.#agenda.after(offMs, () => this.switchOn());
  }

  /** Give it a reading, as an application would; it takes none while the last has no receipt. */
  give(): void {
    if (!this.#isOn || !this.guest.isOn) return;
    this.guest.send(Buffer.from(`given ${this.#reading++} ${this.#given++}`));
    this.#wake(0);
  }

  /** Return its current question to the server. */
  get asking(): Kind | undefined {
    return this.guest.isOn ? ASKING.get(this.guest.status()) : undefined;
  }

  /** True if it was told that it is revoked: it asks once a day. */
  get isSilent(): boolean {
    return this.guest.isOn && this.guest.status() === STATE.silent;
  }

  #wake(ms: number): void {
    this.#cancel();
    this.#cancel = this.#agenda.after(ms, () => this.#turn());
  }

  #turn(): void {
    const obeyed = this.obeyed.length;
    try {
      const deaths = this.guest.deaths;
      const { waiting } = this.guest;
      const ms = this.guest.turn();
      if (this.guest.deaths > deaths && this.#isOn) return this.#wake(DEATH_MS);
      // A device that pauses does not read what its module says.
      const isBusy = ms === 0 || (this.guest.waiting > 0 && this.guest.waiting < waiting);
      this.#idle = isBusy ? 0 : this.#idle + 1;
      if (this.#isOn) this.#wake(isBusy ? 0 : Math.min(ms * 2 ** Math.min(this.#idle, 12), SLEEP_MAX_MS));
    } catch (error) {
      if (!(error instanceof PowerCut)) throw error;
      // A command is said, then stored, then obeyed: it may be lost now.
      this.ordered.push(...this.obeyed.splice(obeyed));
      this.flash.cut = undefined;
      this.restart(CUT_MS);
    }
  }

  /** An order whose beginning a cut undid is begun again. */
  #command(counter: number, data: Uint8Array): void {
    (COMMAND.equals(data) ? this.obeyed : this.ordered).push(counter);
  }

  #learn({ name, data }: DeviceEvent): void {
    const view = Buffer.from(data);
    const at = this.#agenda.now();
    if (name === "booted") this.startedAt = at;
    if (name === "accepted") this.accepted.push({ at, counter: view.readUInt32BE(0), reading: hex(data.subarray(4)) });
    else if (name === "command") this.#command(view.readUInt32BE(0), data.subarray(4));
    else if (name === "key-made" || name === "key-loaded" || name === "rotating") {
      this.formerIds.add(this.id);
      this.id = hex(data.subarray(0, 32));
    }
  }
}
