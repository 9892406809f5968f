/**
 * Flash on a board that has none: a part of the PSRAM, which the emulator keeps in a file, behaves as flash does.
 * Programming only clears bits; erasing sets a page's bits. On the real board the PSRAM forgets when power goes.
 */
#include <string.h>

#include "port.h"

static uint8_t *at_offset(uint32_t at) { return (uint8_t *)STORE_ORIGIN + at; }

void flash_read(uint8_t *out, uint32_t at, uint32_t len) { memcpy(out, at_offset(at), len); }

uint32_t flash_program(uint32_t at, const uint8_t *data, uint32_t len) {
  volatile uint32_t *to = (volatile uint32_t *)at_offset(at);
  for (uint32_t i = 0; i < len; i += 4) {
    uint32_t word;
    memcpy(&word, data + i, 4);
    *to++ &= word;
  }
  return memcmp(at_offset(at), data, len) != 0;
}

uint32_t flash_erase(uint32_t at) {
  memset(at_offset(at), 0xff, STORE_PAGE_BYTES);
  return 0;
}
