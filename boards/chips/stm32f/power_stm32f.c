/** The supply: below the level at which the chip can still write its flash, it is reset, again until the supply is
 * back. */
#include "power.h"

#include "chip.h"

void power_watch(void) {
  PWR_CR |= SUPPLY_LEVEL;
  PWR_CR |= PWR_CR_PVDE;
  EXTI_RTSR |= EXTI_PVD;
  EXTI_IMR |= EXTI_PVD;
  NVIC_EnableIRQ(PVD_IRQn);
}
