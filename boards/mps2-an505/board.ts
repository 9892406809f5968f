import { KiB, type Board } from "../../tools/firmware/board.ts";

/** Arm MPS2, FPGA image AN505: Cortex-M33 with TrustZone, all secure here; no radio, no noise source. */
export default {
  cpu: "cortex-m33",
  chip: "iotkit",
  drivers: ["mps2", "systick"],
  clockHz: 20_000_000,
  flash: { origin: 0x1000_0000, bytes: 4096 * KiB },
  ram: { origin: 0x3800_0000, bytes: 2048 * KiB },
  store: { origin: 0x8000_0000, pageBytes: 4 * KiB, pages: 16 },
  seedRequired: true,
  budget: { flash: 96 * KiB, linear: 12 * KiB, stack: 6 * KiB },
  use: { CRYPTO_BLOCKS: 1, CRYPTO_NATIVE: 1, CRYPTO_CHECKED: 1 },
  qemu: { machine: "mps2-an505", storeRam: "16M", instructionsPerTick: 50 },
} as const satisfies Board;
