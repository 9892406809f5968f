/** Signet's pages are the last of the chip's own flash; while it writes one, the core waits (§6.1.1). */
#include <string.h>

#include "chip.h"
#include "port.h"

static void wait_ready(void) {
  while (NVMC_READY == 0)
    continue;
}

static void set_mode(uint32_t mode) {
  wait_ready();
  NVMC_CONFIG = mode;
  wait_ready();
}

void flash_read(uint8_t *out, uint32_t at, uint32_t len) { memcpy(out, (const uint8_t *)STORE_ORIGIN + at, len); }

uint32_t flash_program(uint32_t at, const uint8_t *data, uint32_t len) {
  volatile uint32_t *to = (volatile uint32_t *)(STORE_ORIGIN + at);
  set_mode(NVMC_WRITE);
  for (uint32_t i = 0; i < len; i += 4) {
    uint32_t word;
    memcpy(&word, data + i, 4);
    *to++ = word;
    wait_ready();
  }
  set_mode(NVMC_READ);
  return memcmp((const uint8_t *)STORE_ORIGIN + at, data, len) != 0;
}

uint32_t flash_erase(uint32_t at) {
  set_mode(NVMC_ERASE);
  NVMC_ERASEPAGE = STORE_ORIGIN + at;
  set_mode(NVMC_READ);
  const uint32_t *word = (const uint32_t *)(STORE_ORIGIN + at);
  for (uint32_t i = 0; i < STORE_PAGE_BYTES / 4; i++) {
    if (word[i] != 0xffffffffu)
      return 1;
  }
  return 0;
}
