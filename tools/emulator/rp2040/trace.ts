/**
 * Hashes what a region of the firmware executes: every instruction's address and cycles, and every data address with its
 * direction and size. It answers like `tests/ct/trace.c` does for QEMU, with the cycles of the region as a third figure.
 */
import { appendFileSync, writeFileSync } from "node:fs";
import type { Chip } from "./chip.ts";

export interface TraceOptions {
  /** Addresses of the region's first instruction, and of the first behind it. */
  readonly begin: number;
  readonly end: number;
  /** A line `instructions accesses cycles hashes` is appended for each region. */
  readonly out: string;
  /** Each event, kind and address as two words; kind 0 ends a region. */
  readonly dump?: string;
}

/** Two hashes of 32 bits; each step is a bijection of both, so that one difference is never lost again. */
class Hash {
  private a = 1;
  private b = 2;

  fold(word: number): void {
    this.a = Math.imul(this.a ^ word, 0x9e37_79b1);
    this.a ^= this.a >>> 15;
    this.b = Math.imul((this.b << 7) | (this.b >>> 25), 0x85eb_ca6b) ^ word;
  }

  toString(): string {
    return [this.a, this.b].map((half) => (half >>> 0).toString(16).padStart(8, "0")).join("");
  }
}

export class Trace {
  private readonly options: TraceOptions;
  private inside = false;
  private instructions = 0;
  private accesses = 0;
  private cycles = 0;
  private code = new Hash();
  private data = new Hash();
  private events: number[] = [];

  constructor(options: TraceOptions) {
    this.options = options;
    writeFileSync(options.out, "");
    if (options.dump !== undefined) writeFileSync(options.dump, "");
  }

  /** Run one instruction of the chip under watch; returns its cycles. */
  run(chip: Chip): number {
    const pc = chip.core.PC;
    if (pc === this.options.begin) this.begin(chip);
    if (this.inside && pc === this.options.end) this.finish(chip);
    if (!this.inside) return chip.run();
    this.note(1, pc);
    const cycles = chip.run();
    this.instructions++;
    this.cycles += cycles;
    this.code.fold(pc);
    this.code.fold(cycles);
    return cycles;
  }

  private note(kind: number, at: number): void {
    if (this.options.dump !== undefined) this.events.push(kind, at);
  }

  private begin(chip: Chip): void {
    this.inside = true;
    this.instructions = this.accesses = this.cycles = 0;
    this.code = new Hash();
    this.data = new Hash();
    chip.watch = (address, shift, isStore) => {
      const kind = (shift << 1) | Number(isStore);
      this.accesses++;
      this.data.fold(kind);
      this.data.fold(address);
      this.note(2 + kind, address);
    };
  }

  private finish(chip: Chip): void {
    this.inside = false;
    chip.watch = undefined;
    const { out, dump } = this.options;
    appendFileSync(out, `${this.instructions} ${this.accesses} ${this.cycles} ${this.code} ${this.data}\n`);
    if (dump === undefined) return;
    appendFileSync(dump, Buffer.from(Uint32Array.from([...this.events, 0, 0]).buffer));
    this.events = [];
  }
}
