/** Measures the longest call of signet_poll, by the clock of the port. */
#include <stdint.h>

#include "signet.h"
#include "signet_port.h"

/** Its time in ms. */
volatile uint32_t longest_step;

uint32_t __real_signet_poll(void);
uint32_t __wrap_signet_poll(void);

uint32_t __wrap_signet_poll(void) {
  const uint32_t begunMs = signet_port_clock_ms();
  const uint32_t waitMs = __real_signet_poll();
  const uint32_t tookMs = signet_port_clock_ms() - begunMs;
  if (tookMs > longest_step)
    longest_step = tookMs;
  return waitMs;
}
