/** The watchdog gives no warning: what it ends is known by the cause of the reset alone. */
#include "chip.h"
#include "port.h"

/** The oscillator makes 32 kHz, divided by 64. */
#define COUNTS (WATCHDOG_MS * (LSI_HZ / 64) / 1000)
_Static_assert(COUNTS <= 4096, "the watchdog can not wait that long");

void watchdog_start(void) {
  IWDG->KR = IWDG_KR_START;
  IWDG->KR = IWDG_KR_UNLOCK;
  IWDG->PR = IWDG_PR_64;
  IWDG->RLR = COUNTS - 1;
  while (IWDG->SR != 0)
    continue;
  IWDG->KR = IWDG_KR_FEED;
}

void system_progress(void) { IWDG->KR = IWDG_KR_FEED; }
