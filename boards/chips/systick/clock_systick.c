/** The millisecond clock of cores that have a SysTick. */
#include "chip.h"
#include "port.h"
#include "startup.h"

static volatile uint32_t milliseconds;

void SysTick_Handler(void) { milliseconds++; }

uint32_t clock_ms(void) { return milliseconds; }

void clock_start(void) { SysTick_Config(SystemCoreClock / 1000); }
