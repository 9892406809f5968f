/**
 * ST's STM32L475, L476 and L486 (RM0351 rev 9). The part of a CMSIS device header that the drivers here use. USART1 is
 * the module's, USART2 the console.
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
  SVCall_IRQn = -5,
  DebugMonitor_IRQn = -4,
  PendSV_IRQn = -2,
  SysTick_IRQn = -1,
  PVD_IRQn = 1,
  MODULE_IRQn = 37,
  CONSOLE_IRQn = 38,
} IRQn_Type;

#define __NVIC_PRIO_BITS       4
#define __Vendor_SysTickConfig 0
#define __MPU_PRESENT          1
#define __FPU_PRESENT          1

#include CORE_HEADER

extern uint32_t SystemCoreClock;
void SystemInit(void);
void SystemCoreClockUpdate(void);

#include "gpio.h"
#include "iwdg.h"
#include "registers.h"
#include "rng.h"

/** FLASH (§3.7). */
typedef struct {
  volatile uint32_t ACR;
  volatile uint32_t PDKEYR;
  volatile uint32_t KEYR;
  volatile uint32_t OPTKEYR;
  volatile uint32_t SR;
  volatile uint32_t CR;
  volatile uint32_t ECCR;
} FLASH_TypeDef;

#define FLASH_ACR_LATENCY 7u
#define FLASH_ACR_80MHZ   4u /* wait states */
#define FLASH_ACR_PRFTEN  (1u << 8)
#define FLASH_ACR_ICEN    (1u << 9)
#define FLASH_ACR_DCEN    (1u << 10)
#define FLASH_ACR_DCRST   (1u << 12)

/* Bases of the peripherals (§2.2.2). */
#define FLASH           ((FLASH_TypeDef *)0x40022000u)
#define RCC             ((RCC_TypeDef *)0x40021000u)
#define PWR             ((PWR_TypeDef *)0x40007000u)
#define IWDG            ((IWDG_TypeDef *)0x40003000u)
#define RNG             ((RNG_TypeDef *)0x50060800u)
#define ADC1            ((ADC_TypeDef *)0x50040000u)
#define ADC_CCR         (*(volatile uint32_t *)0x50040308u)
#define USART1          ((USART_TypeDef *)0x40013800u)
#define USART2          ((USART_TypeDef *)0x40004400u)
#define GPIO_PORT(port) ((GPIO_TypeDef *)(0x48000000u + 0x400u * (port)))

/* EXTI (§14.5). */
#define EXTI_IMR1  (*(volatile uint32_t *)0x40010400u)
#define EXTI_RTSR1 (*(volatile uint32_t *)0x40010408u)

/* Factory measurements at 30 and 110 degrees and 3.0 V (data sheet, "Temperature sensor"). */
#define TS_CAL1         (*(const volatile uint16_t *)0x1fff75a8u)
#define TS_CAL2         (*(const volatile uint16_t *)0x1fff75cau)
#define TS_CAL2_DEGREES 110

#define MODULE_USART  USART1
#define CONSOLE_USART USART2
#define MODULE_BRR    ((CLOCK_HZ + UART_BAUD / 2) / UART_BAUD)
#define CONSOLE_BRR   ((CLOCK_HZ + CONSOLE_BAUD / 2) / CONSOLE_BAUD)
#define LSI_HZ        32000u

/** Switch on the clocks of the UARTs. */
static inline void usarts_on(void) {
  RCC->APB2ENR |= RCC_APB2ENR_USART1EN;
  RCC->APB1ENR1 |= RCC_APB1ENR1_USART2EN;
}

/** Set the wait states for 80 MHz, and switch the caches on. */
static inline void flash_on(void) { FLASH->ACR = FLASH_ACR_80MHZ | FLASH_ACR_PRFTEN | FLASH_ACR_ICEN | FLASH_ACR_DCEN; }

/** Let data be read from flash itself; afterwards, empty the cache (§3.3.4). */
static inline void cache_off(void) { FLASH->ACR &= ~FLASH_ACR_DCEN; }
static inline void cache_on(void) {
  FLASH->ACR |= FLASH_ACR_DCRST;
  FLASH->ACR &= ~FLASH_ACR_DCRST;
  FLASH->ACR |= FLASH_ACR_DCEN;
}

#define BROWNOUT_EXCEPTION (16u + PVD_IRQn)

/** True if the NMI reported a torn unit in the store, which the flash driver handles. */
bool flash_forgive(void);
#define NMI_FORGIVEN flash_forgive

#endif
