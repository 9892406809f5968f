/** The lab built small: the profile that a board with little flash chooses, on a Cortex-M4. */
import { join } from "node:path";
import { type Board, loadBoard } from "../../tools/firmware/board.ts";
import { buildImage } from "../../tools/firmware/build.ts";
import { ROOT } from "../../tools/firmware/root.ts";
import { elfLab, type Lab } from "./lab.ts";
import LAB from "./image.ts";

export const BOARD = "mps2-an386";

/** What the profile changes in a board's data. */
export async function profile(): Promise<Pick<Board, "use" | "optimize">> {
  const { use } = await loadBoard(BOARD);
  return { use: { ...use, CRYPTO_SMALL: 1 }, optimize: "-Os" };
}

/** Run the lab's ELF, built small, in QEMU. */
export async function smallLab(): Promise<Lab> {
  const out = join(ROOT, "build", "small");
  const { elf } = await buildImage({ board: BOARD, image: LAB, out, change: await profile() });
  return { ...(await elfLab(BOARD, { elf })), name: `${BOARD}, small` };
}
