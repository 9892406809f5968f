/**
 * ST's STM32F405 and F407 (RM0090 rev 19). The part of a CMSIS device header that the drivers here use. USART3 is the
 * module's, USART6 the console's.
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
  PVD_IRQn = 1,
  MODULE_IRQn = 39,
  CONSOLE_IRQn = 71,
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

/** Clocks and resets (§7.3). */
typedef struct {
  volatile uint32_t CR;
  volatile uint32_t PLLCFGR;
  volatile uint32_t CFGR;
  volatile uint32_t CIR;
  uint32_t reserved0[8];
  volatile uint32_t AHB1ENR;
  volatile uint32_t AHB2ENR;
  volatile uint32_t AHB3ENR;
  uint32_t reserved1;
  volatile uint32_t APB1ENR;
  volatile uint32_t APB2ENR;
  uint32_t reserved2[10];
  volatile uint32_t BDCR;
  volatile uint32_t CSR;
} RCC_TypeDef;

#define RCC_CR_HSEON          (1u << 16)
#define RCC_CR_HSERDY         (1u << 17)
#define RCC_CR_PLLON          (1u << 24)
#define RCC_CR_PLLRDY         (1u << 25)
#define RCC_PLLCFGR_N(times)  ((times) << 6)
#define RCC_PLLCFGR_P2        0u
#define RCC_PLLCFGR_HSE       (1u << 22)
#define RCC_PLLCFGR_Q(by)     ((by) << 24)
#define RCC_CFGR_SW_PLL       2u
#define RCC_CFGR_SWS          (3u << 2)
#define RCC_CFGR_SWS_PLL      (2u << 2)
#define RCC_CFGR_PPRE1_4      (5u << 10)
#define RCC_CFGR_PPRE2_2      (4u << 13)
#define RCC_AHB1ENR_GPIO(pin) (1u << ((pin) / 16))
#define RCC_AHB2ENR_RNGEN     (1u << 6)
#define RCC_APB1ENR_USART3EN  (1u << 18)
#define RCC_APB1ENR_PWREN     (1u << 28)
#define RCC_APB2ENR_USART6EN  (1u << 5)
#define RCC_APB2ENR_ADC1EN    (1u << 8)
#define RCC_CSR_RMVF          (1u << 24)
#define RCC_CSR_IWDGRSTF      (1u << 29)

/** Flash (§3.9). */
typedef struct {
  volatile uint32_t ACR;
  volatile uint32_t KEYR;
  volatile uint32_t OPTKEYR;
  volatile uint32_t SR;
  volatile uint32_t CR;
} FLASH_TypeDef;

#define FLASH_ACR_LATENCY  7u
#define FLASH_ACR_168MHZ   5u /* wait states */
#define FLASH_ACR_PRFTEN   (1u << 8)
#define FLASH_ACR_ICEN     (1u << 9)
#define FLASH_ACR_DCEN     (1u << 10)
#define FLASH_ACR_DCRST    (1u << 12)
#define FLASH_KEY1         0x45670123u
#define FLASH_KEY2         0xcdef89abu
#define FLASH_SR_ERRORS    0xf2u /* OPERR, WRPERR, PGAERR, PGPERR, PGSERR */
#define FLASH_SR_BSY       (1u << 16)
#define FLASH_CR_PG        (1u << 0)
#define FLASH_CR_SER       (1u << 1)
#define FLASH_CR_SNB(n)    ((n) << 3)
#define FLASH_CR_PSIZE_X32 (2u << 8)
#define FLASH_CR_STRT      (1u << 16)
#define FLASH_CR_LOCK      (1u << 31)

/** ADC (§13.13). */
typedef struct {
  volatile uint32_t SR;
  volatile uint32_t CR1;
  volatile uint32_t CR2;
  volatile uint32_t SMPR1;
  uint32_t reserved0[7];
  volatile uint32_t SQR1;
  volatile uint32_t SQR2;
  volatile uint32_t SQR3;
  uint32_t reserved1[5];
  volatile uint32_t DR;
} ADC_TypeDef;

#define ADC_SR_EOC       (1u << 1)
#define ADC_CR2_ADON     (1u << 0)
#define ADC_CR2_SWSTART  (1u << 30)
#define ADC_SMPR1_16_480 (7u << 18) /* channel 16, the temperature sensor, is sampled for 480 cycles */
#define ADC_CCR_ADCPRE_4 (1u << 16)
#define ADC_CCR_TSVREFE  (1u << 23)

/* Power (§5.4) and external interrupts (§12.3). */
#define PWR_CR       (*(volatile uint32_t *)0x40007000u)
#define PWR_CR_PLS_5 (5u << 5)
/** 2.9 V rising, 2.8 V falling (data sheet, "Embedded reset and power control block"). */
#define SUPPLY_LEVEL PWR_CR_PLS_5
#define EXTI_IMR     (*(volatile uint32_t *)0x40013c00u)
#define EXTI_RTSR    (*(volatile uint32_t *)0x40013c08u)

/* Bases of the peripherals (§2.3). */
#define RCC             ((RCC_TypeDef *)0x40023800u)
#define FLASH           ((FLASH_TypeDef *)0x40023c00u)
#define IWDG            ((IWDG_TypeDef *)0x40003000u)
#define RNG             ((RNG_TypeDef *)0x50060800u)
#define ADC1            ((ADC_TypeDef *)0x40012000u)
#define ADC_CCR         (*(volatile uint32_t *)0x40012304u)
#define MODULE_USART    ((USART_TypeDef *)0x40004800u)
#define CONSOLE_USART   ((USART_TypeDef *)0x40011400u)
#define GPIO_PORT(port) ((GPIO_TypeDef *)(0x40020000u + 0x400u * (port)))

/* Factory measurements at 30 and 110 degrees and 3.3 V (data sheet, "Temperature sensor characteristics"). */
#define TS_CAL1 (*(const volatile uint16_t *)0x1fff7a2cu)
#define TS_CAL2 (*(const volatile uint16_t *)0x1fff7a2eu)

#define LSI_HZ 32000u

#define BROWNOUT_EXCEPTION (16u + PVD_IRQn)

#endif
