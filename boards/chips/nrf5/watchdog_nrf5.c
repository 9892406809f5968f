/** The watchdog runs from the 32 kHz clock, which it starts itself; it stands still while a debugger holds the core
 * (§20). */
#include "chip.h"
#include "port.h"

void watchdog_start(void) {
  WDT_CONFIG = WDT_RUN_IN_SLEEP;
  WDT_CRV = WATCHDOG_MS * 32768u / 1000u - 1;
  WDT_RREN = WDT_RREN_RR0;
  WDT_INTENSET = WDT_INT_TIMEOUT;
  NVIC_EnableIRQ(WDT_IRQn);
  WDT_START = 1;
}

void system_progress(void) { WDT_RR0 = WDT_RELOAD; }
