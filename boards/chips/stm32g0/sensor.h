/** The temperature sensor of STM32G0: channel 12 of the ADC (RM0444 §15.9). */
#ifndef SENSOR_H_
#define SENSOR_H_

#include "chip.h"

/** Switch the sensor on, and set the clock of the ADC. */
static inline void sensor_on(void) {
  ADC1->CFGR2 = ADC_CFGR2_CKMODE_4;
  ADC_CCR = ADC_CCR_TSEN;
}

/** Let the ADC convert the sensor's voltage only; a conversion uses the choice some clocks later (§15.3.8). */
static inline void sensor_choose(void) {
  ADC1->SMPR = ADC_SMPR_160;
  ADC1->CHSELR = ADC_CHSELR_12;
}

#endif
