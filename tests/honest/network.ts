/**
 * The network between devices and the server, message by message: it loses, delays, doubles and reorders them, cuts
 * connections, and answers for the server. It forges and changes nothing.
 */
import { pathOf, Splitter } from "../../tools/attacker/http.ts";
import type { Duplex } from "node:stream";
import type { Carrier, Listener } from "../../tools/line/sockets.ts";
import type { Answer } from "../../tools/server/gate.ts";
import { PATHS } from "../../tools/wire/exchange.ts";
import type { Agenda } from "./agenda.ts";
import { KINDS, type DownFate, type Kind, type UpFate, type Who } from "./history.ts";
import type { Random } from "../../tools/line/random.ts";
import { SecureLine } from "./secure_line.ts";

/** The fate of the next message of a kind. */
interface Fate<F> {
  readonly who: Who;
  readonly kind: Kind;
  readonly fate: F;
  readonly ms: number;
}

export interface NetworkOptions {
  readonly agenda: Agenda;
  readonly random: Random;
  readonly latencyMs: number;
  /** Answers find their request by the connection, or, as topics of MQTT do, by what was asked. */
  readonly byTopic: boolean;
  readonly instances: number;
  readonly ask: (instance: number, kind: Kind, body: Uint8Array, who: Who) => Promise<Answer>;
  /** Target of connections with TLS, which hides the messages. */
  readonly secure:
    | {
        readonly connect: (instance: number) => Duplex;
        readonly isBusy: () => boolean;
        readonly asking: (who: Who) => Kind | undefined;
      }
    | undefined;
  /** Told of each message that passes, for a report. */
  readonly note: (line: string) => void;
}

/** A message that waits for another to pass. */
interface Held {
  readonly who: Who;
  readonly kind: Kind;
  readonly deliver: () => void;
}

/** One connection of a device. */
class Line {
  readonly who: Who;
  readonly listener: Listener;
  readonly splitter = new Splitter();
  open = true;
  /** The request without an answer. */
  waiting: Kind | undefined;

  constructor(who: Who, listener: Listener) {
    this.who = who;
    this.listener = listener;
  }
}

const BAD_GATEWAY: Answer = { status: 504, type: "application/cbor", body: new Uint8Array(0) };

export class Network {
  readonly ups: Fate<UpFate>[] = [];
  readonly downs: Fate<DownFate>[] = [];
  readonly #options: NetworkOptions;
  readonly #held: Held[] = [];
  /** The line that each device speaks on. */
  readonly #lines: (Line | undefined)[] = [];
  readonly #secureLines: (SecureLine | undefined)[] = [];
  /** An answer that comes in place of the next one. */
  readonly #stale: ([Kind, Answer] | undefined)[] = [];
  /** Deliveries that a delay holds: `flush` makes them. */
  readonly #delayed = new Set<() => void>();

  constructor(options: NetworkOptions) {
    this.#options = options;
  }

  /** Open a connection for a device. */
  dial(who: Who, listener: Listener): Carrier {
    if (this.#options.secure !== undefined) return this.#dialSecure(who, listener);
    const line = new Line(who, listener);
    this.#lines[who] = line;
    this.#soon(() => line.open && listener.opened());
    return {
      send: (bytes) => {
        if (!line.open) return;
        for (const { head, body } of line.splitter.feed(bytes)) {
          const kind = KINDS.find((name) => PATHS[name] === pathOf(head));
          if (kind !== undefined) this.#request(line, kind, Uint8Array.from(body));
        }
      },
      want: () => {},
      close: () => this.#cut(line),
    };
  }

  #dialSecure(who: Who, listener: Listener): SecureLine {
    const { agenda, secure, random, instances } = this.#options;
    const line = new SecureLine({
      agenda,
      delayMs: () => this.#latency(),
      listener,
      server: secure!.connect(random.below(instances)),
      isBusy: secure!.isBusy,
      up: (line) => this.#befallUp(line, who),
      down: (line) => this.#befallDown(line, who),
    });
    this.#secureLines[who] = line;
    return line;
  }

