/** The temperature of the die, as the factory calibrated it; the supply is taken to be 3.3 V. */
#include "sensor.h"

#include "chip.h"
#include "port.h"

/** Calibration was at 3.0 V: the same voltage gives fewer counts at 3.3 V. */
#define COUNTS_AT_3V0(counts) ((counts)*33 / 30)

/** More turns than anything here takes: a sensor that does not answer must not hang the device. */
#define PATIENCE 100000

static void wait_for(volatile uint32_t *reg, uint32_t mask, uint32_t wanted) {
  for (int i = 0; i < PATIENCE && (*reg & mask) != wanted; i++)
    continue;
}

/** Out of deep power-down where there is one, calibrate, enable (§18.4.6, §18.4.8). */
static void start(void) {
  ADC1->CR = 0;
  ADC1->CR = ADC_CR_ADVREGEN;
  for (volatile uint32_t i = 0; i < 20 * (CLOCK_HZ / 1000000); i++) /* 20 us at least */
    continue;
  sensor_on();
  ADC1->CR = ADC_CR_ADVREGEN | ADC_CR_ADCAL;
  wait_for(&ADC1->CR, ADC_CR_ADCAL, 0);
  sensor_choose();
  ADC1->CR = ADC_CR_ADVREGEN | ADC_CR_ADEN;
  wait_for(&ADC1->ISR, ADC_ISR_ADRDY, ADC_ISR_ADRDY);
}

int32_t sensor_read(uint32_t channel) {
  if (channel != 0)
    return 0;
  if (!(ADC1->CR & ADC_CR_ADEN))
    start();
  ADC1->CR = ADC_CR_ADVREGEN | ADC_CR_ADSTART;
  wait_for(&ADC1->ISR, ADC_ISR_EOC, ADC_ISR_EOC);
  const int32_t counts = COUNTS_AT_3V0((int32_t)(ADC1->DR & 0xfffu));
  const int32_t at30 = TS_CAL1, span = TS_CAL2 - at30;
  return span == 0 ? 0 : 30000 + (counts - at30) * ((TS_CAL2_DEGREES - 30) * 1000) / span;
}
