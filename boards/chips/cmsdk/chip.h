/**
 * Arm's Cortex-M System Design Kit as the MPS2 FPGA images AN385, AN386 and AN500 have it (Arm DAI 0385D, DDI 0479D
 * §4). In the form of a CMSIS device header.
 */
#ifndef CHIP_H_
#define CHIP_H_

#include <stdint.h>

#include "board.h"

typedef enum IRQn {
  NonMaskableInt_IRQn = -14,
  HardFault_IRQn = -13,
  MemoryManagement_IRQn = -12,
  BusFault_IRQn = -11,
  UsageFault_IRQn = -10,
  SVCall_IRQn = -5,
  DebugMonitor_IRQn = -4,
  PendSV_IRQn = -2,
  SysTick_IRQn = -1,
  UART0RX_IRQn = 0,
  UART0TX_IRQn = 1,
  UART1RX_IRQn = 2,
  UART1TX_IRQn = 3,
} IRQn_Type;

#define __NVIC_PRIO_BITS       3
#define __Vendor_SysTickConfig 0
#define __MPU_PRESENT          1
#ifndef __FPU_PRESENT
#define __FPU_PRESENT 0
#endif

#include CORE_HEADER

extern uint32_t SystemCoreClock;
void SystemInit(void);
void SystemCoreClockUpdate(void);

#include "apb.h"

/** RSTINFO of the system controller (DDI 0479D §4.6): why the core was reset; any write clears it. */
#define CMSDK_RSTINFO          (*(volatile uint32_t *)0x4001f010u)
#define CMSDK_RSTINFO_WATCHDOG 2u
#define CMSDK_RSTINFO_LOCKUP   4u

#define CMSDK_WATCHDOG ((CMSDK_WATCHDOG_TypeDef *)0x40008000u)
#define CMSDK_UART0    ((CMSDK_UART_TypeDef *)0x40004000u)
#define CMSDK_UART1    ((CMSDK_UART_TypeDef *)0x40005000u)

#endif
