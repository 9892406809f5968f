/** Flash as chips have it: erasing sets a page's bits, programming only clears them, and power goes at the worst moment. */

/** The power went. The next start finds the flash as it is now. */
export class PowerCut extends Error {
  constructor() {
    super("the power failed");
  }
}

export interface FlashShape {
  readonly pageBytes: number;
  /** The factory page included. */
  readonly pages: number;
  /** Bytes programmed at once: a word by default. Units of 8 have a code that detects torn ones: these read as 0. */
  readonly unitBytes?: 4 | 8;
}

/** Moment of the cut in an operation: before it, half-way through it, or right after it. */
export const MOMENTS = ["before", "within", "after"] as const;
export type Moment = (typeof MOMENTS)[number];

export class Flash {
  readonly shape: FlashShape;
  readonly bytes: Uint8Array;
  /** Number of erasures of each page. */
  readonly erasures: number[];
  /** Programmed units and erased pages so far: what a cut can fall on. */
  operations = 0;
  /** The power goes at the operation of this number. */
  cut: { operation: number; moment: Moment } | undefined;
  /** Pages whose programming fails: worn out. */
  readonly broken = new Set<number>();
  #random: number;

  constructor(shape: FlashShape, seed = 1) {
    this.shape = shape;
    this.bytes = new Uint8Array(shape.pageBytes * shape.pages).fill(0xff);
    this.erasures = Array.from({ length: shape.pages }, () => 0);
    this.#random = seed;
  }

  /** Put the factory page in place, as a probe would. */
  provision(page: Uint8Array): void {
    this.bytes.fill(0xff, 0, this.shape.pageBytes);
    this.bytes.set(page, 0);
  }

  read(at: number, length: number): Uint8Array {
    this.#check(at, length, 1);
    return this.bytes.subarray(at, at + length);
  }

  /** Program what the port allows: 8 bytes and their multiples, erased before. Each unit is an operation. Returns whether it worked. */
  program(at: number, data: Uint8Array): boolean {
    this.#check(at, data.length, 8);
    if (this.broken.has(Math.floor(at / this.shape.pageBytes))) return false;
    if (this.bytes.subarray(at, at + data.length).some((byte) => byte !== 0xff))
      throw new RangeError(`flash: programmed again at ${at}`);
    const { unitBytes = 4 } = this.shape;
    for (let unit = 0; unit < data.length; unit += unitBytes) {
      const bits = data.subarray(unit, unit + unitBytes);
      this.#operate(
        () => this.bytes.set(bits, at + unit),
        // Torn: a random part of the bits to clear is cleared.
        () => {
          const isFound = unitBytes === 8 && this.#isOdd();
          bits.forEach((byte, i) => (this.bytes[at + unit + i] = isFound ? 0 : byte | this.#noise()));
        },
      );
    }
    return true;
  }

  erase(at: number): boolean {
    const { pageBytes } = this.shape;
    this.#check(at, pageBytes, pageBytes);
    const page = at / pageBytes;
    if (page === 0) throw new RangeError("the factory page is not the firmware's to erase");
    if (this.broken.has(page)) return false;
    this.erasures[page]!++;
    this.#operate(
      () => this.bytes.fill(0xff, at, at + pageBytes),
      // A page half erased: some words are blank, some have bits set that were clear, some are as they were.
      () => {
        for (let i = at; i < at + pageBytes; i++) {
          const fate = this.#noise() & 3;
          if (fate === 0) this.bytes[i] = 0xff;
          else if (fate === 1) this.bytes[i]! |= this.#noise();
        }
        if (this.shape.unitBytes !== 8) return;
        for (let unit = at; unit < at + pageBytes; unit += 8) if (this.#isOdd()) this.bytes.fill(0, unit, unit + 8);
      },
    );
    return true;
  }

  #operate(whole: () => void, half: () => void): void {
    const number = this.operations++;
    if (this.cut === undefined || number < this.cut.operation) return whole();
    // Code that still runs after the cut changes nothing.
    if (number === this.cut.operation && this.cut.moment === "within") half();
    if (number === this.cut.operation && this.cut.moment === "after") whole();
    throw new PowerCut();
  }

  #check(at: number, length: number, align: number): void {
    if (at < 0 || length < 0 || at + length > this.bytes.length || at % align !== 0 || length % align !== 0) {
      throw new RangeError(`flash: ${length} bytes at ${at}`);
    }
  }

  #isOdd(): boolean {
    return (this.#noise() & 1) === 1;
  }

  #noise(): number {
    this.#random = (Math.imul(this.#random, 1664525) + 1013904223) >>> 0;
    return this.#random >>> 24;
  }
}
