/**
 * One device: the firmware's wasm with modelled ports. It is started, turned, and reset from outside; its flash and its
 * epitaph outlive a reset, its memory does not.
 */
import { EVENTS, STREAM_STATES } from "../facts/device.ts";
import { names } from "../facts/table.ts";
import { Duplex } from "node:stream";
import { table } from "../generate/tables.js";
import type { Flash } from "./flash.ts";
import { PowerCut } from "./flash.ts";
import { GuestMqtt, type MqttExports } from "./mqtt.ts";
import type { Noise } from "./noise.ts";

/** The exports of the firmware. */
interface Exports extends MqttExports {
  readonly memory: WebAssembly.Memory;
  init(): void;
  poll(): number;
  outbox(): number;
  outboxBytes(): number;
  send(length: number): number;
  status(): number;
  streamName(): number;
  streamOpen(length: number, port: number): number;
  streamProtocol(): number;
  streamAsk(length: number): number;
  certificate(): number;
  streamState(): number;
  streamRoom(): number;
  streamOutbox(): number;
  streamSend(length: number): number;
  streamLeft(): number;
  streamInbox(): number;
  streamTake(length: number): number;
  linkFault(): number;
  streamRekey(): number;
  streamClose(): void;
}

const EVENT_NAMES = names(EVENTS);
const STREAM_STATE_NAMES = names(STREAM_STATES);
export type StreamState = keyof typeof STREAM_STATES;

/** The firmware gave up and reset itself. */
class Death extends Error {}

export interface DeviceEvent {
  readonly name: string;
  readonly data: Uint8Array;
}

export interface GuestOptions {
  readonly firmware: WebAssembly.Module;
  readonly flash: Flash;
  readonly noise: Noise;
  readonly board?: string;
  /** Milliseconds, from any start; the host's clock if it is not given. */
  readonly clock?: () => number;
  /** The measurement of channel 0, in thousandths. */
  readonly sensor?: () => number;
  readonly onEvent?: (event: DeviceEvent) => void;
  /** Bytes for the module, as they leave. Takes all of them. */
  readonly onUart?: (bytes: Uint8Array) => void;
  /** Further imports, of firmware that a test has instrumented; they are given its exports. */
  readonly imports?: (exports: () => WebAssembly.Exports) => WebAssembly.Imports;
  /** A line of the module: its power, or its reset. */
  readonly onLine?: (line: "power" | "reset", isOn: boolean) => void;
  /** The device asks for a baud rate of its UART, 0: the board's own. False, and without it: the board has no other. */
  readonly onBaud?: (rate: number) => boolean;
}

/** Bytes that a UART's receive buffer holds before it loses some. */
const UART_BYTES = 1 << 16;

export class Guest {
  readonly flash: Flash;
  noise: Noise;
  /** The cause of the last end; empty if there is none. */
  epitaph = "";
  /** When it last fed its watchdog, by its clock. */
  fedMs = 0;
  /** Resets that the firmware made itself. */
  deaths = 0;
  onUart: ((bytes: Uint8Array) => void) | undefined;
  readonly events: DeviceEvent[] = [];
  readonly #options: GuestOptions;
  readonly #clock: () => number;
  #exports: Exports | undefined;
  #bootedMs = 0;
  #received: Uint8Array = new Uint8Array(0);
  #wake: () => void = () => {};

  constructor(options: GuestOptions) {
    this.#options = options;
    this.#clock = options.clock ?? (() => performance.now());
    this.flash = options.flash;
    this.noise = options.noise;
    this.onUart = options.onUart;
  }

