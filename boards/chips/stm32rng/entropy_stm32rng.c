/**
 * The RNG gives a word in a microsecond or so. An error that it finds itself, in its clock or its noise, makes it begin
 * anew, and gives nothing meanwhile: if that does not end, the firmware names it.
 */
#include <stdbool.h>
#include <string.h>

#include "chip.h"
#include "port.h"

/** Attempts to get a word: ten times the usual duration. */
#define PATIENCE 1000

static void begin(void) {
  RNG->CR = 0;
  RNG->SR = 0;
  RNG->CR = RNG_CR_RNGEN;
}

/** True if a word was read. After an error, between the check and the read, a word reads as 0. */
static bool next_word(uint32_t *word) {
  if (!(RNG->CR & RNG_CR_RNGEN) || (RNG->SR & (RNG_SR_CEIS | RNG_SR_SEIS)))
    begin();
  for (int i = 0; i < PATIENCE; i++) {
    if (RNG->SR & RNG_SR_DRDY) {
      *word = RNG->DR;
      return *word != 0;
    }
  }
  return false;
}

uint32_t entropy_read(uint8_t *out, uint32_t max) {
  uint32_t taken = 0, word;
  while (taken < max && next_word(&word)) {
    const uint32_t now = max - taken < sizeof word ? max - taken : sizeof word;
    memcpy(out + taken, &word, now);
    taken += now;
  }
  word = 0;
  __asm__ volatile("" ::"r"(&word) : "memory");
  return taken;
}

/** The output passed a shift register, which hides the quality of the noise; half is claimed. */
uint32_t entropy_quality(void) { return 4 * 256; }
