/** The core's own defences, set before anything runs: faults that have names, and RAM that can not be executed. */
#ifndef PROTECT_H_
#define PROTECT_H_

#include "chip.h"

static inline void protect_enable(void) {
#if __CORTEX_M >= 3
  SCB->SHCSR |= SCB_SHCSR_MEMFAULTENA_Msk | SCB_SHCSR_BUSFAULTENA_Msk | SCB_SHCSR_USGFAULTENA_Msk;
  SCB->CCR |= SCB_CCR_DIV_0_TRP_Msk;
#endif
}

#endif
