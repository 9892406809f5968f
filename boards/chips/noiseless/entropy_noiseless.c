/** The chip has no source of noise: each device needs the seed of its factory page. */
#include "port.h"

uint32_t entropy_read(uint8_t *out, uint32_t max) {
  (void)out;
  (void)max;
  return 0;
}

uint32_t entropy_quality(void) { return 0; }
