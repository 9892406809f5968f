/**
 * The common part of emulated AT modules: the UART with its command lines, the time a command takes, announced data, restarts, and
 * the quirks of all of these. A family (`espat.ts`, `quectel.ts`) executes the commands.
 */
import type { Clock } from "../line/clock.ts";
import type { Dial } from "../line/sockets.ts";
import type { Mischief } from "./quirks.ts";

const LINE_BYTES = 256;
/** The time for a command, at most. */
export const THINK_MS = 4;
const SLOW_MS = 3500;
const BOOT_MS = 300;

export type Mode = "off" | "command" | "data" | "passthrough";

/** The parts of a module: its UART, its network, its time, its faults. */
export type Making = readonly [write: (bytes: Buffer) => void, dial: Dial, clock: Clock, mischief: Mischief];

/** The baud rate of modules as they are sold. */
export const OWN_BAUD = 115_200;

export abstract class AtModule {
  readonly mischief: Mischief;
  /** The baud rate of its UART after a restart, and now. */
  ownBaud = OWN_BAUD;
  baud = OWN_BAUD;
  protected readonly clock: Clock;
  protected readonly dial: Dial;
  protected mode: Mode = "off";
  protected working = false;
  protected echo = true;
  protected heardAt = -1e9;
  /** Unsolicited lines that wait for a place. */
  protected notices: string[] = [];
  #boots = 0;
  #line: number[] = [];
  #afterCr = false;
  #complained = false;
  #wanted = 0;
  #data: Buffer[] = [];
  #dataBytes = 0;
  #end: number | undefined;
  #take: (data: Buffer) => void = () => {};
  readonly #write: (bytes: Buffer) => void;

  constructor(...[write, dial, clock, mischief]: Making) {
    this.#write = write;
    this.dial = dial;
    this.clock = clock;
    this.mischief = mischief;
    this.boot(0);
  }

  /** True if there is a connection to the network. */
  abstract get connected(): boolean;

  /** Lose every connection, without a word. */
  protected abstract disconnect(): void;

  /** Begin from the state after power-on, and greet. */
  protected abstract begin(): void;

  /** Execute a command line. */
  protected abstract execute(line: string): void;

  /** The answer of a busy module to a command; empty if it stays silent. */
  protected abstract readonly busyWord: string;

  /** Take bytes in passthrough mode, after `silence` ms. */
  protected pass(_bytes: Buffer, _silence: number): void {}

  /** Reset, as a brown-out does: connections are lost without a word. */
  reset(): void {
    this.disconnect();
    this.boot(BOOT_MS);
  }

  /** Hang: hear and say nothing until a reset, as a module in a sleep that only its lines end. */
  hang(): void {
    this.#boots++;
    this.disconnect();
    this.mode = "off";
  }

  /** Send an unsolicited line. */
  inject(bytes: Buffer): void {
    this.#write(bytes);
  }

  protected boot(afterMs: number): void {
    this.#boots++;
    this.mode = "off";
    this.after(afterMs, () => {
      this.baud = this.ownBaud;
      this.#line = [];
      this.notices = [];
      this.working = false;
      this.echo = true;
      this.mode = "command";
      this.begin();
    });
  }

