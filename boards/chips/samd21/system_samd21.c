/** Clocks, and the cause of the last reset. */
#include <stddef.h>

#include "chip.h"
#include "port.h"

uint32_t SystemCoreClock = CLOCK_HZ;

void SystemCoreClockUpdate(void) { SystemCoreClock = CLOCK_HZ; }

_Static_assert(CLOCK_HZ == 48000000, "the frequency of the DFLL48M");

/** The middle of the fine range, for which the data sheet gives the tolerance ("DFLL48M in Open Loop Mode"). */
#define FINE 512u
/** The value of a calibration that was never written, and the middle of its range. */
#define COARSE_BLANK  0x3fu
#define COARSE_MIDDLE 0x1fu

static void wait_for_dfll(void) {
  while (!(SYSCTRL->PCLKSR & SYSCTRL_DFLLRDY))
    continue;
}

/**
 * Start the DFLL48M in open loop with the factory's calibration. Its registers hang the bus while it runs on demand:
 * the first write ends that (errata, "Write Access to DFLL Register").
 */
static void start_dfll(void) {
  const uint32_t calibrated = CALIBRATION(1) >> 26;
  SYSCTRL->DFLLCTRL = SYSCTRL_DFLLCTRL_ENABLE;
  wait_for_dfll();
  SYSCTRL->DFLLVAL = SYSCTRL_DFLLVAL_COARSE(calibrated == COARSE_BLANK ? COARSE_MIDDLE : calibrated) | FINE;
  wait_for_dfll();
}

static void generate(uint32_t number, uint32_t source, uint32_t divider) {
  GCLK->GENDIV = number | GCLK_GENDIV_DIV(divider);
  GCLK->GENCTRL = number | source | GCLK_GENCTRL_GENEN;
  while (GCLK->STATUS & GCLK_STATUS_SYNCBUSY)
    continue;
}

static void feed(uint32_t clock, uint32_t generator) {
  GCLK->CLKCTRL = (uint16_t)(clock | GCLK_CLKCTRL_GEN(generator) | GCLK_CLKCTRL_CLKEN);
  while (GCLK->STATUS & GCLK_STATUS_SYNCBUSY)
    continue;
}

/**
 * Core and peripherals at 48 MHz from generator 0, the watchdog at 1,024 Hz from generator 2. MANW is 0 after a reset:
 * then a store to an address of flash by mistake could write a page. In its power-reduction mode flash may keep
 * the core from waking up. Both are errata of the NVMCTRL.
 */
void SystemInit(void) {
  SCB->VTOR = FLASH_ORIGIN;
  NVMCTRL->CTRLB = NVMCTRL_CTRLB_WAIT_1 | NVMCTRL_CTRLB_MANW | NVMCTRL_CTRLB_SLEEPPRM_OFF;
  start_dfll();
  generate(0, GCLK_GENCTRL_DFLL48M | GCLK_GENCTRL_IDC, 1);
  generate(2, GCLK_GENCTRL_OSCULP32K | GCLK_GENCTRL_DIVSEL, 4);
  PM->APBCMASK |= PM_APBCMASK_SERCOM3 | PM_APBCMASK_SERCOM4 | PM_APBCMASK_ADC;
  feed(GCLK_CLKCTRL_SERCOM3, 0);
  feed(GCLK_CLKCTRL_SERCOM4, 0);
  feed(GCLK_CLKCTRL_ADC, 0);
  feed(GCLK_CLKCTRL_WDT, 2);
}

/** A slow supply sets the flag of the brown-out detector at power-on as well: only the watchdog's means a fault. */
const char *system_reset_cause(void) { return PM->RCAUSE & PM_RCAUSE_WDT ? "watchdog" : NULL; }
