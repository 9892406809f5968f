import { KiB } from "../../tools/firmware/board.ts";
import type { Image } from "../../tools/firmware/image.ts";

/** The TLS client alone, call by call: what the bench counts. */
const tls: Image = {
  name: "tls",
  entry: "tests/tls/guest_lab.ts",
  main: "boards/common/lab.c",
  /** Records of 1 KiB on every board: the room for one, twice, and for what a connection is to be. */
  adapt(board) {
    const { WITHOUT_TLS: _, TLS_RECORD: __, ...use } = board.use;
    return {
      ...board,
      use: { ...use, TLS_GUEST_BYTES: KiB },
      budget: { ...board.budget, linear: board.budget.linear + 8 * KiB },
    };
  },
};

export default tls;
