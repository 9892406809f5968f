/** The `table.*` imports of the firmware for every host that is not a board. */
import { authorities } from "./authorities.table.js";
import { ed25519 } from "./ed25519.table.js";
import { p256 } from "./p256.table.js";
import { p384 } from "./p384.table.js";
import { sha256k, sha512k } from "./sha2.table.js";

/** @type {Record<string, (...operands: number[]) => number>} */
export const table = {
  authorities: (i) => authorities[i],
  ed25519: (i) => ed25519[i],
  p256: (i) => p256[i],
  p384: (i) => p384[i],
  sha256k: (i) => sha256k[i],
  sha512k: (i, half) => sha512k[2 * i + (half & 1)],
};
