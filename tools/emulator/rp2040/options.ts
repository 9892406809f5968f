import type { Store } from "../../firmware/board.ts";
import type { Cut } from "./flash.ts";
import type { TraceOptions } from "./trace.ts";

/** The options of the emulator's process. */
export interface MachineOptions {
  readonly elf: string;
  readonly store: Store;
  readonly baud: number;
  /** Let the chip choose the rate of the module's UART: it is told to the parent, and bytes at any rate pass. */
  readonly anyBaud?: boolean;
  /** A server to connect to as the module; or a unix socket to listen on until the module's other end comes. */
  readonly module?:
    { readonly host: string; readonly port: number } | { readonly unix: string } | { readonly listen: string };
  readonly flash?: string;
  readonly entropy: string;
  readonly trace?: TraceOptions;
  readonly cut?: Cut;
}
