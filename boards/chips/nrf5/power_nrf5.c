/** The supply: why the chip was reset, and a warning before it fails. */
#include "power.h"

#include <stddef.h>

#include "chip.h"
#include "port.h"

/** Below 2.3 V the chip is reset, and again until the supply is back: before anything is written to flash (§11.1.5). */
void power_watch(void) {
  POWER_POFCON = POWER_POF_2V3;
  POWER_INTENSET = POWER_INT_POFWARN;
  NVIC_EnableIRQ(POWER_CLOCK_IRQn);
}

/** After a reset by the pin the other bits may be set without reason (nRF52840, erratum 136): then there was none. */
const char *system_reset_cause(void) {
  const uint32_t cause = POWER_RESETREAS;
  POWER_RESETREAS = cause;
  if (cause & POWER_RESETREAS_PIN)
    return NULL;
  if (cause & POWER_RESETREAS_LOCK)
    return "lockup";
  return cause & POWER_RESETREAS_DOG ? "watchdog" : NULL;
}
