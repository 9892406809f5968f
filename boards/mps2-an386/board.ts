import { KiB, type Board } from "../../tools/firmware/board.ts";

/** Arm MPS2, FPGA image AN386: Cortex-M4, no radio, no noise source. QEMU runs it, and CI tests it first. */
export default {
  cpu: "cortex-m4",
  chip: "cmsdk",
  drivers: ["mps2", "systick"],
  clockHz: 25_000_000,
  flash: { origin: 0x0000_0000, bytes: 4096 * KiB },
  ram: { origin: 0x2000_0000, bytes: 4096 * KiB },
  store: { origin: 0x2100_0000, pageBytes: 4 * KiB, pages: 16 },
  seedRequired: true,
  budget: { flash: 96 * KiB, linear: 14 * KiB, stack: 6 * KiB },
  use: { CRYPTO_BLOCKS: 1, CRYPTO_NATIVE: 1, CRYPTO_CHECKED: 1 },
  qemu: { machine: "mps2-an386", storeRam: "16M", instructionsPerTick: 40 },
} as const satisfies Board;
