/** The wire between a module and a device: bytes take their time and arrive in pieces. */
import type { Clock } from "./clock.ts";
import type { Random } from "./random.ts";

/** One direction of a UART. Order is kept; when and in what pieces bytes arrive is not the sender's to choose. */
export class Uart {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #baud: () => number;
  readonly #deliver: (bytes: Buffer) => void;
  #queue: Buffer[] = [];
  #running = false;

  /** `baud` 0 is as fast as can be, still in pieces; it may change. */
  constructor(clock: Clock, random: Random, baud: number | (() => number), deliver: (bytes: Buffer) => void) {
    this.#clock = clock;
    this.#random = random;
    this.#baud = typeof baud === "number" ? () => baud : baud;
    this.#deliver = deliver;
  }

  /** Send bytes. */
  write(bytes: Buffer): void {
    if (bytes.length) this.#queue.push(bytes);
    if (!this.#running) this.#schedule();
  }

  /** Lose what is under way. */
  clear(): void {
    this.#queue = [];
  }

  #schedule(): void {
    const head = this.#queue[0];
    this.#running = head !== undefined;
    if (!head) return;
    // Ten bits a byte, in pieces of up to 4 ms, as a receiver that is not always looked at gives them out.
    const baud = this.#baud();
    const most = baud ? Math.max(1, Math.floor(baud / 2500)) : 512;
    const length = Math.min(head.length, 1 + this.#random.below(most));
    const piece = head.subarray(0, length);
    this.#clock.after(baud ? (length * 10_000) / baud : 0, () => {
      if (this.#queue[0] === head) {
        if (length === head.length) this.#queue.shift();
        else this.#queue[0] = head.subarray(length);
        this.#deliver(piece);
      }
      this.#schedule();
    });
  }
}

/** A receiver tells bits apart up to this difference of the rates. */
const TOLERANCE = 0.03;
/** One byte is misread as at most this many. */
const PIECES = 8;

/** The bytes that a receiver at one baud rate makes of those that were sent at another: noise, more or fewer. */
export function misread(bytes: Buffer, sentAt: number, readAt: number, random: Random): Buffer {
  const ratio = readAt / sentAt;
  if (Math.abs(ratio - 1) < TOLERANCE) return bytes;
  const length = Math.ceil(bytes.length * Math.min(ratio, PIECES));
  return Buffer.from(Array.from({ length }, () => random.below(256)));
}
