/** What every Cortex-M can do. */
#include "chip.h"
#include "port.h"

void system_reset(void) { NVIC_SystemReset(); }
