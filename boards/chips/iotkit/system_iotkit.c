#include <stddef.h>

#include "chip.h"
#include "port.h"

uint32_t SystemCoreClock = CLOCK_HZ;

/** The FPGA image runs from one fixed clock. */
void SystemCoreClockUpdate(void) { SystemCoreClock = CLOCK_HZ; }

void SystemInit(void) {}

/** The board has no brown-out detector; QEMU 7.2 reports every reset as power-on. */
const char *system_reset_cause(void) {
  const uint32_t cause = IOTKIT_RESET_SYNDROME;
  IOTKIT_RESET_SYNDROME = 0;
  if (cause & IOTKIT_RESET_SYNDROME_LOCKUP)
    return "lockup";
  return cause & IOTKIT_RESET_SYNDROME_WATCHDOGS ? "watchdog" : NULL;
}
