/*
 * cpu.* for cores with Thumb-1 only (ARMv6-M: Cortex-M0, M0+): the exchange of elements, and the selection of rows and points. The portable twins are in
 * assembly/crypto/_fe25519.ts, _ge25519.ts and _multiply256.ts.
 *
 * CT: no branch and no address depends on a bit, a digit or an index: every row is read.
 */
#if __ARM_ARCH_ISA_THUMB == 1
#include "comb.h"
  .syntax unified
  .thumb

/* Exchange two words at r0 with two at r1 where the mask in r2 is set, and step over them. Spoils r3 to r7. */
.macro exchange
  ldm r0!, {r3, r4}
  ldm r1!, {r5, r6}
  subs r0, #8
  subs r1, #8
  movs r7, r3
  eors r7, r5
  ands r7, r2
  eors r3, r7
  eors r5, r7
  movs r7, r4
  eors r7, r6
  ands r7, r2
  eors r4, r7
  eors r6, r7
  stm r0!, {r3, r4}
  stm r1!, {r5, r6}
.endm

/* void cpu_fe_swap(uint32_t a[16], uint32_t b[16], uint32_t bit) */
  .section .text.cpu_fe_swap, "ax"
  .global cpu_fe_swap
  .type cpu_fe_swap, %function
  .balign 4
cpu_fe_swap:
  push {r4-r7, lr}
  negs r2, r2
  .rept 8
  exchange
  .endr
  pop {r4-r7, pc}
  .size cpu_fe_swap, . - cpu_fe_swap

/* Begin the selection of a row of a comb: the stack gets the sign of the digit r2 as a mask, the rows as a bit each that is 0 for the one, and out; r12 is out. Spoils r3 and r4. */
.macro begin_row
  push {r0, r4-r7, lr}
  lsls r3, r2, #(32 - COMB_TEETH)
  mvns r3, r3
  asrs r3, r3, #31
  eors r2, r3
  movs r4, #(COMB_ROWS - 1)
  ands r2, r4
  movs r4, #1
  lsls r4, r2
  movs r5, #1
  lsls r5, r5, #(COMB_ROWS + 1)
  subs r5, #1
  eors r4, r5
  push {r3, r4}
  mov r12, r0
.endm

/* The next element of the row, from the COMB_ROWS at r1, to r12. */
.macro next_element
  bl scan
  movs r2, #(16 * COMB_ROWS - 8)
  lsls r2, r2, #1
  subs r1, r1, r2
  bl scan
  subs r1, #16
.endm

