/** The `table.*` imports of the firmware for every host that is not a board. */
import { sha256k, sha512k } from "./sha2.table.js";

/** @type {Record<string, (...operands: number[]) => number>} */
export const table = {
  sha256k: (i) => sha256k[i & 63],
  sha512k: (i, half) => sha512k[2 * i + (half & 1)],
};
