#include "stack.h"

/* In assembly, without a frame: a compiled function would leave on the stack the kind of data that it must remove. */
__attribute__((naked, noinline)) void stack_scrub(void) {
  __asm__ volatile("  ldr   r0, =__stack_limit  \n"
                   "  ldr   r1, =0xa5a5a5a5     \n"
                   "  movs  r3, r1              \n"
                   "  mov   r2, sp              \n"
                   "  subs  r2, #32             \n"
                   "  b     2f                  \n"
                   "1:                          \n"
                   "  stmia r0!, {r1, r3}       \n"
                   "  stmia r0!, {r1, r3}       \n"
                   "  stmia r0!, {r1, r3}       \n"
                   "  stmia r0!, {r1, r3}       \n"
                   "2:                          \n"
                   "  cmp   r0, r2              \n"
                   "  bls   1b                  \n"
                   "  mov   r2, sp              \n"
                   "  b     4f                  \n"
                   "3:                          \n"
                   "  stmia r0!, {r1}           \n"
                   "4:                          \n"
                   "  cmp   r0, r2              \n"
                   "  blo   3b                  \n"
                   "  bx    lr                  \n"
                   "  .ltorg                    \n");
}

uint32_t stack_used(const void *from) {
  const volatile uint32_t *word = __stack_limit;
  while ((const void *)word < from && *word == STACK_PAINT)
    word++;
  return (uint32_t)((const uint8_t *)from - (const uint8_t *)word);
}
