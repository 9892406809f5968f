#include "chip.h"
#include "protect.h"

uint32_t SystemCoreClock = CLOCK_HZ;

/** The FPGA images run from one fixed clock. */
void SystemCoreClockUpdate(void) { SystemCoreClock = CLOCK_HZ; }

void SystemInit(void) { protect_enable(); }
