/** The supply: below 2.8 V, where flash can no more be written 32 bits at once, the chip is reset, and again until it
 * is back. */
#include "power.h"

#include "chip.h"

void power_watch(void) {
  PWR_CR |= PWR_CR_PLS_5;
  PWR_CR |= PWR_CR_PVDE;
  EXTI_RTSR |= EXTI_PVD;
  EXTI_IMR |= EXTI_PVD;
  NVIC_EnableIRQ(PVD_IRQn);
}
