/** A board as data, for the compilers, the linker and the emulator. */
import { readdirSync, existsSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { Trouble } from "../trouble.ts";
import { loadModule, moduleFile } from "./modules.ts";
import { PROJECT, ROOT } from "./root.ts";

export const KiB = 1024;

export interface Region {
  readonly origin: number;
  readonly bytes: number;
}

/** The pages kept for Signet's data; page 0 is the factory page. */
export interface Store {
  readonly origin: number;
  readonly pageBytes: number;
  readonly pages: number;
  /**
   * Only the first `used` bytes of each `of` bytes of flash hold data, for flash that takes few writes between erasures;
   * `pageBytes` counts the data. All bytes of flash, one after the other, if it is missing.
   */
  readonly spread?: { readonly of: number; readonly used: number };
  /** Erasures of a page that the chip's maker guarantees; none if it does not wear. */
  readonly endurance?: number;
}

/** Start of QEMU for the board. */
export interface Emulated {
  readonly machine: string;
  /** Size of the machine's RAM that holds the store, where QEMU can keep it in a file. */
  readonly storeRam?: string;
  /** The store lies in the chip's flash, which QEMU forgets: the emulator saves it at the end and puts it back. */
  readonly storeBySnapshot?: boolean;
  /** Console lines come by semihosting, because the chip has one UART only. */
  readonly consoleBySemihosting?: boolean;
  /** Serial ports, from 0, of the module and of the console; 0 and 1 by default. */
  readonly serials?: { readonly module: number; readonly console: number };
  /** True if the chip lacks it, so that a device makes no key on it. */
  readonly lacks?: string;
  /** Instructions that a tick of the lab's counter lasts under `-icount shift=0`. */
  readonly instructionsPerTick: number;
}

/** The lock against reading the chip by its debug port, or the reason why there is none. */
export type Lock =
  | {
      /** The settings, in the words of the chip's manual. */
      readonly what: string;
      /** OpenOCD's commands that set it, on a halted chip. */
      readonly openocd: readonly string[];
      /** The way to undo it, and its cost. */
      readonly undo: string;
      /** Known attacks against it: tools/flash/README.md names the sources. */
      readonly bypass: string;
      /** A stronger, irreversible one. */
      readonly final?: { readonly what: string; readonly openocd: readonly string[]; readonly bypass: string };
    }
  | { readonly none: string };

/** Access of a probe to the chip: see tools/flash. */
export interface Probed {
  /** OpenOCD's script of the chip, from its own scripts. */
  readonly openocd: string;
  /** pyOCD's name of the chip, if it has one. */
  readonly pyocd?: string;
  /** Console lines come by semihosting, through the probe, and not by a UART. */
  readonly consoleByProbe?: boolean;
  readonly lock: Lock;
}

export interface Board {
  readonly cpu: "cortex-m0" | "cortex-m0plus" | "cortex-m3" | "cortex-m4" | "cortex-m7" | "cortex-m33";
  /** Folder of `boards/chips/` with the drivers. */
  readonly chip: string;
  /** Other folders there: drivers that the chip has in common with its relatives. */
  readonly drivers?: readonly string[];
  readonly clockHz: number;
  readonly flash: Region;
  readonly ram: Region;
  readonly store: Store;
  /**
   * True if the board has no source of noise (an emulator may lend one), or a weak one (`use` then has NOISE_IS_WEAK): each
   * device needs a seed in its factory page.
   */
  readonly seedRequired?: true;
  /** Limits: above any of these the build fails. `stack` is also reserved. */
  readonly budget: { readonly flash: number; readonly linear: number; readonly stack: number };
  /** Compile-time choices handed to asc as `--use` and to gcc as `-D`: those of `choices.ts`, sizes of `assembly/config.ts`, those of `assembly/crypto`. */
  readonly use: Readonly<Record<string, number>>;
  /** More macros for this board's C. */
  readonly defines?: Readonly<Record<string, string | number>>;
  readonly qemu?: Emulated;
  /** The board is a Pico, which rp2040js runs (`tools/emulator/rp2040`). */
  readonly rp2040js?: true;
  /** Missing where there is no such chip, only an emulated one. */
  readonly probe?: Probed;
}

/** The folders with the chip's C. */
export function chipFolders({ chip, drivers = [] }: Pick<Board, "chip" | "drivers">): string[] {
  return [chip, ...drivers].map((name) => `boards/chips/${name}`);
}

/** The folders of boards: the project's own board comes before one of the same name in Signet. */
const PLACES = [...new Set([PROJECT, ROOT])].map((folder) => join(folder, "boards"));

/** The file with a board's data. */
function fileOf(name: string): string | undefined {
  return PLACES.flatMap((place) => moduleFile(join(place, name, "board")) ?? [])[0];
}

/** The folder of a board from the root: its C files are part of the board's images. */
export function boardFolder(name: string): string {
  return relative(ROOT, dirname(fileOf(name) ?? ""));
}

/** The names of all boards: the folders of `boards/` that have a board.ts. */
export function boardNames(): string[] {
  const all = PLACES.filter((place) => existsSync(place)).flatMap((place) => readdirSync(place));
  return [...new Set(all)].filter((name) => fileOf(name) !== undefined).toSorted();
}

/** Load one board's data. */
export async function loadBoard(name: string): Promise<Board> {
  const file = /^[\w.-]+$/.test(name) ? fileOf(name) : undefined;
  if (file === undefined) {
    throw new Trouble(`there is no board "${name}"`, `boards are: ${boardNames().join(", ")}`);
  }
  return (await loadModule<{ default: Board }>(file)).default;
}
