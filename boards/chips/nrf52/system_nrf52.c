#include "chip.h"

uint32_t SystemCoreClock = CLOCK_HZ;

/** The core runs from 64 MHz, whether the crystal or the RC oscillator makes them. */
void SystemCoreClockUpdate(void) { SystemCoreClock = CLOCK_HZ; }

/** Admit the debugger if UICR allows it: newer chips are locked at each reset until the firmware unlocks them. */
static void pass_protection_on(void) {
  if (FICR_CHIP == FICR_NRF52840 && FICR_REVISION >= FICR_BUILD_F)
    APPROTECT_DISABLE = UICR_APPROTECT;
}

/** Give the temperature sensor its factors, which a reset does not (erratum 66). */
static void calibrate_sensor(void) {
  for (uint32_t line = 0; line < TEMP_LINES; line++) {
    TEMP_SLOPE(line) = FICR_SLOPE(line);
    TEMP_INTERCEPT(line) = FICR_INTERCEPT(line);
    if (line < TEMP_LINES - 1)
      TEMP_END(line) = FICR_END(line);
  }
}

/** Ask for the crystal, which the UARTs' baud rate needs; the core takes it over when it has started (chapter CLOCK).
 */
void SystemInit(void) {
  pass_protection_on();
  calibrate_sensor();
  NVMC_ICACHECNF = NVMC_CACHE_ENABLE;
  CLOCK_HFCLKSTART = 1;
}
