/** The machine of QEMU that runs the example of an export. */
import { type Board, loadBoard } from "../firmware/board.ts";

/** The board whose data tells where its memory is, and the folder with the port of its UART, clock and store. */
interface Machine {
  readonly board: string;
  readonly folder: string;
  readonly texts?: Readonly<Record<string, string>>;
}

const MPS2 = "boards/library/machines/mps2";
const AN385: Machine = { board: "mps2-an385", folder: MPS2, texts: { UART: "0x40004000", UART_INTERRUPT: "0" } };
const MICROBIT: Machine = { board: "microbit", folder: "boards/library/machines/microbit" };

/** A Cortex-M3 runs the code of a Cortex-M0 that takes more than the 16 KiB of RAM of QEMU's only machine with that core. */
const MACHINES: Readonly<Record<Board["cpu"], Machine>> = {
  "cortex-m0": AN385,
  "cortex-m0plus": AN385,
  "cortex-m3": AN385,
  "cortex-m4": { ...AN385, board: "mps2-an386" },
  "cortex-m7": { ...AN385, board: "mps2-an500" },
  "cortex-m33": { board: "mps2-an505", folder: MPS2, texts: { UART: "0x50200000", UART_INTERRUPT: "32" } },
};

/** Memory of the example on a machine that has more. */
const MOST = { flash: 256 * 1024, ram: 64 * 1024 };

/** The choices of an export on which its example depends. */
interface Choices {
  readonly core: Board["cpu"];
  /** Bytes of a record of TLS. */
  readonly records: number;
  readonly pageBytes: number;
  readonly pages: number;
}

interface Example {
  /** The folder with its port. */
  readonly folder: string;
  /** The texts for `@NAME@` in its files. */
  readonly texts: Readonly<Record<string, string>>;
}

/** Choose the machine of an example. */
export async function exampleOf({ core, records, pageBytes, pages }: Choices): Promise<Example> {
  const machine = core === "cortex-m0" && records === 512 ? MICROBIT : MACHINES[core];
  const { flash, ram, store, clockHz }: Board = await loadBoard(machine.board);
  const hex = (value: number): string => `0x${value.toString(16).padStart(8, "0")}`;
  const storeBytes = pageBytes * pages;
  const end = flash.origin + flash.bytes;
  // The store is in the same flash, at its end, or in a memory of its own.
  const isBehind = store.origin === end;
  const origin = isBehind ? end + store.pageBytes * store.pages - storeBytes : store.origin;
  const texts = {
    MACHINE: machine.board,
    FLASH: hex(flash.origin),
    FLASH_BYTES: String(isBehind ? origin - flash.origin : MOST.flash),
    RAM: hex(ram.origin),
    RAM_BYTES: String(Math.min(ram.bytes, MOST.ram)),
    STORE: hex(origin),
    STORE_BYTES: String(storeBytes),
    CLOCK_HZ: String(clockHz),
    ...machine.texts,
  };
  return { folder: machine.folder, texts };
}
