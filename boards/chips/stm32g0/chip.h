/**
 * ST's STM32G070, G071 and G081 (RM0444 rev 5), whose sections are cited. The part of a CMSIS device header that the
 * drivers here use. USART1 is the module's, USART2 the console.
 */
#ifndef CHIP_H_
#define CHIP_H_

#include <stdbool.h>
#include <stdint.h>

#include "board.h"

typedef enum IRQn {
  NonMaskableInt_IRQn = -14,
  HardFault_IRQn = -13,
  SVCall_IRQn = -5,
  PendSV_IRQn = -2,
  SysTick_IRQn = -1,
  PVD_IRQn = 1,
  MODULE_IRQn = 27,
  CONSOLE_IRQn = 28,
} IRQn_Type;

#define __NVIC_PRIO_BITS       2
#define __Vendor_SysTickConfig 0
#define __MPU_PRESENT          1
#define __VTOR_PRESENT         1

#include CORE_HEADER

extern uint32_t SystemCoreClock;
void SystemInit(void);
void SystemCoreClockUpdate(void);

#include "gpio.h"
#include "iwdg.h"
#include "shared.h"

/** Clocks and resets (§5.4). */
typedef struct {
  volatile uint32_t CR;
  volatile uint32_t ICSCR;
  volatile uint32_t CFGR;
  volatile uint32_t PLLCFGR;
  uint32_t reserved0[9];
  volatile uint32_t IOPENR;
  volatile uint32_t AHBENR;
  volatile uint32_t APBENR1;
  volatile uint32_t APBENR2;
  uint32_t reserved1[7];
  volatile uint32_t CSR;
} RCC_TypeDef;

#define RCC_CR_HSION         (1u << 8)
#define RCC_CR_HSIRDY        (1u << 10)
#define RCC_CR_PLLON         (1u << 24)
#define RCC_CR_PLLRDY        (1u << 25)
#define RCC_CFGR_SW_PLL      2u
#define RCC_CFGR_SWS         (7u << 3)
#define RCC_CFGR_SWS_PLL     (2u << 3)
#define RCC_PLLCFGR_HSI      2u
#define RCC_PLLCFGR_M(by)    (((by)-1) << 4)
#define RCC_PLLCFGR_N(times) ((times) << 8)
#define RCC_PLLCFGR_REN      (1u << 28)
#define RCC_PLLCFGR_R(by)    (((by)-1) << 29)
#define RCC_IOPENR_GPIO(pin) (1u << ((pin) / 16))
#define RCC_APBENR1_USART2EN (1u << 17)
#define RCC_APBENR1_PWREN    (1u << 28)
#define RCC_APBENR2_USART1EN (1u << 14)
#define RCC_APBENR2_ADCEN    (1u << 20)
#define RCC_CSR_RMVF         (1u << 23)
#define RCC_CSR_IWDGRSTF     (1u << 29)

/** The clocks of the ports, and the bit of a pin's port. */
#define PIN_CLOCKS     RCC->IOPENR
#define PIN_CLOCK(pin) RCC_IOPENR_GPIO(pin)

/** ADC (§15.13). */
typedef struct {
  volatile uint32_t ISR;
  volatile uint32_t IER;
  volatile uint32_t CR;
  volatile uint32_t CFGR1;
  volatile uint32_t CFGR2;
  volatile uint32_t SMPR;
  uint32_t reserved0[4];
  volatile uint32_t CHSELR;
  uint32_t reserved1[5];
  volatile uint32_t DR;
} ADC_TypeDef;

#define ADC_ISR_ADRDY      (1u << 0)
#define ADC_ISR_EOC        (1u << 2)
#define ADC_CR_ADEN        (1u << 0)
#define ADC_CR_ADSTART     (1u << 2)
#define ADC_CR_ADVREGEN    (1u << 28)
#define ADC_CR_ADCAL       (1u << 31)
#define ADC_CFGR2_CKMODE_4 (2u << 30) /* a quarter of the bus clock */
#define ADC_SMPR_160       7u         /* sampled for 160.5 cycles */
#define ADC_CHSELR_12      (1u << 12) /* the temperature sensor */
#define ADC_CCR_TSEN       (1u << 23)

/** FLASH (§3.7). */
typedef struct {
  volatile uint32_t ACR;
  uint32_t reserved0;
  volatile uint32_t KEYR;
  volatile uint32_t OPTKEYR;
  volatile uint32_t SR;
  volatile uint32_t CR;
  volatile uint32_t ECCR;
} FLASH_TypeDef;

#define FLASH_ACR_LATENCY 7u
#define FLASH_ACR_64MHZ   2u /* wait states */
#define FLASH_ACR_PRFTEN  (1u << 8)
#define FLASH_ACR_ICEN    (1u << 9)
#define FLASH_SR_BSY      (5u << 16) /* BSY1, CFGBSY */

/** The number of the store's page at `at`. There is one bank: the core stalls while a page is written. */
#define PAGE_OF(at) FLASH_CR_PNB((STORE_ORIGIN - FLASH_ORIGIN + (at)) / STORE_PAGE_BYTES)

/** The supply below which the chip is reset: PVD level 2, 2.4 V falling (§4.4.2; data sheet, "Embedded reset"). */
#define SUPPLY_LEVEL       PWR_CR2_PVD_LEVEL2
#define PWR_CR2_PVD_LEVEL2 (2u << 4 | 2u << 1)

/* Bases of the peripherals (§2.2.2). */
#define FLASH           ((FLASH_TypeDef *)0x40022000u)
#define RCC             ((RCC_TypeDef *)0x40021000u)
#define PWR             ((PWR_TypeDef *)0x40007000u)
#define IWDG            ((IWDG_TypeDef *)0x40003000u)
#define ADC1            ((ADC_TypeDef *)0x40012400u)
#define ADC_CCR         (*(volatile uint32_t *)0x40012708u)
#define USART1          ((USART_TypeDef *)0x40013800u)
#define USART2          ((USART_TypeDef *)0x40004400u)
#define GPIO_PORT(port) ((GPIO_TypeDef *)(0x50000000u + 0x400u * (port)))

/* EXTI (§13.5). */
#define EXTI_RTSR1 (*(volatile uint32_t *)0x40021800u)
#define EXTI_IMR1  (*(volatile uint32_t *)0x40021880u)

/* Factory measurements at 30 and 130 degrees and 3.0 V (data sheet, "Temperature sensor"). */
#define TS_CAL1         (*(const volatile uint16_t *)0x1fff75a8u)
#define TS_CAL2         (*(const volatile uint16_t *)0x1fff75cau)
#define TS_CAL2_DEGREES 130

#define MODULE_USART  USART1
#define CONSOLE_USART USART2
#define MODULE_BRR    ((CLOCK_HZ + UART_BAUD / 2) / UART_BAUD)
#define CONSOLE_BRR   ((CLOCK_HZ + CONSOLE_BAUD / 2) / CONSOLE_BAUD)
#define LSI_HZ        32000u

/** Switch on the clocks of the UARTs. */
static inline void usarts_on(void) {
  RCC->APBENR2 |= RCC_APBENR2_USART1EN;
  RCC->APBENR1 |= RCC_APBENR1_USART2EN;
}

/** The chip's cache holds instructions only (§3.3.5). */
static inline void cache_off(void) {}
static inline void cache_on(void) {}

#define BROWNOUT_EXCEPTION (16u + PVD_IRQn)

/** True if the NMI reported a torn unit in the store, which the flash driver handles. */
bool flash_forgive(void);
#define NMI_FORGIVEN flash_forgive

#endif
