import { KiB, type Board } from "../../tools/firmware/board.ts";

/** 'Blue pill': STM32F103C8, Cortex-M3, 20 KiB of RAM, 64 KiB of flash, of which the last 4 KiB are the store; no noise source. */
export default {
  cpu: "cortex-m3",
  chip: "stm32f1",
  drivers: ["stm32f", "noiseless", "stm32", "systick"],
  clockHz: 72_000_000,
  flash: { origin: 0x0800_0000, bytes: 60 * KiB },
  ram: { origin: 0x2000_0000, bytes: 20 * KiB },
  store: { origin: 0x0800_f000, pageBytes: 1 * KiB, pages: 4, endurance: 10_000 },
  seedRequired: true,
  budget: { flash: 60 * KiB, linear: 10.5 * KiB, stack: 3 * KiB },
  use: {
    CRYPTO_SMALL: 1,
    CRYPTO_NATIVE: 1,
    CRYPTO_SHORT_MULTIPLY: 1,
    CRYPTO_BLIND: 1,
    CRYPTO_CHECKED: 1,
    WITHOUT_FRAMED: 1,
    WITHOUT_CHAINS: 1,
    WITHOUT_PATTERN_TESTS: 1,
    TLS_RECORD: 512,
    LINK_TX: 280,
  },
  // PA2, PA3 and PA1 are the module's, of USART2; PA9 is the console's, of USART1.
  defines: { MODULE_TX_PIN: 2, MODULE_RX_PIN: 3, MODULE_RTS_PIN: 1, CONSOLE_TX_PIN: 9, RING_BYTES: 256 },
  probe: {
    openocd: "target/stm32f1x.cfg",
    lock: {
      what: "read-out protection: the debug port reads no flash any more",
      openocd: ["stm32f1x lock 0"],
      undo: "lifting the protection (OpenOCD: stm32f1x unlock 0), which erases all flash, and with it the key",
      bypass:
        "a debugger makes the core fetch exception vectors from flash and reads them in its registers: published, a probe reads most of the flash",
    },
  },
} as const satisfies Board;
