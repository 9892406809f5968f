/** The lab built small: the profile that a board with little flash chooses, on a Cortex-M4 unless said. */
import { type Board, loadBoard } from "../../tools/firmware/board.ts";
import { buildImage } from "../../tools/firmware/build.ts";
import { choose } from "../../tools/firmware/choices.ts";
import { elfLab, type Lab } from "./lab.ts";
import LAB from "./image.ts";

export const BOARD = "mps2-an386";

/** Return the board's data with the changes of the profile. */
export async function profile(): Promise<Board> {
  return choose(await loadBoard(BOARD), ["small"]);
}

/** Run the lab's ELF, built small, in QEMU. */
export async function smallLab(board: string = BOARD): Promise<Lab> {
  const { elf } = await buildImage({ board, image: LAB, choices: ["small"] });
  return { ...(await elfLab(board, { elf })), name: `${board}, small` };
}
