/**
 * Signet's pages are the last of the chip's flash. It is erased by rows of 256 bytes, and a row takes eight writes at
 * most until it is erased again ("NVM Characteristics", note 2). So the store uses the first 64 bytes of each row:
 * eight units of 8 bytes, each of which is written once. The core stalls for up to 6 ms while a row is erased, and
 * for 2.5 ms while a page of 64 bytes is written; interrupts run between the rows.
 */
#include <string.h>

#include "chip.h"
#include "port.h"

#define ROW_BYTES  256u
#define WRITES     8u
#define UNIT_BYTES 8u

_Static_assert(STORE_SPREAD_OF == ROW_BYTES, "a row holds one piece of the store");
_Static_assert(STORE_SPREAD_USED == WRITES * UNIT_BYTES, "a row has as many units as it takes writes");
_Static_assert(STORE_PAGE_BYTES % STORE_SPREAD_USED == 0, "a page of the store is a multiple of rows");

static uint32_t address_of(uint32_t at) {
  return STORE_ORIGIN + at / STORE_SPREAD_USED * ROW_BYTES + at % STORE_SPREAD_USED;
}

/** The bytes from `at` to the end of its piece, at most `len`. */
static uint32_t piece(uint32_t at, uint32_t len) {
  const uint32_t left = STORE_SPREAD_USED - at % STORE_SPREAD_USED;
  return len < left ? len : left;
}

static void wait_ready(void) {
  while (!(NVMCTRL->INTFLAG & NVMCTRL_INT_READY))
    continue;
}

static void command(uint32_t number) {
  wait_ready();
  NVMCTRL->CTRLA = (uint16_t)(NVMCTRL_KEY | number);
  wait_ready();
}

static bool has_failed(void) {
  command(NVMCTRL_INVALIDATE);
  return (NVMCTRL->STATUS & NVMCTRL_STATUS_ERRORS) != 0;
}

void flash_read(uint8_t *out, uint32_t at, uint32_t len) {
  for (uint32_t done = 0, bytes; done < len; done += bytes) {
    bytes = piece(at + done, len - done);
    memcpy(out + done, (const uint8_t *)address_of(at + done), bytes);
  }
}

/** Write part of a row: the rest of the buffer is ones, which change nothing. The buffer takes whole words only. */
static void write(uint32_t address, const uint8_t *data, uint32_t len) {
  volatile uint32_t *to = (volatile uint32_t *)address;
  command(NVMCTRL_CLEAR_BUFFER);
  for (uint32_t i = 0; i < len; i += 4) {
    uint32_t word;
    memcpy(&word, data + i, 4);
    *to++ = word;
  }
  command(NVMCTRL_WRITE_PAGE);
}

uint32_t flash_program(uint32_t at, const uint8_t *data, uint32_t len) {
  NVMCTRL->STATUS = NVMCTRL_STATUS_ERRORS;
  for (uint32_t done = 0, bytes; done < len; done += bytes) {
    bytes = piece(at + done, len - done);
    write(address_of(at + done), data + done, bytes);
  }
  if (has_failed())
    return 1;
  for (uint32_t i = 0; i < len; i++)
    if (*(const uint8_t *)address_of(at + i) != data[i])
      return 1;
  return 0;
}

uint32_t flash_erase(uint32_t at) {
  const uint32_t from = address_of(at), bytes = STORE_PAGE_BYTES / STORE_SPREAD_USED * ROW_BYTES;
  NVMCTRL->STATUS = NVMCTRL_STATUS_ERRORS;
  for (uint32_t row = 0; row < bytes; row += ROW_BYTES) {
    wait_ready();
    NVMCTRL->ADDR = (from + row) / 2; /* of 16 bits */
    command(NVMCTRL_ERASE_ROW);
  }
  if (has_failed())
    return 1;
  for (uint32_t i = 0; i < bytes; i += 4)
    if (*(const uint32_t *)(from + i) != 0xffffffffu)
      return 1;
  return 0;
}