/* Take four words at r1 into r4 to r7 where the lowest bit of r0, which is shifted out, is 0. Spoils r2 and r3. */
.macro gather
  lsrs r0, r0, #1
  sbcs r2, r2
  ldr r3, [r1]
  ands r3, r2
  orrs r4, r3
  ldr r3, [r1, #4]
  ands r3, r2
  orrs r5, r3
  ldr r3, [r1, #8]
  ands r3, r2
  orrs r6, r3
  ldr r3, [r1, #12]
  ands r3, r2
  orrs r7, r3
.endm

  .section .text.cpu_muls_select, "ax"

/* Four words of the row, from all rows at r1, eight words apart, to r12, which steps over them. */
  .type scan, %function
  .balign 4
scan:
  ldr r0, [sp, #4]
  movs r4, #0
  movs r5, #0
  movs r6, #0
  movs r7, #0
1:
  gather
  adds r1, #32
  cmp r0, #1
  bne 1b
  mov r2, r12
  stm r2!, {r4-r7}
  mov r12, r2
  bx lr
  .size scan, . - scan

/* void cpu_comb_select(uint32_t out[24], const uint32_t table[3 * COMB_ROWS * 8], uint32_t digit) */
  .global cpu_comb_select
  .type cpu_comb_select, %function
  .balign 4
cpu_comb_select:
  begin_row
  .rept 3
  next_element
  .endr
  /* The negative of 2dxy where the sign says so. */
  ldr r0, [sp]
  lsrs r6, r0, #1
  mov r12, r6
  ldr r1, [sp, #8]
  adds r1, #64
  mov r7, r1
  ldm r1!, {r2-r5}
  eors r2, r0
  eors r3, r0
  eors r4, r0
  eors r5, r0
  movs r6, #18
  ands r6, r0
  subs r2, r2, r6
  movs r6, #0
  sbcs r3, r6
  sbcs r4, r6
  sbcs r5, r6
  stm r7!, {r2-r5}
  ldm r1!, {r2-r5}
  eors r2, r0
  eors r3, r0
  eors r4, r0
  mov r6, r12
  eors r5, r6
  movs r6, #0
  sbcs r2, r6
  sbcs r3, r6
  sbcs r4, r6
  sbcs r5, r6
  stm r7!, {r2-r5}
  /* And y + x with y - x. */
  mov r2, r0
  ldr r0, [sp, #8]
  mov r1, r0
  adds r1, #32
  .rept 4
  exchange
  .endr
  add sp, #12
  pop {r4-r7, pc}
  .size cpu_comb_select, . - cpu_comb_select

/* void cpu_p256_select(uint32_t out[16], const uint32_t table[2 * COMB_ROWS * 8], uint32_t digit) */
  .global cpu_p256_select
  .type cpu_p256_select, %function
  .balign 4
cpu_p256_select:
  begin_row
  next_element
  next_element
  /* The negative of y where the sign says so: the complement, and p + 1. No y is zero. */
  ldr r0, [sp]
  lsrs r6, r0, #31
  ldr r1, [sp, #8]
  adds r1, #32
  mov r7, r1
  ldm r1!, {r2-r5}
  eors r2, r0
  eors r3, r0
  eors r4, r0
  eors r5, r0
  adds r5, r5, r6
  stm r7!, {r2-r5}
  mov r12, r7
  ldm r1!, {r2-r5}
  movs r7, #0
  eors r2, r0
  eors r3, r0
  eors r4, r0
  eors r5, r0
  adcs r2, r7
  adcs r3, r7
  adcs r4, r6
  adcs r5, r0
  mov r7, r12
  stm r7!, {r2-r5}
  add sp, #12
  pop {r4-r7, pc}
  .size cpu_p256_select, . - cpu_p256_select

/*
 * void cpu_select(uint32_t out[8], const uint32_t *rows, uint32_t index, uint32_t bytes, uint32_t stride)
 *
 * Rows begin `stride` bytes apart, in `bytes` bytes; there are 32 at most. All are read twice, half a row at a time.
 */
  .global cpu_select
  .type cpu_select, %function
  .balign 4
cpu_select:
  push {r4-r7, lr}
  ldr r4, [sp, #20]
  mov r12, r0
  movs r5, #1
  lsls r5, r2
  mvns r5, r5
  adds r3, r3, r1
  push {r1, r3, r4, r5}
  bl half_row
  ldr r1, [sp]
  ldr r3, [sp, #4]
  adds r1, #16
  adds r3, #16
  str r3, [sp, #4]
  bl half_row
  add sp, #16
  pop {r4-r7, pc}
  .size cpu_select, . - cpu_select

/* Four words of the row to r12, which steps over them. The stack: the first row, the end, the stride, the rows as a bit each that is 0 for the one. */
  .type half_row, %function
  .balign 4
half_row:
  ldr r0, [sp, #12]
  movs r4, #0
  movs r5, #0
  movs r6, #0
  movs r7, #0
1:
  gather
  ldr r3, [sp, #8]
  adds r1, r1, r3
  ldr r3, [sp, #4]
  cmp r1, r3
  bne 1b
  mov r2, r12
  stm r2!, {r4-r7}
  mov r12, r2
  bx lr
  .size half_row, . - half_row
#endif
