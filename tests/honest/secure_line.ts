/**
 * A connection with TLS in it, in the agenda's time. The network cannot see the contents: it holds bytes back, loses them from some moment
 * on, or cuts. Bytes that it holds may reach the server when the device has long given the connection up.
 */
import type { Duplex } from "node:stream";
import { setImmediate as turn } from "node:timers/promises";
import type { Carrier, Listener } from "../../tools/line/sockets.ts";
import type { Agenda } from "./agenda.ts";

const HEAD_BYTES = 5;

/** Take whole TLS records (RFC 8446 §5.1) off the front of `bytes`, and return what is left. */
function records(bytes: Buffer, whole: Buffer[]): Buffer {
  let at = 0;
  while (bytes.length - at >= HEAD_BYTES) {
    const end = at + HEAD_BYTES + bytes.readUInt16BE(at + 3);
    if (end > bytes.length) break;
    whole.push(bytes.subarray(at, end));
    at = end;
  }
  return bytes.subarray(at);
}

/** Turns of the event loop without anything moving after which nothing moves any more. */
const STILL_TURNS = 6;

/** One direction: bytes arrive in order, each after a delay; they may be held back, or lost from now on. */
class Pipe {
  readonly #agenda: Agenda;
  readonly #delayMs: () => number;
  readonly #put: (bytes: Uint8Array) => void;
  readonly #over: () => void;
  #dueAt = 0;
  #held: (() => void)[] | undefined;
  isLost = false;

  constructor(agenda: Agenda, delayMs: () => number, put: (bytes: Uint8Array) => void, over: () => void) {
    this.#agenda = agenda;
    this.#delayMs = delayMs;
    this.#put = put;
    this.#over = over;
  }

  send(bytes: Uint8Array): void {
    if (!this.isLost) this.#pass(() => this.#put(bytes));
  }

  end(): void {
    this.#pass(() => this.#over());
  }

  #pass(then: () => void): void {
    if (this.#held !== undefined) return void this.#held.push(then);
    this.#dueAt = Math.max(this.#dueAt, this.#agenda.now() + this.#delayMs());
    this.#agenda.after(this.#dueAt - this.#agenda.now(), then);
  }

  hold(): void {
    this.#held ??= [];
  }

  release(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const then of held) this.#pass(then);
  }
}

export interface SecureOptions {
  readonly agenda: Agenda;
  readonly delayMs: () => number;
  readonly listener: Listener;
  /** The server's end. */
  readonly server: Duplex;
  /** True if the server is answering a request. */
  readonly isBusy: () => boolean;
  /** The fate of bytes that are about to pass. */
  readonly up: (line: SecureLine) => void;
  readonly down: (line: SecureLine) => void;
}

export class SecureLine implements Carrier {
  readonly upward: Pipe;
  readonly downward: Pipe;
  readonly #options: SecureOptions;
  #moved = 0;
  #isSettling = false;
  /** Part of a record, and whole ones that the server did not get yet: each gets a turn of the event loop, as from a socket. */
  #part: Buffer = Buffer.alloc(0);
  readonly #records: Buffer[] = [];
  #isOver = false;
  open = true;

  constructor(options: SecureOptions) {
    this.#options = options;
    const { agenda, delayMs, listener, server } = options;
    const toServer = (bytes: Uint8Array): void => {
      this.#part = records(Buffer.concat([this.#part, bytes]), this.#records);
      this.#settle();
    };
    const endOfServer = (): void => {
      this.#isOver = true;
      this.#settle();
    };
    this.upward = new Pipe(agenda, delayMs, toServer, endOfServer);
    const toDevice = (bytes: Uint8Array): void => {
      if (this.open) listener.data(Buffer.from(bytes));
    };
    this.downward = new Pipe(agenda, delayMs, toDevice, () => this.#closed());
    server.on("data", (bytes: Buffer) => {
      this.#moved++;
      options.down(this);
      this.downward.send(bytes);
    });
    server.on("end", () => this.downward.end());
    server.on("close", () => this.downward.end());
    server.on("error", () => undefined);
    agenda.after(delayMs(), () => this.open && listener.opened());
  }

  send(bytes: Buffer): void {
    if (!this.open) return;
    this.#options.up(this);
    this.upward.send(bytes);
  }

  want(): void {}

  /** The device gives it up, or the network does. */
  close(): void {
    this.upward.end();
    this.#closed();
  }

  #closed(): void {
    if (!this.open) return;
    this.open = false;
    const { agenda, delayMs, listener } = this.#options;
    agenda.after(delayMs(), () => listener.closed());
  }

  #feed(): void {
    const { server } = this.#options;
    const record = this.#records.shift();
    if (!server.writable || (record === undefined && !this.#isOver)) return;
    this.#moved++;
    if (record === undefined) server.end();
    else server.write(record);
  }

  /** Time stands still until nothing moves between TLS and the server. */
  #settle(): void {
    this.#moved++;
    if (this.#isSettling) return;
    this.#isSettling = true;
    const still = async (): Promise<void> => {
      for (let last = -1, turns = 0; turns < STILL_TURNS || this.#options.isBusy(); turns++) {
        if (this.#moved !== last) turns = 0;
        last = this.#moved;
        this.#feed();
        await turn();
      }
      this.#isSettling = false;
    };
    this.#options.agenda.hold(still());
  }
}
