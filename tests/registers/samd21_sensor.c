/** The SAM D21's temperature sensor: arguments are the two words of the log and the converter's counts, in hexadecimal.
 */
#include <stdio.h>
#include <stdlib.h>

#include "chip.h"

static ADC_TypeDef converter;
static SYSCTRL_TypeDef system_control;
static uint32_t log_of_factory[2];

#undef ADC
#undef SYSCTRL
#undef CALIBRATION
#undef TEMP_LOG
#define ADC               (&converter)
#define SYSCTRL           (&system_control)
#define CALIBRATION(word) ((word)*0u)
#define TEMP_LOG(word)    (log_of_factory[word])
#include "sensor_samd21.c"

int main(int count, char **words) {
  for (int i = 1; i + 2 < count; i += 3) {
    log_of_factory[0] = (uint32_t)strtoul(words[i], NULL, 16);
    log_of_factory[1] = (uint32_t)strtoul(words[i + 1], NULL, 16);
    *(volatile uint16_t *)&converter.RESULT = (uint16_t)strtoul(words[i + 2], NULL, 16);
    converter.INTFLAG = ADC_INT_RESRDY;
    printf("%d\n", (int)sensor_read(0));
  }
  return 0;
}
