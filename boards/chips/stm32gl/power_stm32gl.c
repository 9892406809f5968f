/** The supply: below its level the chip is reset, and again until it is back, before anything is written to flash. */
#include "power.h"

#include "chip.h"

void power_watch(void) {
  PWR->CR2 |= SUPPLY_LEVEL;
  PWR->CR2 |= PWR_CR2_PVDE;
  EXTI_RTSR1 |= EXTI_PVD;
  EXTI_IMR1 |= EXTI_PVD;
  NVIC_EnableIRQ(PVD_IRQn);
}
