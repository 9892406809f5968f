/**
 * Nordic nRF51822 (nRF51 Series Reference Manual 3.0). The part of a CMSIS device header that the drivers here use. The
 * chip has no SysTick; its clock is TIMER0.
 */
#ifndef CHIP_H_
#define CHIP_H_

#include <stdint.h>

#include "board.h"

typedef enum IRQn {
  NonMaskableInt_IRQn = -14,
  HardFault_IRQn = -13,
  SVCall_IRQn = -5,
  PendSV_IRQn = -2,
  SysTick_IRQn = -1,
  POWER_CLOCK_IRQn = 0,
  UART0_IRQn = 2,
  TIMER0_IRQn = 8,
  RNG_IRQn = 13,
  WDT_IRQn = 16,
} IRQn_Type;

#define __NVIC_PRIO_BITS       2
#define __Vendor_SysTickConfig 0
#define __MPU_PRESENT          0

#include CORE_HEADER

extern uint32_t SystemCoreClock;
void SystemInit(void);
void SystemCoreClockUpdate(void);

#include "registers.h"

/** POFCON (§11.1.5): the supply's threshold at 2.3 V, watched. */
#define POWER_POF_2V3 (1u | 1u << 1)

#endif
