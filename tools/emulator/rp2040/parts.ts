import type { RP2040 } from "rp2040js";
import type { Cut, Flash } from "./flash.ts";

/** Source of randomness: one bit at a time. */
export type BitSource = () => number;

/** The parts of a chip. */
export interface Parts {
  readonly flash: Flash;
  readonly bit: BitSource;
  /** When power goes. */
  readonly cut?: Cut;
  /** Called with faults that the chip or its model finds. */
  readonly complain: (what: string) => void;
}

/** The functions of the chip that the bootrom needs. */
export interface Flashed extends RP2040 {
  /** Take `len` bytes at `at` from the flash again: they have changed. */
  reflash(at: number, len: number): void;
}
