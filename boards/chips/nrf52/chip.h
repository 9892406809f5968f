/**
 * Nordic nRF52840 (nRF52840 Product Specification 1.1). The part of a CMSIS device header that the drivers here use.
 * The clock is TIMER0 as on the nRF51: SysTick stops while the core sleeps.
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
  POWER_CLOCK_IRQn = 0,
  UART0_IRQn = 2,
  TIMER0_IRQn = 8,
  RNG_IRQn = 13,
  WDT_IRQn = 16,
  UARTE1_IRQn = 40,
} IRQn_Type;

#define __NVIC_PRIO_BITS       3
#define __Vendor_SysTickConfig 0
#define __MPU_PRESENT          1
#define __FPU_PRESENT          1

#include CORE_HEADER

extern uint32_t SystemCoreClock;
void SystemInit(void);
void SystemCoreClockUpdate(void);

#include "registers.h"

/** POFCON (chapter POWER): the supply's threshold at 2.3 V, watched. */
#define POWER_POF_2V3 (1u | 10u << 1)

/* UARTE1 (chapter UARTE). */
#define UARTE1(offset)    NRF_REG(0x40028000u, offset)
#define UARTE1_STARTTX    UARTE1(0x008)
#define UARTE1_ENDTX      UARTE1(0x120)
#define UARTE1_INTENSET   UARTE1(0x304)
#define UARTE1_ENABLE     UARTE1(0x500)
#define UARTE1_PSELTXD    UARTE1(0x50c)
#define UARTE1_BAUDRATE   UARTE1(0x524)
#define UARTE1_TXDPTR     UARTE1(0x544)
#define UARTE1_TXDMAXCNT  UARTE1(0x548)
#define UARTE_INT_ENDTX   (1u << 8)
#define UARTE_ENABLED     8u
#define UARTE_BAUD_115200 0x01d60000u

/*
 * TEMP: the straight lines that convert the sensor's value to a temperature, and FICR's factors for them: six slopes,
 * six intercepts, and the ends of five of them.
 */
#define TEMP_SLOPE(i)     TEMP(0x520 + 4u * (i))
#define TEMP_INTERCEPT(i) TEMP(0x540 + 4u * (i))
#define TEMP_END(i)       TEMP(0x560 + 4u * (i))
#define TEMP_LINES        6u
#define FICR_SLOPE(i)     NRF_REG(0x10000000u, 0x404 + 4u * (i))
#define FICR_INTERCEPT(i) NRF_REG(0x10000000u, 0x41c + 4u * (i))
#define FICR_END(i)       NRF_REG(0x10000000u, 0x434 + 4u * (i))

/* NVMC: the cache of instructions, which the nRF51 does not have. */
#define NVMC_ICACHECNF    NVMC(0x540)
#define NVMC_CACHE_ENABLE 1u

/* Access port protection: the firmware copies the setting of UICR into effect, on chips of build code F and later. */
#define UICR_APPROTECT    NRF_REG(0x10001000u, 0x208)
#define APPROTECT_DISABLE NRF_REG(0x40000000u, 0x558)
/* Which chip this is, as Nordic's own start-up code asks: a word that is 8 on each nRF52840, and its revision, 5 for
 * build code F. */
#define FICR_CHIP     NRF_REG(0x10000000u, 0x130)
#define FICR_REVISION NRF_REG(0x10000000u, 0x134)
#define FICR_NRF52840 8u
#define FICR_BUILD_F  5u

#endif
