/** The MPS2 boards have no sensor. This one measures a triangle instead, 20.000 to 24.095 and back in 8.192 s. */
#include "port.h"

int32_t sensor_read(uint32_t channel) {
  const uint32_t phase = clock_ms() & 0x1fffu;
  return channel != 0 ? 0 : 20000 + (int32_t)(phase < 0x1000u ? phase : 0x1fffu - phase);
}
