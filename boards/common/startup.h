/** First entries of every chip's vector table. */
#ifndef STARTUP_H_
#define STARTUP_H_

#include "stack.h"

typedef void (*vector)(void);

_Noreturn void Reset_Handler(void);
void NMI_Handler(void);
void HardFault_Handler(void);
void MemManage_Handler(void);
void BusFault_Handler(void);
void UsageFault_Handler(void);
void SecureFault_Handler(void);
void SVC_Handler(void);
void DebugMon_Handler(void);
void PendSV_Handler(void);
void SysTick_Handler(void);
/** Handles all other exceptions: leaves the exception's number in the epitaph. */
void Default_Handler(void);

/** End this life if handlers have run over their stack: for cores without a guard below it. */
void fault_check(void);

/** Main program of the image, on the thread stack. */
_Noreturn void image_main(void);

/** The sixteen entries that the core defines. */
#define CORE_VECTORS                                                                                                   \
  [0] = (vector)__handler_stack_top, [1] = (vector)Reset_Handler, [2] = NMI_Handler, [3] = HardFault_Handler,          \
  [4] = MemManage_Handler, [5] = BusFault_Handler, [6] = UsageFault_Handler, [7] = SecureFault_Handler,                \
  [11] = SVC_Handler, [12] = DebugMon_Handler, [14] = PendSV_Handler, [15] = SysTick_Handler

#endif
