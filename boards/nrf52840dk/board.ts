import { KiB, type Board } from "../../tools/firmware/board.ts";

/** Nordic nRF52840 DK (PCA10056): Cortex-M4F, 256 KiB of RAM, 1 MiB of flash, of which the last 64 KiB are the store. */
export default {
  cpu: "cortex-m4",
  chip: "nrf52",
  drivers: ["nrf5"],
  clockHz: 64_000_000,
  flash: { origin: 0x0000_0000, bytes: 960 * KiB },
  ram: { origin: 0x2000_0000, bytes: 256 * KiB },
  store: { origin: 0x000f_0000, pageBytes: 4 * KiB, pages: 16, endurance: 10_000 },
  budget: { flash: 96 * KiB, linear: 12 * KiB, stack: 6 * KiB },
  use: { CRYPTO_BLOCKS: 1, CRYPTO_NATIVE: 1, CRYPTO_CHECKED: 1 },
  // P1.02 and P1.01, the Arduino header's D1 and D0, are the module's; P0.06 goes to the debugger's serial port.
  defines: { UART_TX_PIN: 34, UART_RX_PIN: 33, CONSOLE_TX_PIN: 6 },
  probe: {
    openocd: "target/nrf52.cfg",
    pyocd: "nrf52840",
    lock: {
      what: "UICR.APPROTECT: the debug port reads nothing any more",
      openocd: ["flash fillw 0x10001208 0xffffff00 1"],
      undo: "erasing the whole chip (OpenOCD: nrf52_recover), and with it the key",
      bypass:
        "chips before build code F open at a glitch of the supply as they start: published, with cheap tools; look at the code on the chip",
    },
  },
} as const satisfies Board;
