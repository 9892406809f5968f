/**
 * `signet lock`: end the readout by the debug port, according to the board's data, and print the known attacks against the
 * lock.
 */
import { type Lock, loadBoard } from "../firmware/board.ts";
import { Trouble } from "../trouble.ts";
import type { Bench } from "./flash.ts";
import * as probes from "./probes.ts";

export interface Options {
  readonly board: string;
  readonly bench: Bench;
  /** Do it; without, only the warning is shown. */
  readonly yes: boolean;
  /** The lock that nothing undoes. */
  readonly forGood: boolean;
  /** The board's name once more: such a lock requires it. */
  readonly confirm?: string | undefined;
}

type Lockable = Exclude<Lock, { none: string }>;

/** The warning before it. */
export function warning(board: string, lock: Lockable, forGood: boolean): string {
  const chosen = forGood ? lock.final! : lock;
  const undone = forGood
    ? "by nothing: the board can never be flashed again, nor sent back to its maker"
    : `by ${lock.undo}`;
  return [
    `This locks the debug port of this ${board}.`,
    `  sets    ${chosen.what}`,
    `  undone  ${undone}`,
    `  known   ${chosen.bypass}`,
    "A locked chip cannot be flashed, inspected or debugged. The lock makes it harder to read the key, but not impossible: see",
    "SECURITY.md.",
    ...(lock.final && !forGood ? [`--for-good sets ${lock.final.what} instead`] : []),
  ].join("\n");
}

/** Lock a board; without `yes` only print the consequences. Throw Trouble where it is impossible. */
export async function lock(options: Options, say: (text: string) => void): Promise<void> {
  const { board: name, bench, yes, forGood, confirm } = options;
  const board = await loadBoard(name);
  const data = board.probe?.lock;
  if (!data) throw new Trouble(`no lock is known for ${name}`, "boards/README.md lists the boards with a real chip");
  if ("none" in data)
    throw new Trouble(`${name} cannot be locked: ${data.none}`, "SECURITY.md describes the consequences");
  const chosen = forGood ? data.final : data;
  if (!chosen) throw new Trouble(`${name} has no irreversible lock`, "leave --for-good out");
  say(warning(name, data, forGood));
  if (!yes) throw new Trouble("nothing was done", "give --yes to lock the chip");
  if (forGood && confirm !== name)
    throw new Trouble("nothing was done: this lock is irreversible", `give --confirm ${name} too, to lock the chip`);
  const probe = await probes.open(bench.probe, board, name, bench.adapter);
  try {
    await probe.lock(chosen.openocd);
  } finally {
    probe.close();
  }
  say("locked; the lock is active from the next power-up");
}
