/**
 * Signet's pages are the last of the chip's flash. Eight bytes are programmed at once, with an error-correcting code,
 * and only once.
 */
#include <string.h>

#include "chip.h"
#include "flash.h"
#include "port.h"

#define UNIT_BYTES 8u

/** Turns within which the NMI of a torn unit comes. */
#define PATIENCE 100

/** A unit of the store is being read; it was found torn. */
static volatile bool reading, torn;

bool flash_forgive(void) {
  if (!reading)
    return false;
  if (FLASH->ECCR & FLASH_ECCR_ECCD) {
    FLASH->ECCR |= FLASH_ECCR_ECCD;
    torn = true;
  }
  return torn;
}

/**
 * Read a unit. One that a power cut left half programmed has more wrong bits than the code can correct: an NMI reports
 * it, and it reads as 0.
 */
static void read_unit(uint32_t out[2], uint32_t at) {
  const volatile uint32_t *from = (const volatile uint32_t *)(STORE_ORIGIN + at);
  torn = false;
  reading = true;
  out[0] = from[0];
  out[1] = from[1];
  __DSB();
  for (int i = 0; i < PATIENCE && (FLASH->ECCR & FLASH_ECCR_ECCD); i++)
    continue;
  flash_forgive();
  reading = false;
  if (torn)
    out[0] = out[1] = 0;
}

void flash_read(uint8_t *out, uint32_t at, uint32_t len) {
  uint32_t unit[2];
  cache_off();
  for (uint32_t done = 0; done < len;) {
    const uint32_t offset = (at + done) % UNIT_BYTES, room = UNIT_BYTES - offset;
    const uint32_t now = len - done < room ? len - done : room;
    read_unit(unit, at + done - offset);
    memcpy(out + done, (const uint8_t *)unit + offset, now);
    done += now;
  }
  cache_on();
  unit[0] = unit[1] = 0;
  __asm__ volatile("" ::"r"(unit) : "memory");
}

/** Lock it again; returns whether anything went wrong. */
static bool lock(void) {
  flash_wait();
  FLASH->CR = 0;
  FLASH->CR = FLASH_CR_LOCK;
  return (FLASH->SR & FLASH_SR_ERRORS) != 0;
}

/** True if the units from `at` on hold `data`, or are blank if there is none. */
static bool holds(uint32_t at, const uint8_t *data, uint32_t len) {
  uint8_t unit[UNIT_BYTES], wanted[UNIT_BYTES];
  memset(wanted, 0xff, sizeof wanted);
  bool same = true;
  for (uint32_t done = 0; same && done < len; done += UNIT_BYTES) {
    flash_read(unit, at + done, UNIT_BYTES);
    same = memcmp(unit, data ? data + done : wanted, UNIT_BYTES) == 0;
  }
  memset(unit, 0, sizeof unit);
  __asm__ volatile("" ::"r"(unit) : "memory");
  return same;
}

uint32_t flash_program(uint32_t at, const uint8_t *data, uint32_t len) {
  volatile uint32_t *to = (volatile uint32_t *)(STORE_ORIGIN + at);
  flash_unlock();
  FLASH->CR = FLASH_CR_PG;
  for (uint32_t done = 0; done < len; done += UNIT_BYTES) {
    uint32_t words[2];
    memcpy(words, data + done, sizeof words);
    *to++ = words[0];
    __ISB(); /* in this order, and the second at once (§3.3.7) */
    *to++ = words[1];
    flash_wait();
  }
  return lock() || !holds(at, data, len);
}

uint32_t flash_erase(uint32_t at) {
  flash_unlock();
  FLASH->CR = FLASH_CR_PER | PAGE_OF(at);
  FLASH->CR |= FLASH_CR_STRT;
  return lock() || !holds(at, NULL, STORE_PAGE_BYTES);
}
