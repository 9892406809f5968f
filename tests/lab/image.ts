import { KiB } from "../../tools/firmware/board.ts";
import type { Image } from "../../tools/firmware/image.ts";

/** Test and bench operations, served over the module's UART. */
const lab: Image = {
  name: "lab",
  entry: "tests/lab/guest.ts",
  main: "boards/common/lab.c",
  /** The lab's buffer is the test's, not the product's: it comes on top of the budget, as large as the RAM allows. */
  adapt(board) {
    const bytes = board.ram.bytes >= 64 * KiB ? 20 * KiB : 2 * KiB;
    return {
      ...board,
      use: { ...board.use, LAB_BYTES: bytes },
      budget: { ...board.budget, linear: board.budget.linear + bytes },
    };
  },
};

export default lab;
