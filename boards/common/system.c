/** Functions of every Cortex-M. */
#include "chip.h"
#include "port.h"

void system_reset(void) { NVIC_SystemReset(); }
