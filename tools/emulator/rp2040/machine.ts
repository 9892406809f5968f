/** A Pico with power: the chip, its reset, its two UARTs, and time. */
import { closeSync, openSync, readSync } from "node:fs";
import { Chip, type Remains, Reset } from "./chip.ts";
import type { BitSource, Parts } from "./parts.ts";
import type { Trace } from "./trace.ts";

/** Cycles between two looks at the world. */
const SLICE_CYCLES = 100_000;

/** GPIO function that is a UART, and the pins of both (§1.4.3). */
const UART_FUNCTION = 2;
const MODULE = { tx: 0, rx: 1, rts: 3 };
const CONSOLE = { tx: 4 };

/** RTS is raised while the receiver's FIFO holds as much (§4.2.4: the trigger level, half of 32). */
const RTS_LEVEL = 16;
const FIFO_BYTES = 32;
const RTS_ENABLE = 1 << 14;
const BITS_PER_BYTE = 10;

export interface Wires {
  /** A byte for the module. */
  readonly toModule: (byte: number) => void;
  readonly toConsole: (byte: number) => void;
  /** The rate of both lines; bytes at another rate are garbage. */
  readonly baud: number;
  /** Takes each rate that the chip chooses for the module's UART, whose bytes then pass at any. */
  readonly onBaud?: (rate: number) => void;
}

/** The random bits of a file, from its start again when it ends; none, and so ones for ever, if it cannot be read. */
export function bitsOf(path: string): BitSource {
  const buffer = Buffer.alloc(4096);
  let [have, bit] = [0, 0];
  const fill = (): void => {
    [have, bit] = [0, 0];
    try {
      const file = openSync(path, "r");
      have = readSync(file, buffer);
      closeSync(file);
    } catch {
      have = 0;
    }
  };
  return () => {
    if (bit >= have * 8) fill();
    if (have === 0) return 1;
    const value = ((buffer[bit >>> 3] ?? 0) >>> (bit & 7)) & 1;
    bit++;
    return value;
  };
}

interface Clock {
  readonly nanos: number;
  readonly nanosToNextAlarm: number;
  tick(nanos: number): void;
  createAlarm(callback: () => void): { schedule(nanos: number): void };
}

export class Machine {
  private chip: Chip;
  private readonly parts: Parts;
  private readonly wires: Wires;
  private readonly trace: Trace | undefined;
  private incoming: Buffer[] = [];
  private arriving = false;
  private alarm: { schedule(nanos: number): void };

  constructor(parts: Parts, wires: Wires, trace?: Trace) {
    this.parts = parts;
    this.wires = wires;
    this.trace = trace;
    this.chip = this.power();
    this.alarm = this.line();
  }

  private get clock(): Clock {
    return this.chip.clock as unknown as Clock;
  }

  /** Nanoseconds of the chip's own time since its reset. */
  get nanos(): number {
    return this.clock.nanos;
  }

  private power(remains?: Remains): Chip {
    const chip = new Chip(this.parts, remains);
    const understood = (uart: { baudRate: number }): boolean => Math.abs(uart.baudRate / this.wires.baud - 1) < 0.03;
    const [module, console] = chip.uart;
    if (!module || !console) throw new Error("the chip has two UARTs");
    const { onBaud } = this.wires;
    module.onByte = (byte) => {
      const isHeard = onBaud !== undefined || understood(module);
      if (chip.gpio[MODULE.tx]?.functionSelect === UART_FUNCTION && isHeard) this.wires.toModule(byte);
    };
    module.onBaudRateChange = (rate) => onBaud?.(rate);
    console.onByte = (byte) => {
      if (chip.gpio[CONSOLE.tx]?.functionSelect === UART_FUNCTION && understood(console)) this.wires.toConsole(byte);
    };
    return chip;
  }

  /** Deliver the module's bytes to the chip, each in its time. */
  private line(): { schedule(nanos: number): void } {
    this.arriving = false;
    return this.clock.createAlarm(() => this.arrive());
  }

  /** Bytes from the module. */
  receive(bytes: Buffer): void {
    this.incoming.push(bytes);
    if (!this.arriving) this.next();
  }

  private next(): void {
    this.arriving = this.incoming.length > 0;
    const baud = this.wires.onBaud ? (this.chip.uart[0]?.baudRate ?? 0) : this.wires.baud;
    if (this.arriving) this.alarm.schedule((BITS_PER_BYTE / (baud || this.wires.baud)) * 1e9);
  }

  /** One byte reaches the receiver, unless RTS holds it back. A receiver that is full loses it. */
  private arrive(): void {
    const head = this.incoming[0];
    const uart = this.chip.uart[0];
    if (!head || !uart) return this.next();
    const { rxFIFO, ctrlRegister } = uart as unknown as { rxFIFO: { itemCount: number }; ctrlRegister: number };
    const pin = (number: number): boolean => this.chip.gpio[number]?.functionSelect === UART_FUNCTION;
    const hears = uart.enabled && uart.rxEnabled && pin(MODULE.rx);
    const holds = pin(MODULE.rts) && (ctrlRegister & RTS_ENABLE) !== 0 && rxFIFO.itemCount >= RTS_LEVEL;
    if (!holds) {
      if (hears && rxFIFO.itemCount < FIFO_BYTES) uart.feedByte(head[0] ?? 0);
      if (head.length === 1) this.incoming.shift();
      else this.incoming[0] = head.subarray(1);
    }
    this.next();
  }

  /** Run for a while; return the idle time that follows in nanoseconds, 0: none. */
  run(): number {
    try {
      return this.slice();
    } catch (error) {
      if (!(error instanceof Reset)) throw error;
      this.chip = this.power(this.chip.remains(error.message === "watchdog"));
      this.alarm = this.line();
      if (this.incoming.length > 0) this.next();
      return 0;
    }
  }

  private slice(): number {
    const { chip, clock, trace } = this;
    const { core } = chip;
    for (let cycles = 0; cycles < SLICE_CYCLES;) {
      if (chip.locked) return clock.nanosToNextAlarm;
      if (core.waiting) {
        if (!chip.woken) return clock.nanosToNextAlarm;
        core.waiting = false;
      }
      const took = trace ? trace.run(chip) : chip.run();
      cycles += took;
      clock.tick((took * 1e9) / chip.clkSys);
    }
    return 0;
  }

  /** Let time pass in which the core sleeps. */
  pass(nanos: number): void {
    try {
      this.clock.tick(nanos);
    } catch (error) {
      if (!(error instanceof Reset)) throw error;
      this.chip = this.power(this.chip.remains(error.message === "watchdog"));
      this.alarm = this.line();
      if (this.incoming.length > 0) this.next();
    }
  }
}
