#include "epitaph.h"

#include <string.h>

#include "port.h"

/**
 * The word "sealed"; together with the checksum it distinguishes an epitaph from the contents of memory after power-on.
 */
#define SEAL 0x51617ea5u

static struct {
  uint32_t seal, length, sum;
  char text[EPITAPH_BYTES];
} grave __attribute__((section(".noinit")));

/** Fletcher's sum over the length and the text: random memory passes it and the seal once in 2^64. */
static uint32_t checksum(void) {
  uint32_t a = 1 + grave.length, b = 0;
  for (uint32_t i = 0; i < EPITAPH_BYTES; i++) {
    a += (uint8_t)grave.text[i];
    b += a;
  }
  return (b << 16) | (a & 0xffffu);
}

void epitaph_begin(const char *text) {
  grave.seal = 0;
  grave.length = 0;
  memset(grave.text, 0, sizeof grave.text);
  epitaph_text(text);
}

void epitaph_text(const char *text) {
  while (*text && grave.length < EPITAPH_BYTES)
    grave.text[grave.length++] = *text++;
}

void epitaph_hex(uint32_t word) {
  for (int shift = 28; shift >= 0; shift -= 4) {
    const char digit[2] = {"0123456789abcdef"[(word >> shift) & 15], 0};
    epitaph_text(digit);
  }
}

static void seal(void) {
  grave.sum = checksum();
  grave.seal = SEAL;
}

static bool is_sealed(void) { return grave.seal == SEAL && grave.length <= EPITAPH_BYTES && grave.sum == checksum(); }

void epitaph_of_reset(const char *cause) {
  if (cause == NULL || is_sealed())
    return;
  epitaph_begin("reset ");
  epitaph_text(cause);
  seal();
}

static bool dying;

bool epitaph_dying(void) { return dying; }

void epitaph_die(void) {
  seal();
  dying = true;
  secrets_wipe();
  console_flush();
  system_reset();
}

uint32_t epitaph_read(uint8_t *out, uint32_t max) {
  if (!is_sealed())
    return 0;
  const uint32_t length = grave.length < max ? grave.length : max;
  memcpy(out, grave.text, length);
  return length;
}

void epitaph_bury(void) { grave.seal = 0; }
