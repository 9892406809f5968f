/** The machine of QEMU that runs the example of an export. */
import { type Board, loadBoard } from "../firmware/board.ts";

/** The board whose data tells where its memory is, its first UART, and the interrupt of that UART's receiver. */
interface Machine {
  readonly board: string;
  readonly uart: number;
  readonly interrupt: number;
}

const AN385: Machine = { board: "mps2-an385", uart: 0x4000_4000, interrupt: 0 };

/** A Cortex-M3 runs the code of a Cortex-M0, whose only machine in QEMU has one UART and 16 KiB of RAM. */
const MACHINES: Readonly<Record<Board["cpu"], Machine>> = {
  "cortex-m0": AN385,
  "cortex-m0plus": AN385,
  "cortex-m3": AN385,
  "cortex-m4": { ...AN385, board: "mps2-an386" },
  "cortex-m7": { ...AN385, board: "mps2-an500" },
  "cortex-m33": { board: "mps2-an505", uart: 0x5020_0000, interrupt: 32 },
};

/** The texts for `@NAME@` in the example of a core. */
export async function exampleTexts(core: Board["cpu"]): Promise<Record<string, string>> {
  const { board: name, uart, interrupt } = MACHINES[core];
  const { flash, ram, store, clockHz } = await loadBoard(name);
  const hex = (value: number): string => `0x${value.toString(16).padStart(8, "0")}`;
  return {
    MACHINE: name,
    FLASH: hex(flash.origin),
    RAM: hex(ram.origin),
    STORE: hex(store.origin),
    CLOCK_HZ: String(clockHz),
    UART: hex(uart),
    UART_INTERRUPT: String(interrupt),
  };
}
