/** Play a history: a device, perhaps a clone of it, the network, the server; then an hour in which nothing happens to them. */
import { firmware } from "../../tools/guest/firmware.ts";
import { Flash, MOMENTS, type FlashShape } from "../../tools/guest/flash.ts";
import * as factory from "../../tools/wire/factory.ts";
import { Agenda } from "./agenda.ts";
import { HOUR, MINUTE, type History, type Step, type Who } from "./history.ts";
import { Holder } from "./holder.ts";
import { Network } from "./network.ts";
import { type Random, seeded } from "../../tools/line/random.ts";
import { AUDIENCE, Service, type Origin } from "./service.ts";
import { SIGNET } from "../../tools/firmware/product.ts";

const module = await firmware(SIGNET.entry);

const SHAPE: FlashShape = { pageBytes: 1024, pages: 3 };
export const INTERVAL_MS = 10 * MINUTE;
/** Time for the network to deliver all held messages. */
const CALM_MS = 2 * MINUTE;
const CLONE_READINGS = 1_000_000_000;

/** The turns: one entry for each report with a receipt, and in the quiet hour for each sent one. */
export interface Turn {
  readonly at: number;
  readonly who: Who;
}

export class Play {
  readonly history: History;
  readonly agenda = new Agenda();
  readonly service: Service;
  readonly network: Network;
  readonly device: Holder;
  clone: Holder | undefined;
  /** The events, line by line. */
  readonly story: string[] = [];
  /** An operator's decisions that are still in force, as far as no restore undid them. */
  isSuspended = false;
  wasRevoked = false;
  wasRolledBack = false;
  copiedAt = Infinity;
  readonly turns: Turn[] = [];
  quietAt = Infinity;
  /** When the device got its last receipt. */
  receiptAt = -Infinity;
  readonly #random: Random;
  #kept: Uint8Array | undefined;

  private constructor(history: History, service: Service, agenda: Agenda, claim: Uint8Array | undefined) {
    this.history = history;
    this.service = service;
    this.agenda = agenda;
    this.#random = seeded(history.seed);
    const isSecure = history.carrier === "tls";
    this.network = new Network({
      agenda,
      random: this.#random,
      latencyMs: history.latencyMs,
      byTopic: history.carrier === "mqtt",
      instances: history.instances,
      note: (line) => this.note(line),
      ask: (instance, kind, body, who) =>
        service.ask(instance, kind, body, history.carrier === "mqtt" ? `mqtt ${who}` : "10.0.0.1"),
      secure: isSecure
        ? {
            connect: (instance) => service.connect(instance),
            isBusy: () => service.underWay > 0,
            asking: (who) => this.#who(who).asking,
          }
        : undefined,
    });
    if (isSecure)
      service.onAnswer = (instance, kind, { status }) => {
        this.note(`server ${instance} answers ${kind}: ${status}`);
        this.network.answered(kind);
      };
    const flash = new Flash(SHAPE, history.seed);
    flash.provision(
      factory.write({
        link: "framed",
        host: "server",
        port: 80,
        audience: AUDIENCE,
        serverKeys: [service.publicKey],
        reportIntervalMs: INTERVAL_MS,
        claim,
        tlsKeys: isSecure ? [service.tlsKey] : undefined,
      }),
    );
    this.device = this.#holder(0, flash);
  }

  static async begin(origin: Origin, name: string, history: History): Promise<Play> {
    const agenda = new Agenda();
    const service = await Service.start(origin, name, history.instances, history.policy, () => agenda.now());
    const claim = history.policy === "claim" ? await service.claim() : undefined;
    if (claim !== undefined) await service.backup();
    return new Play(history, service, agenda, claim);
  }

  note(line: string): void {
    this.story.push(`${(this.agenda.now() / 1000).toFixed(3).padStart(10)}  ${line}`);
  }

