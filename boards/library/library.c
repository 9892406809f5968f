/** The library's end, its stack and its life: the counterparts of epitaph.c, stack.c and life.c of boards/common. */
#include "library.h"

static void epitaph_begin(const char *text) {
  memset(library.reason, 0, sizeof library.reason);
  library.length = 0;
  library.told = false;
  epitaph_text(text);
}

static void epitaph_text(const char *text) {
  while (*text && library.length < EPITAPH_BYTES)
    library.reason[library.length++] = *text++;
}

static void epitaph_hex(uint32_t word) {
  for (int shift = 28; shift >= 0; shift -= 4) {
    const char digit[2] = {"0123456789abcdef"[(word >> shift) & 15], 0};
    epitaph_text(digit);
  }
}

/** Wipe linear memory and return to the host's call, whose stack is scrubbed there. */
_Noreturn static void epitaph_die(void) {
  library.ended = true;
  secrets_wipe();
  longjmp(library.call, 1);
}

/** A reason lasts until the guest that follows has reported it. */
static uint32_t epitaph_read(uint8_t *out, uint32_t max) {
  const uint32_t length = library.told ? 0 : library.length < max ? library.length : max;
  memcpy(out, library.reason, length);
  return length;
}

static void epitaph_bury(void) { library.told = true; }

/*
 * Overwrite SIGNET_STACK_BYTES below the caller's frame, and no byte further: the host's heap or the stack of another
 * task may be below. In assembly, without a frame: a compiled function would leave the kind of data that it must
 * remove.
 */
__attribute__((naked, noinline)) static void stack_scrub(void) {
  __asm__ volatile(".syntax unified           \n"
                   "  ldr   r0, =%c0          \n"
                   "  mov   r2, sp            \n"
                   "  subs  r0, r2, r0        \n"
                   "  movs  r1, #0            \n"
                   "1:                        \n"
                   "  stmia r0!, {r1}         \n"
                   "  cmp   r0, r2            \n"
                   "  blo   1b                \n"
                   "  bx    lr                \n"
                   "  .ltorg                  \n" ::"i"(SIGNET_STACK_BYTES));
}

void signet_init(void) {
  // Symbols without bytes, by which the tools find the layout of the store in an ELF.
  __asm__ volatile(".global signet_store_page_bytes \n"
                   ".global signet_store_pages      \n"
                   ".set signet_store_page_bytes, %c0 \n"
                   ".set signet_store_pages, %c1 \n" ::"i"(SIGNET_STORE_PAGE_BYTES),
                   "i"(SIGNET_STORE_PAGES));
  library.ended = false;
  library.receipt = (struct signet_receipt){0, 0};
  library.refusal = library.command = 0;
  guest_start();
  host_name();
  guest_init();
}

uint32_t signet_status(void) {
  const uint32_t status = guest_status();
  return library.ended ? SIGNET_DEAD : status;
}

const char *signet_reason(void) { return library.reason; }
