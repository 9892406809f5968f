#include "chip.h"

uint32_t SystemCoreClock = CLOCK_HZ;

/** The core runs from 16 MHz, whether the crystal or the RC oscillator makes them. */
void SystemCoreClockUpdate(void) { SystemCoreClock = CLOCK_HZ; }

/** Ask for the crystal, which the UART's baud rate needs; the core takes it over when it has started (§13.1.1). */
void SystemInit(void) { CLOCK_HFCLKSTART = 1; }
