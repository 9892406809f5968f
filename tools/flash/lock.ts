/** `signet lock`: end reading out by the debug port, as the board's data says. */
import { loadBoard } from "../build/board.ts";
import { Trouble } from "../trouble.ts";
import type { Bench } from "./flash.ts";
import * as probes from "./probe.ts";

/** What a person must know before. */
export function warning(board: string, what: string, undo: string): string {
  return [
    `This locks the debug port of this ${board}.`,
    `  sets    ${what}`,
    `  undone  by ${undo}`,
    "A locked chip can not be flashed, inspected or debugged. It keeps an owner with a debugger from its key; it is",
    "no proof against one with a laboratory: see SECURITY.md.",
  ].join("\n");
}

/** Lock a board; without `yes` only say what that means. Throws Trouble where it can not be. */
export async function lock(name: string, bench: Bench, yes: boolean, say: (text: string) => void): Promise<void> {
  const board = await loadBoard(name);
  const data = board.probe?.lock;
  if (!data)
    throw new Trouble(`nothing is known of locking ${name}`, "boards/README.md lists the boards with a real chip");
  if ("none" in data)
    throw new Trouble(`${name} can not be locked: ${data.none}`, "see SECURITY.md for what that means");
  say(warning(name, data.what, data.undo));
  if (!yes) throw new Trouble("nothing was done", "give --yes to do it");
  const probe = await probes.open(bench.probe, board, name, bench.adapter);
  try {
    await probe.lock();
  } finally {
    probe.close();
  }
  say("locked; it holds from the next time that power comes");
}
