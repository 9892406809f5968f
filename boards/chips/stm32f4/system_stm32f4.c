/** Clocks, and why the chip was reset. */
#include <stdbool.h>
#include <stddef.h>

#include "chip.h"
#include "clocks.h"
#include "port.h"

#define HSI_HZ 16000000u
#define HSI_M  (HSI_HZ / 1000000u)

/** More turns than the start of the crystal or the PLL takes: a missing one must not hang the device. */
#define PATIENCE 1000000

uint32_t SystemCoreClock = HSI_HZ;
uint32_t apb1_hz = HSI_HZ, apb2_hz = HSI_HZ;

_Static_assert(CLOCK_HZ == 168000000, "what the PLL is set to");

void SystemCoreClockUpdate(void) {
  const bool pll = (RCC->CFGR & RCC_CFGR_SWS) == RCC_CFGR_SWS_PLL;
  SystemCoreClock = pll ? CLOCK_HZ : HSI_HZ;
  apb1_hz = pll ? CLOCK_HZ / 4 : HSI_HZ;
  apb2_hz = pll ? CLOCK_HZ / 2 : HSI_HZ;
}

static bool comes(volatile uint32_t *reg, uint32_t mask, uint32_t wanted) {
  for (int i = 0; i < PATIENCE; i++)
    if ((*reg & mask) == wanted)
      return true;
  return false;
}

/**
 * 1 MHz from the crystal, or from the chip's own oscillator if there is none, times 336: halved for the core, by seven
 * for the RNG.
 */
static bool start_pll(void) {
  RCC->CR |= RCC_CR_HSEON;
  const bool crystal = comes(&RCC->CR, RCC_CR_HSERDY, RCC_CR_HSERDY);
  RCC->PLLCFGR =
      (crystal ? RCC_PLLCFGR_HSE | CRYSTAL_MHZ : HSI_M) | RCC_PLLCFGR_N(336u) | RCC_PLLCFGR_P2 | RCC_PLLCFGR_Q(7u);
  RCC->CR |= RCC_CR_PLLON;
  return comes(&RCC->CR, RCC_CR_PLLRDY, RCC_CR_PLLRDY);
}

void SystemInit(void) {
  SCB->VTOR = FLASH_ORIGIN;
  RCC->APB1ENR |= RCC_APB1ENR_PWREN;
  FLASH->ACR = FLASH_ACR_168MHZ | FLASH_ACR_PRFTEN | FLASH_ACR_ICEN | FLASH_ACR_DCEN;
  if (comes(&FLASH->ACR, FLASH_ACR_LATENCY, FLASH_ACR_168MHZ) && start_pll()) {
    RCC->CFGR = RCC_CFGR_PPRE1_4 | RCC_CFGR_PPRE2_2;
    RCC->CFGR |= RCC_CFGR_SW_PLL;
    comes(&RCC->CFGR, RCC_CFGR_SWS, RCC_CFGR_SWS_PLL);
  }
  SystemCoreClockUpdate();
  RCC->AHB2ENR |= RCC_AHB2ENR_RNGEN;
  RCC->APB2ENR |= RCC_APB2ENR_ADC1EN;
}

/** The flag of a brown-out is set at each power-on as well: only the watchdog's means a fault. */
const char *system_reset_cause(void) {
  const uint32_t cause = RCC->CSR;
  RCC->CSR = cause | RCC_CSR_RMVF;
  return cause & RCC_CSR_IWDGRSTF ? "watchdog" : NULL;
}
