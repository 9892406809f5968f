/**
 * The millisecond clock: the chip's microseconds, which continue while interrupts are off and flash is written. The
 * alarm wakes the core.
 */
#include "chip.h"
#include "port.h"

#define PERIOD_US 1000u

/** Microseconds since reset: the upper half is read again until it was the same before and after (§4.6.2). */
static uint64_t microseconds(void) {
  for (;;) {
    const uint32_t high = TIMER_RAWH;
    const uint32_t low = TIMER_RAWL;
    if (TIMER_RAWH == high)
      return (uint64_t)high << 32 | low;
  }
}

void TIMER_IRQ_0_Handler(void) {
  TIMER_INTR = 1;
  TIMER_ALARM0 = TIMER_RAWL + PERIOD_US;
}

uint32_t clock_ms(void) { return (uint32_t)(microseconds() / 1000); }

void clock_start(void) {
  TIMER_INTE = 1;
  TIMER_ALARM0 = TIMER_RAWL + PERIOD_US;
  NVIC_EnableIRQ(TIMER_IRQ_0_IRQn);
}
