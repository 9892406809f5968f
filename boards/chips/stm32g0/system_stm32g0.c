/** Clocks, and why the chip was reset. */
#include <stddef.h>

#include "chip.h"
#include "port.h"

uint32_t SystemCoreClock = CLOCK_HZ;

void SystemCoreClockUpdate(void) { SystemCoreClock = CLOCK_HZ; }

_Static_assert(CLOCK_HZ == 64000000, "what the PLL is set to");

/** 16 MHz from the chip's own oscillator, good to 1 %: halved, times 16, halved again (§5.2.3). */
static void start_pll(void) {
  RCC->CR |= RCC_CR_HSION;
  while (!(RCC->CR & RCC_CR_HSIRDY))
    continue;
  RCC->PLLCFGR = RCC_PLLCFGR_HSI | RCC_PLLCFGR_M(2u) | RCC_PLLCFGR_N(16u) | RCC_PLLCFGR_R(2u) | RCC_PLLCFGR_REN;
  RCC->CR |= RCC_CR_PLLON;
  while (!(RCC->CR & RCC_CR_PLLRDY))
    continue;
}

void SystemInit(void) {
  SCB->VTOR = FLASH_ORIGIN;
  RCC->APBENR1 |= RCC_APBENR1_PWREN;
  RCC->APBENR2 |= RCC_APBENR2_ADCEN;
  PWR->CR1 = (PWR->CR1 & ~PWR_CR1_VOS) | PWR_CR1_VOS_RANGE1;
  while (PWR->SR2 & PWR_SR2_VOSF)
    continue;
  FLASH->ACR = FLASH_ACR_64MHZ | FLASH_ACR_PRFTEN | FLASH_ACR_ICEN;
  while ((FLASH->ACR & FLASH_ACR_LATENCY) != FLASH_ACR_64MHZ)
    continue;
  start_pll();
  RCC->CFGR = RCC_CFGR_SW_PLL;
  while ((RCC->CFGR & RCC_CFGR_SWS) != RCC_CFGR_SWS_PLL)
    continue;
}

/** The flag of a brown-out is set at each power-on as well: only the watchdog's means a fault. */
const char *system_reset_cause(void) {
  const uint32_t cause = RCC->CSR;
  RCC->CSR = cause | RCC_CSR_RMVF;
  return cause & RCC_CSR_IWDGRSTF ? "watchdog" : NULL;
}
