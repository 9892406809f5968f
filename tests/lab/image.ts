import { KiB } from "../../tools/firmware/board.ts";
import type { Image } from "../../tools/firmware/image.ts";

/** Scratch memory for the deepest operation, which no life of a device has: PSS with 4096 bits and SHA-512. */
export const LAB_SCRATCH = 2176;

/** Test and bench operations, served over the module's UART. */
const lab: Image = {
  name: "lab",
  entry: "tests/lab/guest.ts",
  main: "boards/common/lab.c",
  /** The lab's buffer is the test's, not the product's: it comes on top of the budget, as large as the RAM allows. */
  adapt(board) {
    const roomy = board.ram.bytes >= 64 * KiB;
    const bytes = roomy ? 20 * KiB : 2 * KiB;
    return {
      ...board,
      use: { ...board.use, LAB_BYTES: bytes, ...(roomy ? { SCRATCH: LAB_SCRATCH } : {}) },
      budget: { ...board.budget, linear: board.budget.linear + bytes },
    };
  },
};

export default lab;
