/** The `table.*` imports of the firmware for every host that is not a board. */
import { authorities } from "./authorities.table.js";
import { comb256 } from "./comb256.table.js";
import { ed25519 } from "./ed25519.table.js";
import { p256 } from "./p256.table.js";
import { p384 } from "./p384.table.js";
import { sha2 } from "./sha2.table.js";

/** @type {Record<string, (...operands: number[]) => number>} */
export const table = {
  authorities: (i) => authorities[i],
  comb256: (i) => comb256[i],
  ed25519: (i) => ed25519[i],
  p256: (i) => p256[i],
  p384: (i) => p384[i],
  sha2: (i, half) => sha2[2 * i + (half & 1)],
};
