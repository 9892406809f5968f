import { KiB, type Board } from "../../tools/firmware/board.ts";

/** ST Nucleo-G071RB: STM32G071, Cortex-M0+, 36 KiB of RAM, 128 KiB of flash, of which the last 16 KiB are the store; no noise source. */
export default {
  cpu: "cortex-m0plus",
  chip: "stm32g0",
  drivers: ["stm32gl", "stm32f4gl", "noiseless", "stm32", "systick"],
  clockHz: 64_000_000,
  flash: { origin: 0x0800_0000, bytes: 112 * KiB },
  ram: { origin: 0x2000_0000, bytes: 36 * KiB },
  store: { origin: 0x0801_c000, pageBytes: 2 * KiB, pages: 8, endurance: 1_000 },
  seedRequired: true,
  budget: { flash: 112 * KiB, linear: 12 * KiB, stack: 6 * KiB },
  use: { CRYPTO_BLOCKS: 1, CRYPTO_NATIVE: 1, CRYPTO_SHORT_MULTIPLY: 1, CRYPTO_CHECKED: 1, WITHOUT_PATTERN_TESTS: 1 },
  // PA9, PA10 and PA12 are the module's; PA2 goes to the debugger's serial port.
  defines: {
    MODULE_TX_PIN: 9,
    MODULE_RX_PIN: 10,
    MODULE_RTS_PIN: 12,
    MODULE_FUNCTION: 1,
    CONSOLE_TX_PIN: 2,
    CONSOLE_FUNCTION: 1,
  },
  probe: {
    openocd: "target/stm32g0x.cfg",
    lock: {
      what: "read-out protection level 1: the debug port reads no flash any more",
      openocd: ["stm32l4x lock 0", "stm32l4x option_load 0"],
      undo: "going back to level 0 (OpenOCD: stm32l4x unlock 0), which erases all flash, and with it the key",
      bypass: "RAM stays open to the debugger, and what of the key is in it while the device signs",
      final: {
        what: "read-out protection level 2: there is no debug port any more, nor ST's boot loader",
        openocd: ["stm32l4x option_write 0 0x20 0xcc 0xff"],
        bypass:
          "none is known to us of this family; of the STM32F2 and F4 a glitch that leads back to level 1 is published",
      },
    },
  },
} as const satisfies Board;
