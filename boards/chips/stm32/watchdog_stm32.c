/** The watchdog gives no warning: only the cause of the reset reveals it. */
#include "chip.h"
#include "port.h"

/** The low-speed oscillator has 32 or 40 kHz; it is divided by 128. */
#define COUNTS (WATCHDOG_MS * (LSI_HZ / 128) / 1000)
_Static_assert(COUNTS <= 4096, "the watchdog cannot wait that long");

void watchdog_start(void) {
  IWDG->KR = IWDG_KR_START;
  IWDG->KR = IWDG_KR_UNLOCK;
  IWDG->PR = IWDG_PR_128;
  IWDG->RLR = COUNTS - 1;
  while (IWDG->SR != 0)
    continue;
  IWDG->KR = IWDG_KR_FEED;
}

void system_progress(void) { IWDG->KR = IWDG_KR_FEED; }
