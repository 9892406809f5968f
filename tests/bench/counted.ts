/**
 * The lab's ELF in QEMU with cycles beside instructions. The cycles are an estimate: instructions, words moved, and two for each branch taken. For X25519 and
 * P-256 on a Cortex-M4 it is within 3 % of published figures of chips.
 */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadBoard } from "../../tools/firmware/board.ts";
import { addresses, plugin, REGION } from "../ct/tracer.ts";
import { elfLab, type Lab } from "../lab/lab.ts";

/** Run an ELF with the lab's main program. On a board that rp2040js runs, both figures are the cycles that it counts. */
export async function countedLab(board: string, elf: string): Promise<Lab> {
  if ((await loadBoard(board)).rp2040js) {
    const lab = await elfLab(board, { elf });
    return {
      ...lab,
      async run(op, ...fields) {
        const answer = await lab.run(op, ...fields);
        return { ...answer, cycles: answer.instructions };
      },
    };
  }
  const folder = mkdtempSync(join(tmpdir(), "signet-counted-"));
  const out = join(folder, "counts");
  const [begin, end] = await addresses(elf, REGION);
  const lab = await elfLab(board, { icount: true, elf, args: await plugin({ begin, end, out }) });
  return {
    name: lab.name,
    async run(op, ...fields) {
      const answer = await lab.run(op, ...fields);
      const counts = readFileSync(out, "utf8").trimEnd().split("\n").at(-1)!.split(" ");
      const [words, branches] = counts.slice(-2).map(Number);
      return { ...answer, cycles: answer.instructions + words! + 2 * branches! };
    },
    async close() {
      await lab.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
