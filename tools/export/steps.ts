/** The longest call of signet_poll on each core. */
import type { Board } from "../firmware/board.ts";

/** The fast code of the cryptography, and the small one. */
interface Instructions {
  readonly fast: number;
  readonly small: number;
}

/** Instructions of the longest call in a life with a handshake by pinned keys, rounded up. `tests/export/cores.test.ts` measures them. */
const STEPS: Readonly<Record<Board["cpu"], Instructions>> = {
  "cortex-m0": { fast: 5_000_000, small: 5_500_000 },
  "cortex-m0plus": { fast: 5_000_000, small: 5_500_000 },
  "cortex-m3": { fast: 1_700_000, small: 2_200_000 },
  "cortex-m4": { fast: 1_125_000, small: 1_150_000 },
  "cortex-m7": { fast: 1_125_000, small: 1_150_000 },
  "cortex-m33": { fast: 1_125_000, small: 1_150_000 },
};

/** Cycles of an instruction on average, by the estimate of `npm run bench` for Ed25519, without wait states of the flash. */
const CYCLES = 1.6;

/** Instructions of the longest call. */
export function instructions(core: string, small: boolean): number {
  return STEPS[core as Board["cpu"]][small ? "small" : "fast"];
}

/** Cycles of the longest call, estimated. */
export function cycles(core: string, small: boolean): number {
  return Math.ceil(instructions(core, small) * CYCLES);
}
