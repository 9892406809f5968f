/**
 * The watchdog counts the system clock. Its warning records the place of the core; its reset is for a core that cannot
 * even do that.
 */
#include "chip.h"
#include "port.h"

void watchdog_start(void) {
  CMSDK_WATCHDOG->LOCK = CMSDK_WATCHDOG_UNLOCK;
  CMSDK_WATCHDOG->LOAD = SystemCoreClock / 1000 * WATCHDOG_MS;
  CMSDK_WATCHDOG->CTRL = CMSDK_WATCHDOG_CTRL_INTEN | CMSDK_WATCHDOG_CTRL_RESEN;
  CMSDK_WATCHDOG->LOCK = 0;
}

void system_progress(void) {
  CMSDK_WATCHDOG->LOCK = CMSDK_WATCHDOG_UNLOCK;
  CMSDK_WATCHDOG->INTCLR = 1;
  CMSDK_WATCHDOG->LOCK = 0;
}
