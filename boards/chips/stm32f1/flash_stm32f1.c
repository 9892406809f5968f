/**
 * Signet's pages are the last of the chip's flash. It is programmed by half-words (PM0075 §2.3). There is one bank: the
 * core stalls during a write, for up to 40 ms during a page erasure. The internal oscillator times it, and stays on.
 */
#include <string.h>

#include "chip.h"
#include "flash.h"
#include "port.h"

/** Lock it again; returns whether nothing went wrong. */
static bool lock(void) {
  flash_wait();
  FLASH->CR = FLASH_CR_LOCK;
  return (FLASH->SR & FLASH_SR_ERRORS) == 0;
}

void flash_read(uint8_t *out, uint32_t at, uint32_t len) { memcpy(out, (const uint8_t *)STORE_ORIGIN + at, len); }

uint32_t flash_program(uint32_t at, const uint8_t *data, uint32_t len) {
  volatile uint16_t *to = (volatile uint16_t *)(STORE_ORIGIN + at);
  flash_unlock();
  FLASH->CR = FLASH_CR_PG;
  for (uint32_t done = 0; done < len; done += 2) {
    *to++ = (uint16_t)(data[done] | data[done + 1] << 8);
    flash_wait();
  }
  return !lock() || memcmp((const uint8_t *)STORE_ORIGIN + at, data, len) != 0;
}

static bool is_blank(uint32_t at) {
  const volatile uint32_t *from = (const volatile uint32_t *)(STORE_ORIGIN + at);
  for (uint32_t i = 0; i < STORE_PAGE_BYTES; i += 4)
    if (*from++ != 0xffffffffu)
      return false;
  return true;
}

uint32_t flash_erase(uint32_t at) {
  flash_unlock();
  FLASH->CR = FLASH_CR_PER;
  FLASH->AR = STORE_ORIGIN + at;
  FLASH->CR = FLASH_CR_PER | FLASH_CR_STRT;
  return !lock() || !is_blank(at);
}
