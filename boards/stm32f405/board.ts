import { KiB, type Board } from "../../tools/firmware/board.ts";

/** Adafruit Feather STM32F405 Express: Cortex-M4F, 128 KiB of RAM, 1 MiB of flash, of which the second half is the store. */
export default {
  cpu: "cortex-m4",
  chip: "stm32f4",
  drivers: ["stm32f", "stm32f4gl", "stm32rng", "stm32", "systick"],
  clockHz: 168_000_000,
  flash: { origin: 0x0800_0000, bytes: 512 * KiB },
  ram: { origin: 0x2000_0000, bytes: 128 * KiB },
  store: { origin: 0x0808_0000, pageBytes: 128 * KiB, pages: 4, endurance: 10_000 },
  budget: { flash: 96 * KiB, linear: 12 * KiB, stack: 6 * KiB },
  use: { CRYPTO_BLOCKS: 1, CRYPTO_NATIVE: 1, CRYPTO_CHECKED: 1 },
  // PB10, PB11 and PB14 are the module's; PC6 is the console's.
  defines: {
    CRYSTAL_MHZ: "12u",
    MODULE_TX_PIN: 26,
    MODULE_RX_PIN: 27,
    MODULE_RTS_PIN: 30,
    MODULE_FUNCTION: 7,
    CONSOLE_TX_PIN: 38,
    CONSOLE_FUNCTION: 8,
  },
  qemu: {
    machine: "netduinoplus2",
    serials: { module: 2, console: 5 },
    lacks: "noise, and no flash that can be written",
    storeBySnapshot: true,
    instructionsPerTick: 1000 / 168,
  },
  probe: {
    openocd: "target/stm32f4x.cfg",
    lock: {
      what: "read-out protection level 1: the debug port reads no flash any more",
      openocd: ["stm32f2x lock 0"],
      undo: "going back to level 0 (OpenOCD: stm32f2x unlock 0), which erases all flash, and with it the key",
      bypass: "SRAM stays open to the debugger, and what of the key is in it while the device signs",
      final: {
        what: "read-out protection level 2: there is no debug port any more, nor ST's boot loader",
        openocd: [
          "mww 0x40023c08 0x08192a3b",
          "mww 0x40023c08 0x4c5d6e7f",
          "mmw 0x40023c14 0x0000cc00 0x0000ff00",
          "mmw 0x40023c14 0x2 0x0",
        ],
        bypass:
          "a glitch of the supply while the boot code runs leads back to level 1: published of the STM32F2 and F4",
      },
    },
  },
} as const satisfies Board;
