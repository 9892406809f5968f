/** Drivers of the nRF52840 on the host, over memory where the chip has its registers: what they write is printed. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "chip.h"
#include "port.h"

/** Pages at the addresses of the chip. */
static void map(uintptr_t address) {
  void *const at = (void *)address;
  const int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE;
  if (mmap(at, 4096, PROT_READ | PROT_WRITE, flags, -1, 0) != at)
    exit(2);
}

static const uintptr_t PAGES[] = {0x10000000u, 0x10001000u, 0x40000000u, 0x4000c000u, 0x4001e000u};

int main(int count, char **words) {
  for (size_t i = 0; i < sizeof PAGES / sizeof *PAGES; i++)
    map(PAGES[i]);
  for (int i = 1; i < count; i++) {
    POWER_RESETREAS = (uint32_t)strtoul(words[i], NULL, 16);
    const char *const cause = system_reset_cause();
    printf("%s\n", cause ? cause : "none");
  }
  for (uint32_t i = 0; i < 17; i++)
    FICR_SLOPE(i) = 1000 + i;
  SystemInit();
  for (uint32_t at = 0x520; at < 0x580; at += 4)
    printf("%x %u\n", at, TEMP(at));
}
