/** Clocks, and why the chip was reset. */
#include <stddef.h>

#include "chip.h"
#include "port.h"

uint32_t SystemCoreClock = CLOCK_HZ;

void SystemCoreClockUpdate(void) { SystemCoreClock = CLOCK_HZ; }

_Static_assert(CLOCK_HZ == 80000000, "what the PLL is set to");
_Static_assert(STORE_ORIGIN >= FLASH_ORIGIN + BANK_BYTES, "the store must be in the second bank");

/** 16 MHz from the chip's own oscillator, good to 1 %: halved, times 20, halved again for the core, quartered for the
 * RNG. */
static void start_pll(void) {
  RCC->CR |= RCC_CR_HSION;
  while (!(RCC->CR & RCC_CR_HSIRDY))
    continue;
  RCC->PLLCFGR = RCC_PLLCFGR_HSI | RCC_PLLCFGR_M(2u) | RCC_PLLCFGR_N(20u) | RCC_PLLCFGR_R(2u) | RCC_PLLCFGR_Q(4u) |
                 RCC_PLLCFGR_REN | RCC_PLLCFGR_QEN;
  RCC->CR |= RCC_CR_PLLON;
  while (!(RCC->CR & RCC_CR_PLLRDY))
    continue;
}

void SystemInit(void) {
  SCB->VTOR = FLASH_ORIGIN;
  RCC->APB1ENR1 |= RCC_APB1ENR1_PWREN;
  PWR->CR1 = (PWR->CR1 & ~PWR_CR1_VOS) | PWR_CR1_VOS_RANGE1;
  while (PWR->SR2 & PWR_SR2_VOSF)
    continue;
  flash_on();
  while ((FLASH->ACR & FLASH_ACR_LATENCY) != FLASH_ACR_80MHZ)
    continue;
  start_pll();
  RCC->CFGR = RCC_CFGR_SW_PLL;
  while ((RCC->CFGR & RCC_CFGR_SWS) != RCC_CFGR_SWS_PLL)
    continue;
  RCC->CCIPR = RCC_CCIPR_CLK48_PLLQ;
  RCC->AHB2ENR |= RCC_AHB2ENR_RNGEN | RCC_AHB2ENR_ADCEN;
}

/** The flag of a brown-out is set at each power-on as well: only the watchdog's means a fault. */
const char *system_reset_cause(void) {
  const uint32_t cause = RCC->CSR;
  RCC->CSR = cause | RCC_CSR_RMVF;
  return cause & RCC_CSR_IWDGRSTF ? "watchdog" : NULL;
}
