/** The manufacturers' values for the chips that no emulator here runs, by board. The README states their sources. */
import type { Fact } from "./fact.ts";
import { NRF52840 } from "./nrf52.ts";
import { SAMD21 } from "./samd21.ts";
import { STM32F1, STM32F4, STM32G0, STM32L4, STM32L5 } from "./stm32.ts";

export const MAKERS: Readonly<Record<string, readonly Fact[]>> = {
  nrf52840dk: NRF52840,
  "nucleo-l476rg": STM32L4,
  "nucleo-l552ze-q": STM32L5,
  stm32f405: STM32F4,
  bluepill: STM32F1,
  "nucleo-g071rb": STM32G0,
  "samd21-xpro": SAMD21,
};
