/** The temperature of the die (§4.9.5). */
#include "chip.h"
#include "port.h"

/** More turns than a conversion's 2 us take: a converter that does not answer must not hang the device. */
#define PATIENCE 10000

static void wait(void) {
  for (int i = 0; i < PATIENCE && !(ADC_CS & ADC_CS_READY); i++)
    continue;
}

int32_t sensor_read(uint32_t channel) {
  if (channel != 0)
    return 0;
  ADC_CS = ADC_CS_ENABLE | ADC_CS_SENSOR | ADC_CS_INPUT_TEMP;
  wait();
  RP_SET(ADC_CS, ADC_CS_START);
  wait();
  /* 27 - (V - 0.706) / 0.001721 degrees, V = 3.3 * result / 4096: in thousandths, over a denominator of 4096 * 1721. */
  const int64_t microvolts_4096 = (int64_t)(ADC_RESULT & 0xfffu) * 3300000 - (int64_t)706000 * 4096;
  return 27000 - (int32_t)(microvolts_4096 * 1000 / (4096 * 1721));
}
