/**
 * The SAM D21's flash driver over a model of its controller: memory at the address of the store, whose changes are the
 * page buffer until a command writes them. Arguments are commands: `p AT HEX` programs, `e AT` erases, `r AT LEN`
 * reads, `d` dumps; each answers with a line. `f HEX` puts bytes at the beginning, as a probe does, `s AT` sticks a
 * byte at 0. The last line is the most writes that a row took.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "chip.h"

#undef NVMCTRL
static NVMCTRL_TypeDef *controller(void);
#define NVMCTRL controller()
#include "flash_samd21.c"

#define PAGE_BYTES 64u
#define BYTES      (STORE_PAGE_BYTES / STORE_SPREAD_USED * ROW_BYTES * STORE_PAGES)

static NVMCTRL_TypeDef registers = {.INTFLAG = NVMCTRL_INT_READY};
static uint8_t flash[BYTES];
static uint32_t writes[BYTES / ROW_BYTES], most, stuck = BYTES;

static uint8_t *mapped(void) { return (uint8_t *)(uintptr_t)STORE_ORIGIN; }

static void fail(const char *why) {
  puts(why);
  exit(1);
}

/** Clear the bits of the one page that the buffer has, and count the write. */
static void write_page(void) {
  uint32_t first = BYTES, last = 0;
  for (uint32_t i = 0; i < BYTES; i++) {
    if (mapped()[i] == flash[i])
      continue;
    first = i < first ? i : first;
    last = i;
  }
  if (first == BYTES || first / PAGE_BYTES != last / PAGE_BYTES)
    fail("the buffer is not one page's");
  for (uint32_t i = first; i <= last; i++)
    flash[i] &= mapped()[i];
  if (++writes[first / ROW_BYTES] > most)
    most = writes[first / ROW_BYTES];
}

static void erase_row(void) {
  const uint32_t from = registers.ADDR * 2 - STORE_ORIGIN;
  if (from % ROW_BYTES != 0 || from >= BYTES)
    fail("no row of the store is erased");
  memset(flash + from, 0xff, ROW_BYTES);
  writes[from / ROW_BYTES] = 0;
}

/** Obey the command that was written last; afterwards memory shows what flash has. */
static NVMCTRL_TypeDef *controller(void) {
  const uint16_t command = registers.CTRLA;
  registers.CTRLA = 0;
  registers.STATUS = 0;
  if (command == (NVMCTRL_KEY | NVMCTRL_WRITE_PAGE))
    write_page();
  else if (command == (NVMCTRL_KEY | NVMCTRL_ERASE_ROW))
    erase_row();
  else if (command != 0 && command != (NVMCTRL_KEY | NVMCTRL_CLEAR_BUFFER) &&
           command != (NVMCTRL_KEY | NVMCTRL_INVALIDATE))
    fail("an unknown command");
  if (stuck < BYTES)
    flash[stuck] = 0;
  if (command != 0)
    memcpy(mapped(), flash, BYTES);
  return &registers;
}

static void bytes_of(const char *hex, uint8_t *out) {
  for (; *hex != 0; hex += 2)
    sscanf(hex, "%2hhx", out++);
}

static void print(const uint8_t *bytes, uint32_t len) {
  for (uint32_t i = 0; i < len; i++)
    printf("%02x", bytes[i]);
  puts("");
}

/** One command with its arguments; returns how many it has. */
static int obey(char **words) {
  static uint8_t data[BYTES];
  const uint32_t number = words[1] ? (uint32_t)strtoul(words[1], NULL, 10) : 0;
  switch (*words[0]) {
  case 'p':
    bytes_of(words[2], data);
    printf("%u\n", flash_program(number, data, (uint32_t)strlen(words[2]) / 2));
    return 2;
  case 'e':
    printf("%u\n", flash_erase(number));
    return 1;
  case 'r':
    flash_read(data, number, (uint32_t)atoi(words[2]));
    print(data, (uint32_t)atoi(words[2]));
    return 2;
  case 'f':
    bytes_of(words[1], flash);
    memcpy(mapped(), flash, BYTES);
    return 1;
  case 's':
    stuck = number;
    return 1;
  default:
    print(flash, BYTES);
    return 0;
  }
}

int main(int count, char **words) {
  if (mmap(mapped(), BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) !=
      mapped())
    fail("the store's address is not free");
  memset(flash, 0xff, BYTES);
  memcpy(mapped(), flash, BYTES);
  for (int i = 1; i < count; i++)
    i += obey(words + i);
  printf("%u\n", most);
  return 0;
}
