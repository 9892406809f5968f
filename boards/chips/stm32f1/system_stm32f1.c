/** Clocks, and why the chip was reset. */
#include <stdbool.h>
#include <stddef.h>

#include "chip.h"
#include "clocks.h"
#include "port.h"

#define HSI_HZ 8000000u

/** More turns than the start of the crystal or the PLL takes: a missing one must not hang the device. */
#define PATIENCE 1000000

uint32_t SystemCoreClock = HSI_HZ;
uint32_t apb1_hz = HSI_HZ, apb2_hz = HSI_HZ;

_Static_assert(CLOCK_HZ == 72000000, "what the PLL is set to");

void SystemCoreClockUpdate(void) {
  const bool pll = (RCC->CFGR & RCC_CFGR_SWS) == RCC_CFGR_SWS_PLL;
  const bool crystal = (RCC->CFGR & RCC_CFGR_PLLSRC_HSE) != 0;
  SystemCoreClock = !pll ? HSI_HZ : crystal ? CLOCK_HZ : 8 * HSI_HZ;
  apb1_hz = pll ? SystemCoreClock / 2 : HSI_HZ;
  apb2_hz = SystemCoreClock;
}

static bool comes(volatile uint32_t *reg, uint32_t mask, uint32_t wanted) {
  for (int i = 0; i < PATIENCE; i++)
    if ((*reg & mask) == wanted)
      return true;
  return false;
}

/**
 * 72 MHz from the crystal of 8 MHz, or 64 MHz from half of the chip's own oscillator if there is none. APB1 has half of
 * it, the ADC a sixth.
 */
static bool start_pll(void) {
  RCC->CR |= RCC_CR_HSEON;
  const bool crystal = comes(&RCC->CR, RCC_CR_HSERDY, RCC_CR_HSERDY);
  RCC->CFGR = RCC_CFGR_PPRE1_2 | RCC_CFGR_ADCPRE_6 |
              (crystal ? RCC_CFGR_PLLSRC_HSE | RCC_CFGR_PLLMUL(9u) : RCC_CFGR_PLLMUL(16u));
  RCC->CR |= RCC_CR_PLLON;
  return comes(&RCC->CR, RCC_CR_PLLRDY, RCC_CR_PLLRDY);
}

void SystemInit(void) {
  SCB->VTOR = FLASH_ORIGIN;
  RCC->APB1ENR |= RCC_APB1ENR_PWREN;
  FLASH->ACR = FLASH_ACR_72MHZ | FLASH_ACR_PRFTBE;
  if (comes(&FLASH->ACR, FLASH_ACR_LATENCY, FLASH_ACR_72MHZ) && start_pll()) {
    RCC->CFGR |= RCC_CFGR_SW_PLL;
    comes(&RCC->CFGR, RCC_CFGR_SWS, RCC_CFGR_SWS_PLL);
  } else {
    RCC->CFGR = 0;
  }
  SystemCoreClockUpdate();
  RCC->APB2ENR |= RCC_APB2ENR_ADC1EN;
}

/** The flag of a brown-out is set at each power-on as well: only the watchdog's means a fault. */
const char *system_reset_cause(void) {
  const uint32_t cause = RCC->CSR;
  RCC->CSR = cause | RCC_CSR_RMVF;
  return cause & RCC_CSR_IWDGRSTF ? "watchdog" : NULL;
}
