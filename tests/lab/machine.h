/**
 * A Cortex-M in Unicorn, and the code of a final ELF: the part that the programs of `ct` and `faults` share.
 */
#pragma once
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <unicorn/unicorn.h>

/** Return address of calls: unused otherwise. */
#define RETURN_TO 0x0ffffff0u

/** The machine that runs. */
static uc_engine *uc;

static _Noreturn void fail(const char *what, ...) {
  va_list more;
  va_start(more, what);
  vfprintf(stderr, what, more);
  va_end(more);
  fputc('\n', stderr);
  exit(2);
}

static void check(uc_err err, const char *what) {
  if (err != UC_ERR_OK)
    fail("%s: %s", what, uc_strerror(err));
}

static const int registers[16] = {
    UC_ARM_REG_R0,  UC_ARM_REG_R1, UC_ARM_REG_R2, UC_ARM_REG_R3, UC_ARM_REG_R4,  UC_ARM_REG_R5,
    UC_ARM_REG_R6,  UC_ARM_REG_R7, UC_ARM_REG_R8, UC_ARM_REG_R9, UC_ARM_REG_R10, UC_ARM_REG_R11,
    UC_ARM_REG_R12, UC_ARM_REG_SP, UC_ARM_REG_LR, UC_ARM_REG_PC,
};

static uint32_t get(int reg) {
  uint32_t value = 0;
  check(uc_reg_read(uc, reg, &value), "a register");
  return value;
}

static void set(int reg, uint32_t value) { check(uc_reg_write(uc, reg, &value), "a register"); }

static uc_cpu_arm cpu_of(const char *name) {
  static const struct {
    const char *name;
    uc_cpu_arm cpu;
  } known[] = {{"cortex-m0", UC_CPU_ARM_CORTEX_M0},
               {"cortex-m3", UC_CPU_ARM_CORTEX_M3},
               {"cortex-m4", UC_CPU_ARM_CORTEX_M4},
               {"cortex-m33", UC_CPU_ARM_CORTEX_M33}};
  for (size_t i = 0; i < sizeof known / sizeof *known; i++)
    if (strcmp(name, known[i].name) == 0)
      return known[i].cpu;
  fail("no such core: %s", name);
}

static uint32_t word_at(const uint8_t *at) {
  return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

/**
 * Load an ELF's segments to where they run, the state that start-up code makes: `place` gives the memory of an address,
 * or NULL.
 */
static void load(const char *path, uint8_t *(*place)(uint32_t address, uint32_t len)) {
  FILE *file = fopen(path, "rb");
  if (file == NULL || fseek(file, 0, SEEK_END) != 0)
    fail("no ELF");
  const long size = ftell(file);
  rewind(file);
  uint8_t *elf = malloc((size_t)size);
  if (elf == NULL || fread(elf, 1, (size_t)size, file) != (size_t)size)
    fail("the ELF cannot be read");
  fclose(file);
  const uint32_t headers = word_at(elf + 28), count = elf[44] | elf[45] << 8;
  for (uint32_t i = 0; i < count; i++) {
    const uint8_t *header = elf + headers + 32 * i;
    const uint32_t len = word_at(header + 16);
    uint8_t *const to = word_at(header) == 1 && len > 0 ? place(word_at(header + 8), len) : NULL;
    if (to != NULL)
      memcpy(to, elf + word_at(header + 4), len);
  }
  free(elf);
}
