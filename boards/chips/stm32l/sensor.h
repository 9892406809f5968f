/** The temperature sensor of STM32L4 and L5: channel 17 of the ADC (RM0351 §18.4.32). */
#ifndef SENSOR_H_
#define SENSOR_H_

#include "chip.h"

/** Switch the sensor on, and set the clock of the ADC. */
static inline void sensor_on(void) { ADC_CCR = ADC_CCR_CKMODE_4 | ADC_CCR_CH17SEL; }

/** Let the ADC convert the sensor's voltage only. */
static inline void sensor_choose(void) {
  ADC1->SMPR2 = ADC_SMPR2_17_247;
  ADC1->SQR1 = ADC_SQR1_17;
}

#endif
