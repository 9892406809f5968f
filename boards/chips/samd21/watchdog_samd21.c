/**
 * The watchdog counts the chip's own slow oscillator. After 8 s it warns, and the warning records the address of the
 * core; after 16 s it resets a core that cannot even do that.
 */
#include "chip.h"
#include "port.h"

_Static_assert(8192u * 1000u / 1024u == WATCHDOG_MS, "the time until the warning");

static void synchronise(void) {
  while (WDT->STATUS & WDT_STATUS_SYNCBUSY)
    continue;
}

void watchdog_start(void) {
  WDT->CONFIG = WDT_CONFIG_PER_16K;
  WDT->EWCTRL = WDT_EWCTRL_8K;
  WDT->INTFLAG = WDT_INT_EW;
  WDT->INTENSET = WDT_INT_EW;
  NVIC_EnableIRQ(WDT_IRQn);
  WDT->CTRL = WDT_CTRL_ENABLE;
  synchronise();
}

/** A second write would stall the core until the first has reached the slow clock, some milliseconds later. */
void system_progress(void) {
  if (!(WDT->STATUS & WDT_STATUS_SYNCBUSY))
    WDT->CLEAR = WDT_CLEAR_KEY;
}
