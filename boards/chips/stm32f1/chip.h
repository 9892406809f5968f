/**
 * ST's STM32F103x8 and xB, the medium-density chips (RM0008 rev 21, PM0075 for flash). The part of a CMSIS device
 * header that the drivers here use. USART2 is the module's, USART1 the console's.
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
  CONSOLE_IRQn = 37,
  MODULE_IRQn = 38,
} IRQn_Type;

#define __NVIC_PRIO_BITS       4
#define __Vendor_SysTickConfig 0
#define __MPU_PRESENT          0
#define __FPU_PRESENT          0

#include CORE_HEADER

extern uint32_t SystemCoreClock;
void SystemInit(void);
void SystemCoreClockUpdate(void);

#include "gpio.h"
#include "iwdg.h"
#include "registers.h"

/** Clocks and resets (§7.3). */
typedef struct {
  volatile uint32_t CR;
  volatile uint32_t CFGR;
  volatile uint32_t CIR;
  volatile uint32_t APB2RSTR;
  volatile uint32_t APB1RSTR;
  volatile uint32_t AHBENR;
  volatile uint32_t APB2ENR;
  volatile uint32_t APB1ENR;
  volatile uint32_t BDCR;
  volatile uint32_t CSR;
} RCC_TypeDef;

#define RCC_CR_HSEON          (1u << 16)
#define RCC_CR_HSERDY         (1u << 17)
#define RCC_CR_PLLON          (1u << 24)
#define RCC_CR_PLLRDY         (1u << 25)
#define RCC_CFGR_SW_PLL       2u
#define RCC_CFGR_SWS          (3u << 2)
#define RCC_CFGR_SWS_PLL      (2u << 2)
#define RCC_CFGR_PPRE1_2      (4u << 8)
#define RCC_CFGR_ADCPRE_6     (2u << 14)
#define RCC_CFGR_PLLSRC_HSE   (1u << 16)
#define RCC_CFGR_PLLMUL(by)   (((by)-2u) << 18)
#define RCC_APB2ENR_GPIO(pin) (1u << (2 + (pin) / 16))
#define RCC_APB2ENR_ADC1EN    (1u << 9)
#define RCC_APB2ENR_USART1EN  (1u << 14)
#define RCC_APB1ENR_USART2EN  (1u << 17)
#define RCC_APB1ENR_PWREN     (1u << 28)
#define RCC_CSR_RMVF          (1u << 24)
#define RCC_CSR_IWDGRSTF      (1u << 29)

/** Flash (PM0075 §3). */
typedef struct {
  volatile uint32_t ACR;
  volatile uint32_t KEYR;
  volatile uint32_t OPTKEYR;
  volatile uint32_t SR;
  volatile uint32_t CR;
  volatile uint32_t AR;
} FLASH_TypeDef;

#define FLASH_ACR_LATENCY 7u
#define FLASH_ACR_72MHZ   2u /* wait states */
#define FLASH_ACR_PRFTBE  (1u << 4)
#define FLASH_KEY1        0x45670123u
#define FLASH_KEY2        0xcdef89abu
#define FLASH_SR_BSY      (1u << 0)
#define FLASH_SR_ERRORS   0x14u /* PGERR, WRPRTERR */
#define FLASH_CR_PG       (1u << 0)
#define FLASH_CR_PER      (1u << 1)
#define FLASH_CR_STRT     (1u << 6)
#define FLASH_CR_LOCK     (1u << 7)

/** ADC (§11.12). */
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
#define ADC_CR2_TSVREFE  (1u << 23)
#define ADC_SMPR1_16_239 (7u << 18) /* channel 16, the temperature sensor, is sampled for 239.5 cycles */

/* Power (§5.4) and external interrupts (§10.3). */
#define PWR_CR       (*(volatile uint32_t *)0x40007000u)
#define PWR_CR_PLS_2 (2u << 5)
/** 2.38 V rising, 2.28 V falling (data sheet, "Embedded reset and power control block characteristics"). */
#define SUPPLY_LEVEL PWR_CR_PLS_2
#define EXTI_IMR     (*(volatile uint32_t *)0x40010400u)
#define EXTI_RTSR    (*(volatile uint32_t *)0x40010408u)

/* Bases of the peripherals (§3.3). */
#define RCC             ((RCC_TypeDef *)0x40021000u)
#define FLASH           ((FLASH_TypeDef *)0x40022000u)
#define IWDG            ((IWDG_TypeDef *)0x40003000u)
#define ADC1            ((ADC_TypeDef *)0x40012400u)
#define MODULE_USART    ((USART_TypeDef *)0x40004400u)
#define CONSOLE_USART   ((USART_TypeDef *)0x40013800u)
#define GPIO_PORT(port) ((GPIO_TypeDef *)(0x40010800u + 0x400u * (port)))

#define LSI_HZ 40000u

#define BROWNOUT_EXCEPTION (16u + PVD_IRQn)

#endif
