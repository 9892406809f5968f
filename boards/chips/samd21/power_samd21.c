/** The supply: below 2.7 V flash needs more wait states at 48 MHz, so the chip is reset until the supply is back. */
#include "power.h"

#include "chip.h"

/** 2.77 V falling, 2.84 V at most ("BOD33 LEVEL Value"). */
#define LEVEL 39u

/** More turns than the detector takes to start. */
#define PATIENCE 100000

static void wait_for(uint32_t flag) {
  for (int i = 0; i < PATIENCE && !(SYSCTRL->PCLKSR & flag); i++)
    continue;
}

/** The settings change while the detector is off; the flag that this may set is no warning. */
void power_watch(void) {
  const uint32_t settings = SYSCTRL_BOD33_LEVEL(LEVEL) | SYSCTRL_BOD33_INTERRUPT | SYSCTRL_BOD33_HYST;
  SYSCTRL->BOD33 = 0;
  wait_for(SYSCTRL_B33SRDY);
  SYSCTRL->BOD33 = settings;
  SYSCTRL->BOD33 = settings | SYSCTRL_BOD33_ENABLE;
  wait_for(SYSCTRL_BOD33RDY);
  SYSCTRL->INTFLAG = SYSCTRL_BOD33DET;
  SYSCTRL->INTENSET = SYSCTRL_BOD33DET;
  NVIC_EnableIRQ(SYSCTRL_IRQn);
}
