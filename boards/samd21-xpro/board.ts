import { KiB, type Board } from "../../tools/firmware/board.ts";

/** Microchip SAM D21 Xplained Pro: SAMD21J18A, Cortex-M0+, 32 KiB of RAM, 256 KiB of flash, of which the last 64 KiB are the store; no noise source. */
export default {
  cpu: "cortex-m0plus",
  chip: "samd21",
  drivers: ["noiseless", "systick"],
  clockHz: 48_000_000,
  flash: { origin: 0, bytes: 192 * KiB },
  ram: { origin: 0x2000_0000, bytes: 32 * KiB },
  store: { origin: 0x0003_0000, pageBytes: 4 * KiB, pages: 4, spread: { of: 256, used: 64 }, endurance: 25_000 },
  seedRequired: true,
  budget: { flash: 112 * KiB, linear: 12 * KiB, stack: 6 * KiB },
  use: { CRYPTO_BLOCKS: 1, CRYPTO_NATIVE: 1, CRYPTO_SHORT_MULTIPLY: 1, CRYPTO_CHECKED: 1, WITHOUT_PATTERN_TESTS: 1 },
  // PB08 to PB11 are the module's, of SERCOM4; PA22, of SERCOM3, goes to the debugger's serial port.
  defines: {
    MODULE_TX_PIN: 40,
    MODULE_RX_PIN: 41,
    MODULE_RTS_PIN: 42,
    MODULE_CTS_PIN: 43,
    MODULE_MUX: "PORT_MUX_D",
    CONSOLE_TX_PIN: 22,
    CONSOLE_MUX: "PORT_MUX_C",
  },
  probe: {
    openocd: "target/at91samdXX.cfg",
    lock: {
      what: "the security bit: the debug port reads no memory any more",
      openocd: ["at91samd set-security enable"],
      undo: "erasing the chip (OpenOCD: at91samd chip-erase), which erases all flash and RAM, and with them the key",
      bypass: "none is known to us; glitches of the supply against it were tried and not published as successful",
    },
  },
} as const satisfies Board;