  /** Switch on, or reset: memory is as new. Throws PowerCut if the flash says so. */
  boot(): void {
    this.#received = new Uint8Array(0);
    this.#bootedMs = this.#clock();
    const further: WebAssembly.Imports | undefined = this.#options.imports?.(() => instance.exports);
    const instance: WebAssembly.Instance = new WebAssembly.Instance(this.#options.firmware, {
      ...this.#imports(),
      ...further,
    });
    this.#exports = instance.exports as unknown as Exports;
    this.#live(() => this.#exports!.init());
  }

  /** Take the power away: the next turn is a new start. */
  reset(): void {
    this.#exports = undefined;
  }

  /** One turn of the main loop; returns after how many ms the next is wanted. After it died, a turn is its new start. */
  turn(): number {
    if (this.#exports === undefined) {
      this.boot();
      return 0;
    }
    return this.#live(() => this.#exports!.poll()) ?? 0;
  }

  /** Send application data, as a C program would; returns the status. */
  send(data: Uint8Array): number {
    const { memory, outbox, outboxBytes, send } = this.#running();
    const at = outbox();
    if (at !== 0 && data.length <= outboxBytes()) new Uint8Array(memory.buffer).set(data, at);
    return send(data.length);
  }

  /** True if it is switched on: a turn or `boot` does that. */
  get isOn(): boolean {
    return this.#exports !== undefined;
  }

  /** State of the device. */
  status(): number {
    return this.#running().status();
  }

  /** Ask for a stream, as a C program would; returns the status. */
  openStream(host = "", port = 0): number {
    const { memory, streamName, streamOpen } = this.#running();
    new Uint8Array(memory.buffer).set(Buffer.from(host), streamName());
    return streamOpen(host.length, port);
  }

  /** Ask for an application protocol on each stream from now on; returns the status. */
  askProtocol(name: string): number {
    const { memory, streamProtocol, streamAsk } = this.#running();
    const place = streamProtocol();
    if (place) new Uint8Array(memory.buffer).set(Buffer.from(name).subarray(0, 32), place);
    return streamAsk(name.length);
  }

  /** The certificate of its key on P-256; a status if there is none. */
  certificate(): Uint8Array | number {
    const { memory, outbox, certificate } = this.#running();
    const at = outbox();
    const length = certificate();
    return length < 0 ? length : new Uint8Array(memory.buffer).slice(at, at + length);
  }

  /** State of the stream. */
  streamState(): StreamState {
    return STREAM_STATE_NAMES.get(this.#running().streamState())!;
  }

  /** Send bytes in the stream; returns how many were taken. */
  writeStream(data: Uint8Array): number {
    const { memory, streamRoom, streamOutbox, streamSend } = this.#running();
    const taken = data.subarray(0, streamRoom());
    new Uint8Array(memory.buffer).set(taken, streamOutbox());
    const sent = streamSend(taken.length);
    this.#wake();
    return sent;
  }

  /** Bytes that have arrived in the stream, up to the end of a record. */
  readStream(): Uint8Array {
    const { memory, streamLeft, streamInbox, streamTake } = this.#running();
    const at = streamInbox();
    const bytes = new Uint8Array(memory.buffer).slice(at, at + streamLeft());
    streamTake(bytes.length);
    if (bytes.length > 0) this.#wake();
    return bytes;
  }

  /** Change the stream's keys; returns the status. */
  rekeyStream(): number {
    return this.#running().streamRekey();
  }

  /** End the stream. */
  closeStream(): void {
    this.#running().streamClose();
    this.#wake();
  }

  /** Its memory itself, for tests that damage it. */
  memory(): Uint8Array {
    return new Uint8Array(this.#running().memory.buffer);
  }

  /** The client of MQTT, as a C program has it. */
  get mqtt(): GuestMqtt {
    return new GuestMqtt(this.#running(), () => this.#wake());
  }

  /** A copy of its whole memory: what an attacker with a probe sees. */
  dump(): Uint8Array {
    return new Uint8Array(this.#running().memory.buffer).slice();
  }

  /** Bytes from the module. */
  receive(bytes: Uint8Array): void {
    const joined = new Uint8Array(Math.min(UART_BYTES, this.#received.length + bytes.length));
    joined.set(this.#received);
    joined.set(bytes.subarray(0, joined.length - this.#received.length), this.#received.length);
    this.#received = joined;
    this.#wake();
  }

  /** Return the number of bytes from the module that wait to be read. */
  get waiting(): number {
    return this.#received.length;
  }

  /** The other end of its UART, for a module or a bridge. */
  port(): Duplex {
    const port = new Duplex({
      read() {},
      write: (bytes: Buffer, _encoding, done) => {
        this.receive(bytes);
        done();
      },
    });
    this.onUart = (bytes) => port.push(Buffer.from(bytes));
    return port;
  }

  /** Turn in real time until `signal` says stop. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const ms = this.turn();
      await new Promise<void>((resume) => {
        const timer = setTimeout(resume, this.waiting > 0 ? 0 : ms);
        this.#wake = () => {
          clearTimeout(timer);
          resume();
        };
      });
    }
  }

  #running(): Exports {
    if (this.#exports === undefined) throw new Error("the device is not switched on");
    return this.#exports;
  }

  /** Run guest code; what it dies of is its epitaph. */
  #live<T>(work: () => T): T | undefined {
    try {
      return work();
    } catch (error) {
      if (error instanceof PowerCut) throw error;
      if (error instanceof Death) this.epitaph = error.message;
      else if (error instanceof WebAssembly.RuntimeError) this.epitaph = `trap ${error.message}`.slice(0, 64);
      else throw error;
    }
    this.deaths++;
    this.#exports = undefined;
    return undefined;
  }

  #imports(): WebAssembly.Imports {
    const { flash } = this;
    const at = (from: number, length: number): Uint8Array =>
      new Uint8Array(this.#exports!.memory.buffer, from >>> 0, length >>> 0);
    const put = (out: number, bytes: Uint8Array): number => {
      at(out, bytes.length).set(bytes);
      return bytes.length;
    };
    /** Page 0 is the factory's: to change it is a trap, as on a board. */
    const own = (place: number): number => {
      if (place < flash.shape.pageBytes)
        throw new WebAssembly.RuntimeError("the guest must not write the factory page");
      return place;
    };
    const text = (value: string, max: number): Uint8Array => Buffer.from(value, "ascii").subarray(0, max);
    return {
      clock: { ms: () => Math.trunc(this.#clock() - this.#bootedMs) | 0 },
      entropy: {
        quality: () => this.noise.quality,
        read: (out: number, max: number) => put(out, this.noise.read(max)),
      },
      flash: {
        pageBytes: () => flash.shape.pageBytes,
        pages: () => flash.shape.pages,
        read: (out: number, from: number, length: number) => void put(out, flash.read(from, length)),
        program: (to: number, data: number, length: number) => Number(!flash.program(own(to), at(data, length))),
        erase: (from: number) => Number(!flash.erase(own(from))),
      },
      module: {
        power: (on: number) => this.#options.onLine?.("power", on !== 0),
        reset: (held: number) => this.#options.onLine?.("reset", held !== 0),
      },
      sensor: { read: () => this.#options.sensor?.() ?? 21_500 },
      system: {
        board: (out: number, max: number) => put(out, text(this.#options.board ?? "virtual", max)),
        epitaph: (out: number, max: number) => put(out, text(this.epitaph, max)),
        bury: () => {
          this.epitaph = "";
        },
        progress: () => {
          this.fedMs = this.#clock();
        },
        die: (code: number) => {
          throw new Death(`die ${code.toString(16)}`);
        },
        event: (code: number, data: number, length: number) => {
          const event = { name: EVENT_NAMES.get(code) ?? `event-${code}`, data: at(data, length).slice() };
          this.events.push(event);
          this.#options.onEvent?.(event);
        },
      },
      table,
      uart: {
        baud: (rate: number) => Number(this.#options.onBaud?.(rate) ?? false),
        read: (out: number, max: number) => {
          const length = put(out, this.#received.subarray(0, max));
          this.#received = this.#received.subarray(length);
          return length;
        },
        write: (data: number, length: number) => {
          this.onUart?.(at(data, length).slice());
          return length;
        },
      },
    };
  }
}
