/** The list of probes: the one that the user names, or the connected one. */
import type { Board, Probed } from "../firmware/board.ts";
import { Trouble } from "../trouble.ts";
import * as gdbServer from "./gdb_server.ts";
import * as openocd from "./openocd.ts";
import type { Probe } from "./probe.ts";
import * as pyocd from "./pyocd.ts";

/** The user's name for it. */
export type Choice = "auto" | "openocd" | "pyocd" | { readonly host: string; readonly port: number };

const PACKAGES = "apt-get install openocd (or python3-pyocd), plug the probe in, or give --probe gdb://host:port";

/** `auto`, `openocd`, `pyocd` or `gdb://host:port`; undefined if it is none of them. */
export function choice(text: string): Choice | undefined {
  if (text === "auto" || text === "openocd" || text === "pyocd") return text;
  const match = /^gdb:\/\/(\[[0-9a-fA-F:]+\]|[\w.-]+):(\d{1,5})$/.exec(text);
  const port = Number(match?.[2]);
  return match && port > 0 && port < 65536 ? { host: match[1]!.replace(/^\[|\]$/g, ""), port } : undefined;
}

/** The board's data about probes. */
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
  throw new Trouble("OpenOCD and pyOCD find no probe", PACKAGES);
}
