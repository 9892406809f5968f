#include "chip.h"

uint32_t SystemCoreClock = CLOCK_HZ;

/** The core runs from 64 MHz, whether the crystal or the RC oscillator makes them. */
void SystemCoreClockUpdate(void) { SystemCoreClock = CLOCK_HZ; }

/** Let the debugger in if UICR says so: newer chips are locked at each reset until the firmware passes the word on. */
static void pass_protection_on(void) {
  if (FICR_CHIP == FICR_NRF52840 && FICR_REVISION >= FICR_BUILD_F)
    APPROTECT_DISABLE = UICR_APPROTECT;
}

/** Ask for the crystal, which the UARTs' baud rate needs; the core takes it over when it has started (chapter CLOCK).
 */
void SystemInit(void) {
  pass_protection_on();
  NVMC_ICACHECNF = NVMC_CACHE_ENABLE;
  CLOCK_HFCLKSTART = 1;
}