  /** Apply a fate to bytes that a device sends in TLS: only those that need no view of the message. */
  #befallUp(line: SecureLine, who: Who): void {
    const kind = this.#options.secure!.asking(who);
    const found = kind && this.#take(this.ups, who, kind);
    if (found === undefined) return;
    const { fate, ms } = found;
    this.#options.note(`${name(who)} asks ${kind}: ${fate} ${ms}`);
    if (fate === "drop") line.upward.isLost = true;
    else if (fate === "cut") line.upward.isLost = true;
    else line.upward.hold();
    if (fate === "cut" || fate === "gateway") line.close();
    const deliver = (): void => line.upward.release();
    if (fate === "late" || fate === "twice" || fate === "gateway") this.#later(deliver, ms);
    else if (fate !== "drop" && fate !== "cut")
      this.#held.push({ who, kind: fate === "behind-enrol" ? "enrol" : "reports", deliver });
  }

  #befallDown(line: SecureLine, who: Who): void {
    const kind = this.#options.secure!.asking(who);
    const found = kind && this.#take(this.downs, who, kind);
    if (found === undefined) return;
    const { fate, ms } = found;
    this.#options.note(`  the answer to ${kind} of ${name(who)}: ${fate} ${ms}`);
    if (fate === "drop" || fate === "cut") line.downward.isLost = true;
    else line.downward.hold();
    if (fate === "cut") line.close();
    else if (fate !== "drop") this.#later(() => line.downward.release(), ms);
  }

  /** A request of that kind was answered: deliver what was held for it. */
  answered(kind: Kind, who?: Who): void {
    for (const held of this.#held.filter((held) => held.kind === kind && (who ?? held.who) === held.who)) {
      this.#held.splice(this.#held.indexOf(held), 1);
      this.#options.agenda.after(0, held.deliver);
    }
  }

  /** Break the connection of a device. */
  hangUp(who: Who): void {
    const line = this.#lines[who];
    if (line !== undefined) this.#cut(line);
    this.#secureLines[who]?.close();
  }

  /** Be kind from now on: nothing more befalls messages, and what is held is delivered within `ms`. */
  calm(ms: number): void {
    this.ups.length = 0;
    this.downs.length = 0;
    this.#stale.length = 0;
    const { agenda, random } = this.#options;
    for (const { deliver } of this.#held.splice(0)) agenda.after(random.below(ms), deliver);
    for (const deliver of this.#delayed) agenda.after(random.below(ms), deliver);
  }

  #latency(): number {
    const { random, latencyMs } = this.#options;
    return Math.ceil(latencyMs / 5) + random.below(latencyMs);
  }

  #soon(then: () => void, moreMs = 0): void {
    this.#options.agenda.after(this.#latency() + moreMs, then);
  }

  /** The same for what is held back for so long that the end may come first. */
  #later(then: () => void, ms: number): void {
    const once = (): void => {
      if (this.#delayed.delete(once)) then();
    };
    this.#delayed.add(once);
    this.#soon(once, ms);
  }

  #cut(line: Line): void {
    if (!line.open) return;
    line.open = false;
    this.#soon(() => line.listener.closed());
  }

  #take<F>(fates: Fate<F>[], who: Who, kind: Kind): Fate<F> | undefined {
    const at = fates.findIndex((fate) => fate.who === who && fate.kind === kind);
    return at < 0 ? undefined : fates.splice(at, 1)[0];
  }

  #request(line: Line, kind: Kind, body: Uint8Array): void {
    line.waiting = kind;
    const { who } = line;
    const found = this.#take(this.ups, who, kind);
    const deliver = (): void => this.#deliver(line, kind, body);
    const { fate, ms = 0 } = found ?? {};
    this.#options.note(`${name(who)} asks ${kind}${fate === undefined ? "" : `: ${fate} ${ms}`}`);
    switch (fate) {
      case undefined:
        return this.#soon(deliver);
      case "drop":
        return;
      case "cut":
        return this.#cut(line);
      case "late":
        return this.#later(deliver, ms);
      case "twice":
        this.#soon(deliver);
        return this.#later(deliver, ms);
      case "gateway":
        this.#soon(() => this.#give(line, kind, BAD_GATEWAY));
        return this.#later(deliver, ms);
      case "behind-enrol":
      case "behind-reports":
        this.#held.push({ who, kind: fate === "behind-enrol" ? "enrol" : "reports", deliver });
        return;
    }
  }

  #deliver(line: Line, kind: Kind, body: Uint8Array): void {
    const { agenda, instances, ask, note } = this.#options;
    const { who } = line;
    const instance = instances === 1 ? 0 : this.#options.random.below(instances);
    const answering = async (): Promise<void> => {
      const answer = await ask(instance, kind, body, who);
      note(`server ${instance} answers ${kind} of ${name(who)}: ${answer.status}`);
      this.answered(kind, who);
      this.#answer(line, kind, answer);
    };
    agenda.hold(answering());
  }

  #answer(line: Line, kind: Kind, answer: Answer): void {
    const { who } = line;
    const { fate, ms = 0 } = this.#take(this.downs, who, kind) ?? {};
    if (fate !== undefined) this.#options.note(`  the answer: ${fate} ${ms}`);
    const stale = this.#stale[who];
    this.#stale[who] = undefined;
    const give = (): void => this.#give(line, kind, answer);
    if (stale !== undefined) return this.#soon(() => this.#give(line, ...stale));
    switch (fate) {
      case undefined:
        return this.#soon(give);
      case "drop":
        return;
      case "cut":
        return this.#cut(line);
      case "late":
        return this.#later(give, ms);
      case "twice":
        this.#soon(give);
        return this.#later(give, ms);
      case "stale":
        this.#stale[who] = [kind, answer];
        return;
    }
  }

  #give(asking: Line, kind: Kind, { status, type, body }: Answer): void {
    const line = this.#options.byTopic ? this.#lines[asking.who] : asking;
    if (line === undefined || !line.open) return;
    if (this.#options.byTopic && line.waiting !== kind) return;
    line.waiting = undefined;
    const head = `HTTP/1.1 ${status} .\r\ncontent-type: ${type}\r\ncontent-length: ${body.length}\r\n\r\n`;
    line.listener.data(Buffer.concat([Buffer.from(head), body]));
  }
}

function name(who: Who): string {
  return who === 0 ? "the device" : "the clone";
}
