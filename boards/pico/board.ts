import { KiB, type Board } from "../../tools/firmware/board.ts";

/** Raspberry Pi Pico: RP2040, Cortex-M0+, 264 KiB of RAM, 2 MiB of serial flash, of which the last 64 KiB are the store. */
export default {
  cpu: "cortex-m0plus",
  chip: "rp2040",
  clockHz: 125_000_000,
  flash: { origin: 0x1000_0000, bytes: 1984 * KiB },
  // The two small banks above belong to the bootrom, which runs at every reset and would overwrite data that must survive one.
  ram: { origin: 0x2000_0000, bytes: 256 * KiB },
  store: { origin: 0x101f_0000, pageBytes: 4 * KiB, pages: 16, endurance: 100_000 },
  budget: { flash: 192 * KiB, linear: 12 * KiB, stack: 6 * KiB },
  seedRequired: true,
  use: { CRYPTO_BLOCKS: 1, CRYPTO_NATIVE: 1, CRYPTO_SHORT_MULTIPLY: 1, NOISE_IS_WEAK: 1, CRYPTO_CHECKED: 1 },
  rp2040js: true,
  probe: {
    openocd: "target/rp2040.cfg",
    lock: { none: "the RP2040 has no read-out protection, and its flash is a chip of its own that anyone can read" },
  },
} as const satisfies Board;
