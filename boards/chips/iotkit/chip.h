/**
 * Arm's IoT Kit, a Cortex-M33 with TrustZone, as the MPS2 FPGA image AN505 has it (Arm DAI 0505B, ECM 0601256). In the
 * form of a CMSIS device header. The core starts secure and stays so: with its SAU off everything it touches is secure,
 * so each peripheral and memory is meant by its secure address.
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
  SecureFault_IRQn = -9,
  SVCall_IRQn = -5,
  DebugMonitor_IRQn = -4,
  PendSV_IRQn = -2,
  SysTick_IRQn = -1,
  UART0RX_IRQn = 32,
  UART0TX_IRQn = 33,
  UART1RX_IRQn = 34,
  UART1TX_IRQn = 35,
} IRQn_Type;

#define __NVIC_PRIO_BITS       3
#define __Vendor_SysTickConfig 0
#define __MPU_PRESENT          1
#define __SAUREGION_PRESENT    1
#define __DSP_PRESENT          1
#define __FPU_PRESENT          0

#include CORE_HEADER

extern uint32_t SystemCoreClock;
void SystemInit(void);
void SystemCoreClockUpdate(void);

#include "apb.h"

/** RESET_SYNDROME of the system control (bits as in Arm 101104, its successor's manual): why the core was reset; zero
 * clears. */
#define IOTKIT_RESET_SYNDROME           (*(volatile uint32_t *)0x50021100u)
#define IOTKIT_RESET_SYNDROME_WATCHDOGS 0x0eu /* non-secure, secure, and that of the slow clock */
#define IOTKIT_RESET_SYNDROME_LOCKUP    0x40u

#define CMSDK_WATCHDOG ((CMSDK_WATCHDOG_TypeDef *)0x50081000u)
#define CMSDK_UART0    ((CMSDK_UART_TypeDef *)0x50200000u)
#define CMSDK_UART1    ((CMSDK_UART_TypeDef *)0x50201000u)

#endif
