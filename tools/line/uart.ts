/** The wire between a module and a device: bytes take their time and arrive in pieces. */
import type { Clock } from "./clock.ts";
import type { Random } from "./random.ts";

/** One direction of a UART. Order is kept; when and in what pieces bytes arrive is not the sender's to choose. */
export class Uart {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #baud: number;
  readonly #deliver: (bytes: Buffer) => void;
  #queue: Buffer[] = [];
  #running = false;

  /** `baud` 0 is as fast as can be, still in pieces. */
  constructor(clock: Clock, random: Random, baud: number, deliver: (bytes: Buffer) => void) {
    this.#clock = clock;
    this.#random = random;
    this.#baud = baud;
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
    const most = this.#baud ? Math.max(1, Math.floor(this.#baud / 2500)) : 512;
    const length = Math.min(head.length, 1 + this.#random.below(most));
    const piece = head.subarray(0, length);
    this.#clock.after(this.#baud ? (length * 10_000) / this.#baud : 0, () => {
      if (this.#queue[0] === head) {
        if (length === head.length) this.#queue.shift();
        else this.#queue[0] = head.subarray(length);
        this.#deliver(piece);
      }
      this.#schedule();
    });
  }
}
