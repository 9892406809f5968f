/** The millisecond clock: TIMER0 at 1 MHz, cleared by its own comparison. */
#include "chip.h"
#include "port.h"

static volatile uint32_t milliseconds;

/** A cleared event may interrupt once more: the write takes longer than the way out of the handler. */
void TIMER0_Handler(void) {
  if (TIMER_COMPARE0 == 0)
    return;
  TIMER_COMPARE0 = 0;
  milliseconds++;
}

uint32_t clock_ms(void) { return milliseconds; }

void clock_start(void) {
  TIMER_BITMODE = TIMER_16_BITS;
  TIMER_PRESCALER = 4;
  TIMER_CC0 = 1000;
  TIMER_SHORTS = TIMER_COMPARE0_CLEAR;
  TIMER_INTENSET = TIMER_INT_COMPARE0;
  NVIC_EnableIRQ(TIMER0_IRQn);
  TIMER_START = 1;
}
