/** Noise: the ring oscillator's random bit, eight of them a sample. */
#include "chip.h"
#include "port.h"

/**
 * Microseconds between two bits. The oscillator runs at 1.8 to 12 MHz and is not bound to the crystal that times this:
 * its phase has tens of periods to wander in. Raspberry Pi's own pico_rand takes no two bits within 10 us.
 */
#define SPACING_US 12u

static uint32_t next_bit(void) {
  const uint32_t start = TIMER_RAWL;
  while (TIMER_RAWL - start < SPACING_US)
    continue;
  return ROSC_RANDOMBIT & 1u;
}

/** The bits as they came, the first one highest: the health tests look at each (`assembly/crypto/health.ts`). */
uint32_t entropy_read(uint8_t *out, uint32_t max) {
  for (uint32_t i = 0; i < max; i++) {
    uint32_t sample = 0;
    for (uint32_t bit = 0; bit < 8; bit++)
      sample = sample << 1 | next_bit();
    out[i] = (uint8_t)sample;
  }
  return max;
}

/**
 * The datasheet promises no rate and warns that the bit "does not meet the requirements of randomness for security
 * systems" by itself (§2.17.5). One bit of entropy is claimed for eight bits read, the least that the health tests
 * take: a guess, not a measurement. The board's data asks for the factory's seed besides (NOISE_IS_WEAK).
 */
uint32_t entropy_quality(void) { return 1 * 256; }
