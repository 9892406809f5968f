/** The temperature of the die (§11.10). The factory does not calibrate it: it may be off by some degrees. */
#include "chip.h"
#include "port.h"

/** More turns than a conversion takes: a sensor that does not answer must not hang the device. */
#define PATIENCE 100000

/* Data sheet, "Temperature sensor characteristics", for a supply of 3.3 V. */
#define SUPPLY_MV       3300
#define AT_25_MV        1430
#define SLOPE_UV_DEGREE 4300

static void start(void) {
  ADC1->SMPR1 = ADC_SMPR1_16_239;
  ADC1->SQR3 = 16;
  ADC1->CR2 = ADC_CR2_TSVREFE | ADC_CR2_ADON;
  for (volatile uint32_t i = 0; i < 10 * (CLOCK_HZ / 1000000); i++) /* 10 us at least, for the sensor to start */
    continue;
}

int32_t sensor_read(uint32_t channel) {
  if (channel != 0)
    return 0;
  if (!(ADC1->CR2 & ADC_CR2_ADON))
    start();
  ADC1->CR2 = ADC_CR2_TSVREFE | ADC_CR2_ADON; /* written once more, ADON starts a conversion (§11.12.3) */
  for (int i = 0; i < PATIENCE && !(ADC1->SR & ADC_SR_EOC); i++)
    continue;
  const int32_t millivolts = (int32_t)(ADC1->DR & 0xfffu) * SUPPLY_MV / 4096;
  return 25000 + (AT_25_MV - millivolts) * 1000 * 1000 / SLOPE_UV_DEGREE;
}
