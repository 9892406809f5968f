/** Clocks and resets. Blocks that a reset of the core alone leaves running are brought to a known state first. */
#include "chip.h"

#define USED (RESETS_ADC | RESETS_IO_BANK0 | RESETS_PADS_BANK0 | RESETS_TIMER | RESETS_UART0 | RESETS_UART1)

uint32_t SystemCoreClock = CLOCK_HZ;

void SystemCoreClockUpdate(void) { SystemCoreClock = CLOCK_HZ; }

/** Take peripherals into reset and out again. */
static void reset(uint32_t which) {
  RP_SET(RESETS_RESET, which);
  RP_CLR(RESETS_RESET, which);
  while ((RESETS_DONE & which) != which)
    continue;
}

/** Let the reference clock come from the crystal, and the system's from the reference clock. */
static void start_crystal(void) {
  XOSC_STARTUP = (XOSC_HZ / 1000 + 128) / 256; /* 1 ms, in units of 256 periods */
  XOSC_CTRL = XOSC_ENABLE;
  while (!(XOSC_STATUS & XOSC_STABLE))
    continue;
  RP_CLR(CLK_SYS_CTRL, CLK_SYS_AUX);
  while (CLK_SYS_SELECTED != 1u)
    continue;
  CLK_REF_CTRL = CLK_REF_XOSC;
  while (CLK_REF_SELECTED != 1u << CLK_REF_XOSC)
    continue;
}

/** Bring a PLL up in the order of §2.18.2.1: 12 MHz times `multiplier`, divided twice. */
static void start_pll(RP_PLL_TypeDef *pll, uint32_t multiplier, uint32_t dividers) {
  pll->CS = 1;
  pll->FBDIV_INT = multiplier;
  RP_CLR(pll->PWR, PLL_PWR_PD | PLL_PWR_VCOPD);
  while (!(pll->CS & PLL_CS_LOCK))
    continue;
  pll->PRIM = dividers;
  RP_CLR(pll->PWR, PLL_PWR_POSTDIVPD);
}

void SystemInit(void) {
  start_crystal();
  reset(RESETS_PLL_SYS | RESETS_PLL_USB);
  start_pll(RP_PLL_SYS, 125, PLL_PRIM(6u, 2u)); /* 1500 MHz / 6 / 2 = 125 MHz */
  start_pll(RP_PLL_USB, 100, PLL_PRIM(5u, 5u)); /* 1200 MHz / 5 / 5 = 48 MHz, which the ADC wants */
  CLK_SYS_DIV = 1u << 8;
  CLK_SYS_CTRL = 0; /* the auxiliary source is the system's PLL */
  CLK_SYS_CTRL = CLK_SYS_AUX;
  while (CLK_SYS_SELECTED != 1u << CLK_SYS_AUX)
    continue;
  CLK_PERI_CTRL = CLK_ENABLE; /* from the system's clock */
  CLK_ADC_CTRL = CLK_ENABLE;  /* from the USB's PLL */
  WATCHDOG_TICK = WATCHDOG_TICK_ENABLE | (XOSC_HZ / 1000000);
  reset(USED);
}
