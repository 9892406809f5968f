/**
 * Signet's pages are the last of the serial flash, written by the bootrom's functions (§2.8.3.1.3). While one runs
 * flash cannot be read, so everything from the first to the last call is in RAM, and interrupts, whose handlers are in
 * flash, are off. The second core is parked in the bootrom and touches nothing.
 */
#include <string.h>

#include "chip.h"
#include "port.h"
#include "xip.h"

#define IN_RAM __attribute__((section(".ram_code"), noinline))

/** Base of the flash as memory: the bootrom's addresses are relative to it. */
#define XIP_BASE 0x10000000u

/** The bootrom programs whole pages of the flash chip, and erases sectors, or larger blocks with another command. */
enum { PROGRAM_BYTES = 256, SECTOR_BYTES = 4096, BLOCK_BYTES = 65536, BLOCK_COMMAND = 0xd8 };
_Static_assert(STORE_PAGE_BYTES == SECTOR_BYTES, "a page of the store is a sector of the flash");

/**
 * Pointers of the bootrom, 16 bits each: to its table of functions, to one of data, to the function that looks up a
 * code in a table (§2.8.3). The volatile keeps gcc from taking an object near address 0 for a null pointer.
 */
static const uint16_t *volatile const rom_pointers = (const uint16_t *)0x14u;
enum { ROM_FUNCTIONS = 0, ROM_LOOKUP = 2 };
#define ROM_CODE(a, b) ((uint32_t)(b) << 8 | (uint32_t)(a))

static struct {
  void (*connect)(void);
  void (*exit_xip)(void);
  void (*erase)(uint32_t at, uint32_t len, uint32_t block, uint32_t command);
  void (*program)(uint32_t at, const uint8_t *data, uint32_t len);
  void (*flush)(void);
} rom;

typedef void *(*rom_lookup)(const uint16_t *table, uint32_t code);

static void *rom_function(uint32_t code) {
  const uint16_t *const pointers = rom_pointers;
  const rom_lookup look_up = (rom_lookup)(uintptr_t)pointers[ROM_LOOKUP];
  return look_up((const uint16_t *)(uintptr_t)pointers[ROM_FUNCTIONS], code);
}

/** Find the functions, which takes the flash: before the first of them is called. */
static void find_functions(void) {
  if (rom.flush)
    return;
  rom.connect = (void (*)(void))rom_function(ROM_CODE('I', 'F'));
  rom.exit_xip = (void (*)(void))rom_function(ROM_CODE('E', 'X'));
  rom.erase = (void (*)(uint32_t, uint32_t, uint32_t, uint32_t))rom_function(ROM_CODE('R', 'E'));
  rom.program = (void (*)(uint32_t, const uint8_t *, uint32_t))rom_function(ROM_CODE('R', 'P'));
  rom.flush = (void (*)(void))rom_function(ROM_CODE('F', 'C'));
}

/** Let flash be read as memory again, as boot2.S did at first. */
IN_RAM static void enter_xip(void) {
  RP_REG(SSI_BASE + SSI_SSIENR) = 0;
  RP_REG(SSI_BASE + SSI_BAUDR) = XIP_BAUDR;
  RP_REG(SSI_BASE + SSI_CTRLR0) = XIP_CTRLR0;
  RP_REG(SSI_BASE + SSI_CTRLR1) = 0;
  RP_REG(SSI_BASE + SSI_SPI_CTRLR0) = XIP_SPI_CTRLR0;
  RP_REG(SSI_BASE + SSI_SSIENR) = 1;
}

/** Erase the sector at `at`, or program a page there if there is `data`. No call from here may lead to flash. */
IN_RAM static void without_xip(uint32_t at, const uint8_t *data) {
  rom.connect();
  rom.exit_xip();
  if (data)
    rom.program(at, data, PROGRAM_BYTES);
  else
    rom.erase(at, SECTOR_BYTES, BLOCK_BYTES, BLOCK_COMMAND);
  rom.flush();
  enter_xip();
}

/** Called through a pointer that the compiler cannot see through: RAM is further from flash than a branch reaches. */
static void change(uint32_t at, const uint8_t *data) {
  void (*volatile const in_ram)(uint32_t, const uint8_t *) = without_xip;
  find_functions();
  const uint32_t masked = __get_PRIMASK();
  __disable_irq();
  in_ram(STORE_ORIGIN - XIP_BASE + at, data);
  __set_PRIMASK(masked);
}

void flash_read(uint8_t *out, uint32_t at, uint32_t len) { memcpy(out, (const uint8_t *)STORE_ORIGIN + at, len); }

/** Program a page at a time; its other bytes are given as ones, which change nothing. */
uint32_t flash_program(uint32_t at, const uint8_t *data, uint32_t len) {
  static uint8_t page[PROGRAM_BYTES];
  for (uint32_t done = 0; done < len;) {
    const uint32_t offset = (at + done) % PROGRAM_BYTES;
    const uint32_t room = PROGRAM_BYTES - offset;
    const uint32_t now = len - done < room ? len - done : room;
    memset(page, 0xff, sizeof page);
    memcpy(page + offset, data + done, now);
    change(at + done - offset, page);
    done += now;
  }
  memset(page, 0xff, sizeof page);
  return memcmp((const uint8_t *)STORE_ORIGIN + at, data, len) != 0;
}

uint32_t flash_erase(uint32_t at) {
  change(at, 0);
  const uint32_t *word = (const uint32_t *)(STORE_ORIGIN + at);
  for (uint32_t i = 0; i < SECTOR_BYTES / 4; i++) {
    if (word[i] != 0xffffffffu)
      return 1;
  }
  return 0;
}
