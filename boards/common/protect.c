/**
 * The memory protection unit, where the chip has one. Nothing in RAM is executed but `.ram_code`, which cannot be
 * written; the image in flash cannot be written; below the stack there is nothing, and below the handlers' stack a
 * guard, where the core does not watch its end. Everything else is as the core's default map says.
 */
#include "protect.h"

#include "chip.h"
#include "stack.h"

extern const uint32_t __ram_code_start[], __ram_code_end[];

#if __CORTEX_M >= 3
/** Give each kind of fault its own exception, and let a division by zero be one. */
static void name_faults(void) {
  SCB->SHCSR |= SCB_SHCSR_MEMFAULTENA_Msk | SCB_SHCSR_BUSFAULTENA_Msk | SCB_SHCSR_USGFAULTENA_Msk;
  SCB->CCR |= SCB_CCR_DIV_0_TRP_Msk;
#ifdef SCB_SHCSR_SECUREFAULTENA_Msk
  SCB->SHCSR |= SCB_SHCSR_SECUREFAULTENA_Msk;
#endif
}
#else
static void name_faults(void) {}
#endif

#if __MPU_PRESENT

/* The parts of the default map that are RAM and executable (ARMv7-M ARM B3.1): on-chip, and off-chip. */
#define SRAM_BASE     0x20000000u
#define SRAM_BYTES    0x20000000u
#define EXTERNAL_BASE 0x60000000u
#define EXTERNAL_HALF 0x20000000u

static void enable(void) {
  MPU->CTRL = MPU_CTRL_PRIVDEFENA_Msk | MPU_CTRL_ENABLE_Msk;
  __DSB();
  __ISB();
}

#if defined(__ARM_ARCH_8M_MAIN__) || defined(__ARM_ARCH_8M_BASE__)

/* PMSAv8 (ARMv8-M ARM B9): regions must not overlap, and have any bounds that are multiples of 32. */
enum { READ_WRITE_NEVER_RUN = 3, READ_ONLY = 6 };

/** `rights`: read-only, privilege, never run, as the three low bits of RBAR. */
static void region(uint32_t number, uint32_t from, uint32_t to, uint32_t rights) {
  if (from == to)
    return;
  MPU->RNR = number;
  MPU->RBAR = from | rights;
  MPU->RLAR = ((to - 1) & ~31u) | 1u;
}

void protect_enable(void) {
  const uint32_t code = (uint32_t)__ram_code_start, data = (uint32_t)__ram_code_end;
  name_faults();
  MPU->MAIR0 = 0xffu; /* normal memory, write-back */
  region(0, SRAM_BASE, code, READ_WRITE_NEVER_RUN);
  region(1, code, data, READ_ONLY);
  region(2, data, SRAM_BASE + SRAM_BYTES, READ_WRITE_NEVER_RUN);
  region(3, EXTERNAL_BASE, EXTERNAL_BASE + 2 * EXTERNAL_HALF, READ_WRITE_NEVER_RUN);
  region(4, FLASH_ORIGIN, FLASH_ORIGIN + FLASH_BYTES, READ_ONLY);
#if STORE_ORIGIN < SRAM_BASE
  region(5, STORE_ORIGIN, STORE_ORIGIN + STORE_PAGE_BYTES * STORE_PAGES, READ_WRITE_NEVER_RUN);
#endif
  enable();
}

#else

/* PMSAv7 and its subset PMSAv6 (ARMv7-M ARM B3.5): a region is a power of two, aligned to it; the highest number
 * counts. */
#define NEVER_RUN                 (1u << 28)
#define NO_ACCESS                 (0u << 24)
#define READ_WRITE                (3u << 24)
#define READ_ONLY                 (6u << 24)
/* Normal memory, write-back: TEX 1, C, B on cores with caches; v6 has no TEX. */
#define NORMAL                    (__CORTEX_M >= 3 ? (1u << 19) | (3u << 16) : 3u << 16)
#define POWER_OF_TWO(bytes, from) (((bytes) & ((bytes)-1)) == 0 && ((from) & ((bytes)-1)) == 0)

#define STORE_BYTES    (STORE_PAGE_BYTES * STORE_PAGES)
#define RAM_CODE_BYTES 1024u
/** Bytes that must stay empty below the stack: more than any function's frame. */
#define GUARD_BYTES    32768u

static void region(uint32_t number, uint32_t from, uint32_t bytes, uint32_t rights) {
  MPU->RNR = number;
  MPU->RBAR = from;
  MPU->RASR = rights | NORMAL | ((uint32_t)(__builtin_ctz(bytes) - 1) << 1) | 1u;
}

_Static_assert(POWER_OF_TWO(FLASH_WHOLE_BYTES, FLASH_ORIGIN), "flash must be aligned to its size");

void protect_enable(void) {
  name_faults();
  region(0, SRAM_BASE, SRAM_BYTES, READ_WRITE | NEVER_RUN);
  region(1, EXTERNAL_BASE, EXTERNAL_HALF, READ_WRITE | NEVER_RUN);
  region(2, EXTERNAL_BASE + EXTERNAL_HALF, EXTERNAL_HALF, READ_WRITE | NEVER_RUN);
  region(3, FLASH_ORIGIN, FLASH_WHOLE_BYTES, READ_ONLY);
#if STORE_ORIGIN < SRAM_BASE
  _Static_assert(POWER_OF_TWO(STORE_BYTES, STORE_ORIGIN), "the store must be a power of two, and aligned to it");
  region(4, STORE_ORIGIN, STORE_BYTES, READ_WRITE | NEVER_RUN);
#endif
  if (&__ram_code_start[0] != &__ram_code_end[0])
    region(5, (uint32_t)__ram_code_start, RAM_CODE_BYTES, READ_ONLY);
  region(6, (uint32_t)__stack_limit - GUARD_BYTES, GUARD_BYTES, NO_ACCESS | NEVER_RUN);
  const uint32_t guard = (uint32_t)__handler_guard, guard_bytes = (uint32_t)__handler_stack_limit - guard;
  if (guard_bytes > 0)
    region(7, guard, guard_bytes, NO_ACCESS | NEVER_RUN);
  enable();
}

#endif
#else

void protect_enable(void) { name_faults(); }

#endif
