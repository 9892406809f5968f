/** A probe: writes a chip's memory and resets it. */
import type { Segment } from "./hex.ts";

/** Called as bytes are written, with their sum so far. */
export type Progress = (written: number) => void;

export interface Probe {
  /** Its name for the user. */
  readonly name: string;
  /** Erase, write, read back and compare. The chip stays halted, or runs half an image: reset it. */
  write(segments: readonly Segment[], progress: Progress): Promise<void>;
  /** Read memory; the chip stays halted. */
  read(address: number, len: number): Promise<Uint8Array>;
  /** Start the chip from the beginning, and let go of it. */
  reset(): Promise<void>;
  /** Start it, and read its semihosting until `done` resolves; then disconnect. */
  listen(hear: (text: string) => void, done: Promise<unknown>): Promise<void>;
  /** Run the commands with which its board is locked. */
  lock(openocd: readonly string[]): Promise<void>;
  /** Disconnect at once, in any state. */
  close(): void;
}
