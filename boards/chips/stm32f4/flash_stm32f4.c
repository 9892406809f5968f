/**
 * Signet's pages are the last sectors of the chip's flash, of 128 KiB each: the first sector wholly behind the image is
 * the factory's. There is one bank: the core stalls during a write, for up to 2 s during a sector erasure.
 */
#include <string.h>

#include "chip.h"
#include "flash.h"
#include "port.h"

/** Sectors 0 to 3 have 16 KiB, 4 has 64 KiB, those from 5 on 128 KiB (§3.3): as if all had 128 KiB and began at 4. */
#define SECTOR_BYTES 0x20000u
#define SECTOR(at)   (4u + (STORE_ORIGIN - FLASH_ORIGIN + (at)) / SECTOR_BYTES)

static volatile uint32_t *word_at(uint32_t at) { return (volatile uint32_t *)(STORE_ORIGIN + at); }

/** Lock it again, and empty the cache (§3.4.2). Return true if there was no error. */
static bool lock(void) {
  flash_wait();
  FLASH->CR = FLASH_CR_LOCK;
  FLASH->ACR &= ~FLASH_ACR_DCEN;
  FLASH->ACR |= FLASH_ACR_DCRST;
  FLASH->ACR &= ~FLASH_ACR_DCRST;
  FLASH->ACR |= FLASH_ACR_DCEN;
  return (FLASH->SR & FLASH_SR_ERRORS) == 0;
}

void flash_read(uint8_t *out, uint32_t at, uint32_t len) { memcpy(out, (const uint8_t *)STORE_ORIGIN + at, len); }

uint32_t flash_program(uint32_t at, const uint8_t *data, uint32_t len) {
  flash_unlock();
  FLASH->CR = FLASH_CR_PSIZE_X32 | FLASH_CR_PG;
  for (uint32_t done = 0; done < len; done += 4) {
    uint32_t word;
    memcpy(&word, data + done, sizeof word);
    *word_at(at + done) = word;
    flash_wait();
  }
  return !lock() || memcmp((const uint8_t *)STORE_ORIGIN + at, data, len) != 0;
}

static bool is_blank(uint32_t at) {
  for (uint32_t i = 0; i < STORE_PAGE_BYTES; i += 4)
    if (*word_at(at + i) != 0xffffffffu)
      return false;
  return true;
}

uint32_t flash_erase(uint32_t at) {
  flash_unlock();
  FLASH->CR = FLASH_CR_PSIZE_X32 | FLASH_CR_SER | FLASH_CR_SNB(SECTOR(at));
  FLASH->CR |= FLASH_CR_STRT;
  return !lock() || !is_blank(at);
}
