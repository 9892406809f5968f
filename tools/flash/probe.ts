/** A probe: what writes a chip's memory and resets it. */
import type { Board, Probed } from "../build/board.ts";
import { Trouble } from "../trouble.ts";
import * as gdbServer from "./gdb_server.ts";
import type { Segment } from "./hex.ts";
import * as openocd from "./openocd.ts";
import * as pyocd from "./pyocd.ts";

/** Called as bytes are written, with their sum so far. */
export type Progress = (written: number) => void;

export interface Probe {
  /** What it is, for people. */
  readonly name: string;
  /** Erase, write, read back and compare. The chip is left halted, or running what is half written: reset it. */
  write(segments: readonly Segment[], progress: Progress): Promise<void>;
  /** Read memory; the chip is left halted. */
  read(address: number, len: number): Promise<Uint8Array>;
  /** Start the chip from the beginning, and let go of it. */
  reset(): Promise<void>;
  /** Start it, and hear its semihosting until `done` resolves; then let go of it. */
  listen(hear: (text: string) => void, done: Promise<unknown>): Promise<void>;
  /** Run the commands with which its board is locked. */
  lock(openocd: readonly string[]): Promise<void>;
  /** Let go, whatever it is doing. */
  close(): void;
}

/** How a person names one. */
export type Choice = "auto" | "openocd" | "pyocd" | { readonly host: string; readonly port: number };

const PACKAGES = "apt-get install openocd (or python3-pyocd), plug the probe in, or give --probe gdb://host:port";

/** `auto`, `openocd`, `pyocd` or `gdb://host:port`; undefined if it is none of them. */
export function choice(text: string): Choice | undefined {
  if (text === "auto" || text === "openocd" || text === "pyocd") return text;
  const match = /^gdb:\/\/(\[[0-9a-fA-F:]+\]|[\w.-]+):(\d{1,5})$/.exec(text);
  const port = Number(match?.[2]);
  return match && port > 0 && port < 65536 ? { host: match[1]!.replace(/^\[|\]$/g, ""), port } : undefined;
}

/** What the board's data says of probes. */
function probed(board: Board, name: string): Probed {
  if (board.probe) return board.probe;
  throw new Trouble(`no chip of ${name} is known to OpenOCD or pyOCD`, "give --probe gdb://host:port");
}

/** Get a probe ready. `auto` takes the first program that finds one plugged in. Throws Trouble. */
export async function open(chosen: Choice, board: Board, name: string, adapterScript?: string): Promise<Probe> {
  if (typeof chosen === "object") return gdbServer.open(chosen, board);
  const data = probed(board, name);
  if (adapterScript !== undefined) return openocd.open(data, openocd.adapterOf(adapterScript));
  if (chosen === "openocd") return openocd.open(data);
  if (chosen === "pyocd") return pyocd.open(data);
  const adapter = await openocd.findAdapter(data).catch(() => undefined);
  if (adapter) return openocd.open(data, adapter);
  if (data.pyocd && (await pyocd.isPlugged().catch(() => false))) return pyocd.open(data);
  throw new Trouble("no probe was found by OpenOCD or pyOCD", PACKAGES);
}
