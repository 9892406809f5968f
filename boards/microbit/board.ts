import { KiB, type Board } from "../../tools/firmware/board.ts";

/** BBC micro:bit v1: nRF51822, Cortex-M0, 16 KiB of RAM, with a noise source and a flash controller. */
export default {
  cpu: "cortex-m0",
  chip: "nrf51",
  drivers: ["nrf5"],
  clockHz: 16_000_000,
  flash: { origin: 0x0000_0000, bytes: 240 * KiB },
  ram: { origin: 0x2000_0000, bytes: 16 * KiB },
  store: { origin: 0x0003_c000, pageBytes: 1 * KiB, pages: 16, endurance: 20_000 },
  // A life inside TLS takes up to 1,024 bytes of the stack (tests/qemu/small.test.ts).
  budget: { flash: 160 * KiB, linear: 10.5 * KiB, stack: 2 * KiB },
  use: {
    CRYPTO_BLOCKS: 1,
    CRYPTO_NATIVE: 1,
    CRYPTO_SHORT_MULTIPLY: 1,
    WITHOUT_PATTERN_TESTS: 1,
    TLS_RECORD: 512,
    LINK_TX: 280,
  },
  defines: { UART_TX_PIN: 24, UART_RX_PIN: 25, RING_BYTES: 256 },
  qemu: { machine: "microbit", storeBySnapshot: true, consoleBySemihosting: true, instructionsPerTick: 62.5 },
  probe: {
    openocd: "target/nrf51.cfg",
    pyocd: "nrf51",
    consoleByProbe: true,
    lock: {
      what: "UICR.RBPCONF.PALL: the debug port reads nothing any more",
      openocd: ["flash fillw 0x10001004 0xffff00ff 1"],
      undo: "erasing the whole chip (OpenOCD: nrf51 mass_erase), and with it the key",
      bypass:
        "the port still steps the core and writes its registers, so the image's own loads read out all flash: published, a probe is enough",
    },
  },
} as const satisfies Board;
