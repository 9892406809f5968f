#include <stddef.h>

#include "chip.h"
#include "port.h"

uint32_t SystemCoreClock = CLOCK_HZ;

/** The FPGA images run from one fixed clock. */
void SystemCoreClockUpdate(void) { SystemCoreClock = CLOCK_HZ; }

void SystemInit(void) {}

/** The boards have no brown-out detector; QEMU 7.2 has no RSTINFO, which then reads as 0. */
const char *system_reset_cause(void) {
  const uint32_t cause = CMSDK_RSTINFO;
  CMSDK_RSTINFO = cause;
  if (cause & CMSDK_RSTINFO_LOCKUP)
    return "lockup";
  return cause & CMSDK_RSTINFO_WATCHDOG ? "watchdog" : NULL;
}
