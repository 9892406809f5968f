/**
 * ST's STM32L552 (RM0438 rev 7) with TrustZone off, as delivered: everything is at its non-secure address. The part of
 * a CMSIS device header that the drivers here use. USART3 is the module's, LPUART1 the console.
 */
#ifndef CHIP_H_
#define CHIP_H_

#include <stdbool.h>
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
  PVD_IRQn = 1,
  MODULE_IRQn = 63,
  CONSOLE_IRQn = 66,
} IRQn_Type;

#define __NVIC_PRIO_BITS       3
#define __Vendor_SysTickConfig 0
#define __MPU_PRESENT          1
#define __FPU_PRESENT          1
#define __DSP_PRESENT          1
#define __SAUREGION_PRESENT    1

#include CORE_HEADER

extern uint32_t SystemCoreClock;
void SystemInit(void);
void SystemCoreClockUpdate(void);

#include "gpio.h"
#include "iwdg.h"
#include "registers.h"
#include "rng.h"

/** FLASH (§6.9): the non-secure registers. */
typedef struct {
  volatile uint32_t ACR;
  volatile uint32_t PDKEYR;
  volatile uint32_t KEYR;
  uint32_t reserved0[5];
  volatile uint32_t SR;
  uint32_t reserved1;
  volatile uint32_t CR;
  uint32_t reserved2;
  volatile uint32_t ECCR;
} FLASH_TypeDef;

#define FLASH_ACR_LATENCY 15u
#define FLASH_ACR_80MHZ   3u /* wait states */

/** The cache in front of flash (§8.7). */
typedef struct {
  volatile uint32_t CR;
  volatile uint32_t SR;
} ICACHE_TypeDef;

#define ICACHE_CR_EN    (1u << 0)
#define ICACHE_SR_BUSYF (1u << 0)

/* Bases of the peripherals (§2.3). */
#define FLASH           ((FLASH_TypeDef *)0x40022000u)
#define ICACHE          ((ICACHE_TypeDef *)0x40030400u)
#define RCC             ((RCC_TypeDef *)0x40021000u)
#define PWR             ((PWR_TypeDef *)0x40007000u)
#define IWDG            ((IWDG_TypeDef *)0x40003000u)
#define RNG             ((RNG_TypeDef *)0x420c0800u)
#define ADC1            ((ADC_TypeDef *)0x42028000u)
#define ADC_CCR         (*(volatile uint32_t *)0x42028308u)
#define USART3          ((USART_TypeDef *)0x40004800u)
#define LPUART1         ((USART_TypeDef *)0x40008000u)
#define GPIO_PORT(port) ((GPIO_TypeDef *)(0x42020000u + 0x400u * (port)))

/* EXTI (§16.6). */
#define EXTI_RTSR1 (*(volatile uint32_t *)0x4002f400u)
#define EXTI_IMR1  (*(volatile uint32_t *)0x4002f480u)

/* Factory measurements at 30 and 130 degrees and 3.0 V (data sheet, "Temperature sensor"). */
#define TS_CAL1         (*(const volatile uint16_t *)0x0bfa05a8u)
#define TS_CAL2         (*(const volatile uint16_t *)0x0bfa05cau)
#define TS_CAL2_DEGREES 130

#define MODULE_USART  USART3
#define CONSOLE_USART LPUART1
#define MODULE_BRR    ((CLOCK_HZ + UART_BAUD / 2) / UART_BAUD)
#define CONSOLE_BRR   ((uint32_t)((256ull * CLOCK_HZ + CONSOLE_BAUD / 2) / CONSOLE_BAUD))
#define LSI_HZ        32000u

/** Port G has a separate supply from its second pin on, whose presence must be confirmed (§4.4.2). */
#define PWR_CR2_IOSV (1u << 9)

/** Switch on the clocks of the UARTs. */
static inline void usarts_on(void) {
  PWR->CR2 |= PWR_CR2_IOSV;
  RCC->APB1ENR1 |= RCC_APB1ENR1_USART3EN;
  RCC->APB1ENR2 |= RCC_APB1ENR2_LPUART1EN;
}

/** Let data be read from flash itself: switching the cache off makes it forget as well. */
static inline void cache_off(void) {
  ICACHE->CR &= ~ICACHE_CR_EN;
  while ((ICACHE->CR & ICACHE_CR_EN) || (ICACHE->SR & ICACHE_SR_BUSYF))
    continue;
}
static inline void cache_on(void) { ICACHE->CR |= ICACHE_CR_EN; }

/** Set the wait states for 80 MHz, and switch the cache on. */
static inline void flash_on(void) {
  FLASH->ACR = FLASH_ACR_80MHZ;
  cache_on();
}

#define BROWNOUT_EXCEPTION (16u + PVD_IRQn)

/** True if the NMI reported a torn unit in the store, which the flash driver handles. */
bool flash_forgive(void);
#define NMI_FORGIVEN flash_forgive

#endif
