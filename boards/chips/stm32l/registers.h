/**
 * Registers that STM32L4 and L5 have in common: RM0351 (L4), whose sections are cited, and RM0438 (L5) have them at the
 * same offsets. A chip.h has the base of each peripheral.
 */
#ifndef REGISTERS_H_
#define REGISTERS_H_

#include <stdint.h>

#include "shared.h"

/** Clocks and resets (§6.4). */
typedef struct {
  volatile uint32_t CR;
  volatile uint32_t ICSCR;
  volatile uint32_t CFGR;
  volatile uint32_t PLLCFGR;
  uint32_t reserved0[14];
  volatile uint32_t AHB1ENR;
  volatile uint32_t AHB2ENR;
  volatile uint32_t AHB3ENR;
  uint32_t reserved1;
  volatile uint32_t APB1ENR1;
  volatile uint32_t APB1ENR2;
  volatile uint32_t APB2ENR;
  uint32_t reserved2[9];
  volatile uint32_t CCIPR;
  uint32_t reserved3;
  volatile uint32_t BDCR;
  volatile uint32_t CSR;
} RCC_TypeDef;

#define RCC_CR_HSION           (1u << 8)
#define RCC_CR_HSIRDY          (1u << 10)
#define RCC_CR_PLLON           (1u << 24)
#define RCC_CR_PLLRDY          (1u << 25)
#define RCC_CFGR_SW_PLL        3u
#define RCC_CFGR_SWS           (3u << 2)
#define RCC_CFGR_SWS_PLL       (3u << 2)
#define RCC_PLLCFGR_HSI        2u
#define RCC_PLLCFGR_M(by)      (((by)-1) << 4)
#define RCC_PLLCFGR_N(times)   ((times) << 8)
#define RCC_PLLCFGR_QEN        (1u << 20)
#define RCC_PLLCFGR_Q(by)      (((by) / 2 - 1) << 21)
#define RCC_PLLCFGR_REN        (1u << 24)
#define RCC_PLLCFGR_R(by)      (((by) / 2 - 1) << 25)
#define RCC_AHB2ENR_GPIO(pin)  (1u << ((pin) / 16))
#define RCC_AHB2ENR_ADCEN      (1u << 13)
#define RCC_AHB2ENR_RNGEN      (1u << 18)
#define RCC_APB1ENR1_USART2EN  (1u << 17)
#define RCC_APB1ENR1_USART3EN  (1u << 18)
#define RCC_APB1ENR1_PWREN     (1u << 28)
#define RCC_APB1ENR2_LPUART1EN (1u << 0)
#define RCC_APB2ENR_USART1EN   (1u << 14)
#define RCC_CCIPR_CLK48_PLLQ   (2u << 26)
#define RCC_CSR_RMVF           (1u << 23)
#define RCC_CSR_IWDGRSTF       (1u << 29)

/** The clocks of the ports, and the bit of a pin's port. */
#define PIN_CLOCKS     RCC->AHB2ENR
#define PIN_CLOCK(pin) RCC_AHB2ENR_GPIO(pin)

/** The supply below which the chip is reset: 2.4 V (§5.4.2). */
#define SUPPLY_LEVEL    PWR_CR2_PLS_2V4
#define PWR_CR2_PLS_2V4 (2u << 1)

/** The number of the store's page at `at`, in the second bank: while one is written, the core runs on (§3.3.5). */
#define BANK_BYTES    (FLASH_WHOLE_BYTES / 2)
#define PAGE_OF(at)   (FLASH_CR_BKER | FLASH_CR_PNB((STORE_ORIGIN - FLASH_ORIGIN - BANK_BYTES + (at)) / STORE_PAGE_BYTES))
#define FLASH_CR_BKER (1u << 11)
#define FLASH_SR_BSY  (1u << 16)

/** ADC (§18.7). */
typedef struct {
  volatile uint32_t ISR;
  volatile uint32_t IER;
  volatile uint32_t CR;
  volatile uint32_t CFGR;
  volatile uint32_t CFGR2;
  volatile uint32_t SMPR1;
  volatile uint32_t SMPR2;
  uint32_t reserved0[5];
  volatile uint32_t SQR1;
  uint32_t reserved1[3];
  volatile uint32_t DR;
} ADC_TypeDef;

#define ADC_ISR_ADRDY    (1u << 0)
#define ADC_ISR_EOC      (1u << 2)
#define ADC_CR_ADEN      (1u << 0)
#define ADC_CR_ADSTART   (1u << 2)
#define ADC_CR_ADVREGEN  (1u << 28)
#define ADC_CR_DEEPPWD   (1u << 29)
#define ADC_CR_ADCAL     (1u << 31)
#define ADC_SMPR2_17_247 (6u << 21) /* channel 17 is sampled for 247.5 cycles */
#define ADC_SQR1_17      (17u << 6)
#define ADC_CCR_CKMODE_4 (3u << 16) /* a quarter of the bus clock */
#define ADC_CCR_CH17SEL  (1u << 23) /* the temperature sensor */

#endif