  /** Do something later, unless the module restarts before. */
  protected after(ms: number, act: () => void): void {
    const boots = this.#boots;
    this.clock.after(ms, () => {
      if (boots === this.#boots) act();
    });
  }

  /** Take bytes of the UART. */
  receive(bytes: Buffer): void {
    const silence = this.clock.now() - this.heardAt;
    this.heardAt = this.clock.now();
    for (let at = 0; at < bytes.length;) {
      if (this.mode === "off") return;
      if (this.mode === "passthrough") return this.pass(bytes.subarray(at), silence);
      if (this.mode === "data") at += this.#collect(bytes.subarray(at));
      else this.#commandByte(bytes[at++] ?? 0);
    }
  }

  #commandByte(byte: number): void {
    if (this.working) {
      // Once a line, as the real one does.
      if (!this.#complained && byte !== 0x0a && byte !== 0x0d) {
        this.#complained = true;
        if (this.busyWord) this.say(this.busyWord);
      }
      if (byte === 0x0a) this.#complained = false;
      return;
    }
    if (this.echo || this.mischief.has("echo")) this.#write(Buffer.of(byte));
    // A command ends in CR LF; an LF alone, or one left from a refused line, is nothing.
    if (byte === 0x0a) {
      if (this.#afterCr) this.#obey();
      this.#line = [];
    } else if (byte !== 0x0d && this.#line.length <= LINE_BYTES) {
      this.#line.push(byte);
    }
    this.#afterCr = byte === 0x0d;
  }

  /** Wait for a moment, then do what the line says. */
  #obey(): void {
    const line = Buffer.from(this.#line).toString("latin1");
    if (line === "") return;
    if (this.mischief.strikes("reset")) return this.reset();
    if (this.mischief.strikes("mute")) return;
    if (this.busyWord && this.mischief.strikes("busy")) return this.say(this.busyWord);
    if (this.busyWord && this.mischief.strikes("busy-first")) this.say(this.busyWord);
    if (this.mischief.strikes("garbage")) this.#write(this.mischief.noise());
    this.working = true;
    this.#complained = false;
    const thinkMs = this.mischief.strikes("slow") ? SLOW_MS : this.mischief.random.below(THINK_MS);
    this.after(thinkMs, () => (line.length > LINE_BYTES ? this.done("ERROR") : this.execute(line)));
  }

  /** Write bytes as they are. */
  protected write(bytes: Buffer): void {
    this.#write(bytes);
  }

  /** Write, with a notice or a loss in it where the quirks have it so. */
  protected say(text: string): void {
    let bytes = Buffer.from(text, "latin1");
    if (this.notices.length && this.mischief.strikes("notice-inside")) {
      const cut = this.mischief.random.below(bytes.length);
      const notice = Buffer.from(`\r\n${this.notices.shift()}`, "latin1");
      bytes = Buffer.concat([bytes.subarray(0, cut), notice, bytes.subarray(cut)]);
    }
    if (this.mischief.strikes("half-lines")) bytes = bytes.subarray(0, this.mischief.random.below(bytes.length));
    this.#write(bytes);
    this.#tellNotices();
  }

  protected answer(text: string): void {
    this.say(`${text}\r\n`);
    this.done("OK");
  }

  protected done(result: string): void {
    this.working = false;
    this.say(`\r\n${result}\r\n`);
  }

  protected set(change: () => void): void {
    change();
    this.done("OK");
  }

  /** Change the baud rate, behind the answer. */
  protected setBaud(baud: number): void {
    this.done("OK");
    this.baud = baud;
  }

  protected oneOf(argument: string, allowed: string, change: (value: string) => void = () => {}): void {
    if (argument.length !== 1 || !allowed.includes(argument)) return this.done("ERROR");
    this.set(() => change(argument));
  }

  /** Say an unsolicited line, where the quirks have its place. */
  protected notify(notice: string): void {
    if (this.mischief.has("lost-notice")) return;
    this.notices.push(notice);
    // With the quirk it waits for another line to get into.
    if (!this.mischief.has("notice-inside") || !this.working) this.#tellNotices();
  }

  #tellNotices(): void {
    if (this.mischief.has("notice-inside") && this.working) return;
    for (let notice = this.notices.shift(); notice; notice = this.notices.shift()) {
      this.#write(Buffer.from(`\r\n${notice}\r\n`, "latin1"));
    }
  }

  /** Take the next `wanted` bytes as data; with `end`, that byte ends them before. */
  protected collect(wanted: number, take: (data: Buffer) => void, end?: number): void {
    this.#wanted = wanted;
    this.#data = [];
    this.#dataBytes = 0;
    this.#take = take;
    this.#end = end;
    this.mode = "data";
  }

  /** Collect announced data; returns how many of `bytes` belong to it. */
  #collect(bytes: Buffer): number {
    const most = bytes.subarray(0, this.#wanted - this.#dataBytes);
    const end = this.#end === undefined ? -1 : most.indexOf(this.#end);
    const taken = end < 0 ? most : most.subarray(0, end);
    this.#data.push(Buffer.from(taken));
    this.#dataBytes += taken.length;
    if (end >= 0 || this.#dataBytes === this.#wanted) {
      this.mode = "command";
      this.working = true;
      const data = Buffer.concat(this.#data);
      const take = this.#take;
      this.after(this.mischief.random.below(THINK_MS), () => take(data));
    }
    return end < 0 ? taken.length : end + 1;
  }
}

/** The parameters of a command: quoted strings with backslash escapes, or numbers; undefined if they are neither. */
export function parse(argument: string): string[] | undefined {
  const parameters: string[] = [];
  const part = /(?:"((?:[^"\\]|\\.)*)"|([0-9]*))(,|$)/sy;
  for (let more = true; more;) {
    const match = part.exec(argument);
    if (!match) return undefined;
    parameters.push(match[1] === undefined ? (match[2] ?? "") : match[1].replace(/\\(.)/gs, "$1"));
    more = match[3] === ",";
  }
  return part.lastIndex === argument.length ? parameters : undefined;
}

/** A whole number within bounds; NaN if the text is none. */
export function whole(text: string | undefined, least: number, most: number): number {
  const value = /^\d+$/.test(text ?? "") ? Number(text) : NaN;
  return value >= least && value <= most ? value : NaN;
}
