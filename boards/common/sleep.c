#include "sleep.h"

#include "chip.h"
#include "port.h"

/* Interrupts wake the core while masked, so none can come between the look and the sleep. */
void sleep_ms(uint32_t ms) {
  const uint32_t start = clock_ms();
  for (;;) {
    __disable_irq();
    if (uart_ready() || clock_ms() - start >= ms)
      break;
    __WFI();
    __enable_irq();
  }
  __enable_irq();
}