  #holder(who: Who, flash: Flash): Holder {
    const name = who === 0 ? "device" : "clone";
    const holder: Holder = new Holder({
      firmware: module,
      agenda: this.agenda,
      flash,
      seed: `${this.history.seed} ${name}`,
      firstReading: who === 0 ? 1 : CLONE_READINGS,
      dial: (_kind, _target, listener) => this.network.dial(who, listener),
      onEvent: (event) => {
        this.note(`  ${name}: ${event.name} ${Buffer.from(event.data.subarray(0, 8)).toString("hex")}`);
        const isTurn = event.name === "accepted" || (event.name === "sent" && this.agenda.now() >= this.quietAt);
        if (isTurn) this.turns.push({ at: this.agenda.now(), who });
        if (event.name === "accepted" && who === 0) this.receiptAt = this.agenda.now();
      },
    });
    return holder;
  }

  /** Play it all. */
  async run(): Promise<void> {
    this.device.switchOn();
    // The first enrolment and the first report are not what histories are about.
    await this.agenda.pass(20_000);
    for (const step of this.history.steps) {
      await this.agenda.pass(step.afterMs);
      this.note(JSON.stringify(step));
      await this.#act(step);
    }
    await this.#quiet();
  }

  async #quiet(): Promise<void> {
    this.note("quiet");
    this.service.skewsMs.fill(0);
    if (this.isSuspended) await this.service.decide("active");
    this.device.flash.cut = undefined;
    this.device.switchOn();
    this.clone?.switchOn();
    this.network.calm(CALM_MS);
    await this.agenda.pass(CALM_MS + 4 * this.history.latencyMs);
    this.quietAt = this.agenda.now();
    await this.agenda.pass(HOUR / 3);
    // A key that takes over from one that a restored database does not know may need its operator: the server's README says when.
    await this.service.invite();
    await this.agenda.pass((2 * HOUR) / 3);
  }

  #who(who: Who): Holder {
    return who === 1 ? (this.clone ?? this.device) : this.device;
  }

  async #act(step: Step): Promise<void> {
    const { service, network, device } = this;
    switch (step.act) {
      case "wait":
        return;
      case "reading":
        return this.#who(step.who).give();
      case "restart":
        return this.#who(step.who).restart(step.offMs);
      case "cut-power":
        device.flash.cut = { operation: device.flash.operations + step.operation, moment: MOMENTS[step.moment] };
        return;
      case "up":
        network.ups.push(step);
        return;
      case "down":
        network.downs.push(step);
        return;
      case "hang-up":
        return network.hangUp(step.who);
      case "suspend":
        this.isSuspended = (await service.decide("suspended")) || this.isSuspended;
        return;
      case "resume":
        if (await service.decide("active")) this.isSuspended = false;
        return;
      case "revoke":
        this.wasRevoked = (await service.decide("revoked")) || this.wasRevoked;
        return;
      case "rotate":
        return service.rotate(step.validMs);
      case "command":
        return service.command(step.validMs);
      case "claims":
        await service.claim();
        return;
      case "restart-server":
        return service.restartInstance(step.instance);
      case "backup":
        return service.backup();
      case "restore":
        await service.restore();
        this.isSuspended = (await service.devices()).some(({ state }) => state === "suspended");
        return;
      case "clock":
        return this.#skew(step.instance, step.skewMs, step.forMs);
      case "copy":
        return this.#copy();
      case "keep-flash":
        this.#kept = device.flash.bytes.slice();
        return;
      case "roll-back":
        if (this.#kept === undefined) return;
        device.switchOff();
        device.flash.bytes.set(this.#kept);
        this.wasRolledBack = true;
        device.switchOn();
    }
  }

  #skew(instance: number | "all", skewMs: number, forMs: number): void {
    const { skewsMs } = this.service;
    const change = (value: number): void => {
      if (instance === "all") skewsMs.fill(value);
      else skewsMs[instance % skewsMs.length] = value;
    };
    change(skewMs);
    this.agenda.after(forMs, () => change(0));
  }

  #copy(): void {
    if (this.clone !== undefined) return;
    const flash = new Flash(SHAPE, this.history.seed + 1);
    flash.bytes.set(this.device.flash.bytes);
    this.clone = this.#holder(1, flash);
    this.copiedAt = this.agenda.now();
    this.clone.switchOn();
  }

  async end(): Promise<void> {
    this.device.switchOff();
    this.clone?.switchOff();
    await this.service.close();
  }
}
