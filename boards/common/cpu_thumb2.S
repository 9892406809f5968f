/*
 * cpu.* for cores with Thumb-2 (ARMv7-M and up): the operations without a long multiplication. The formula of each, and
 * why no carry is lost, are in assembly/crypto/_fe25519.ts, _fe256.ts and _ge25519.ts; this gives the same bits.
 *
 * CT: no branch and no address depends on an element, a digit or a bit; MLA takes a constant time on these cores.
 */
#if __ARM_ARCH_ISA_THUMB >= 2
#include "comb.h"
  .syntax unified
  .thumb

#ifndef __ARM_FEATURE_DSP
/* void cpu_fe_sub(uint32_t out[8], const uint32_t a[8], const uint32_t b[8]) */
  .section .text.cpu_fe_sub, "ax"
  .global cpu_fe_sub
  .type cpu_fe_sub, %function
  .balign 4
cpu_fe_sub:
  push {r4-r11, lr}
  /* The top word less what is folded in r3, and 19 times what is folded, negated, in r12. */
  ldr r3, [r1, #28]
  ldr r12, [r2, #28]
  subs r3, r3, r12
  sbc r12, r12, r12
  lsl r12, r12, #1
  add r12, r12, r3, lsr #31
  rsb r12, r12, #1
  orr r3, r3, #0x80000000
  add lr, r12, r12, lsl #1
  add r12, lr, r12, lsl #4
  ldm r1, {r4-r10}
  ldm r2!, {r1, r11, lr}
  subs r4, r4, r1
  sbcs r5, r5, r11
  sbcs r6, r6, lr
  ldm r2!, {r1, r11, lr}
  sbcs r7, r7, r1
  sbcs r8, r8, r11
  sbcs r9, r9, lr
  ldr r1, [r2]
  sbcs r10, r10, r1
  sbc r3, r3, #0
  subs r4, r4, r12
  sbcs r5, r5, #0
  sbcs r6, r6, #0
  sbcs r7, r7, #0
  sbcs r8, r8, #0
  sbcs r9, r9, #0
  sbcs r10, r10, #0
  sbc r3, r3, #0
  stm r0!, {r4-r10}
  str r3, [r0]
  pop {r4-r11, pc}
  .size cpu_fe_sub, . - cpu_fe_sub
#endif

/*
 * Exchange four words at r0 with four at r1 where the mask in r2 is set, and step over them; `prepare` comes first.
 * Spoils r3 to r12.
 */
#ifdef __ARM_FEATURE_DSP
.macro prepare
  uadd8 r2, r2, r2
.endm
.macro exchange_word x, y
  sel r11, \y, \x
  sel \y, \x, \y
  mov \x, r11
.endm
#else
.macro prepare
.endm
.macro exchange_word x, y
  eor r11, \x, \y
  and r11, r11, r2
  eor \x, \x, r11
  eor \y, \y, r11
.endm
#endif
.macro exchange
  ldm r0, {r3-r6}
  ldm r1, {r7-r10}
  exchange_word r3, r7
  exchange_word r4, r8
  exchange_word r5, r9
  exchange_word r6, r10
  stm r0!, {r3-r6}
  stm r1!, {r7-r10}
.endm

/* void cpu_fe_swap(uint32_t a[16], uint32_t b[16], uint32_t bit) */
  .section .text.cpu_fe_swap, "ax"
  .global cpu_fe_swap
  .type cpu_fe_swap, %function
  .balign 4
cpu_fe_swap:
  push {r4-r11, lr}
  rsb r2, r2, #0
  add lr, r0, #64
  /* Exchange up to the address in lr, and return. */
.Lexchange:
  prepare
3:
  exchange
  cmp r0, lr
  bne 3b
  pop {r4-r11, pc}
  .size cpu_fe_swap, . - cpu_fe_swap

/*
 * Find a row of eight words among COMB_ROWS at r1, and step over them: `rows` leaves it in r4 to r11. r2 says which row, made
 * from its index by `rows_prepare`. Both spoil r0, r3, r12 and lr.
 */
#if defined(__ARM_FEATURE_DSP) && !defined(CRYPTO_SMALL)
/*
 * For each row but row 0, a bit of both halves of r2 that is 0 for the one, and below them a bit that ends the loop: doubling r2 makes flags of its two
 * top bits.
 */
.macro rows_prepare
  mov r12, #0x10000
  lsr r2, r12, r2
  mvn r2, r2
  pkhbt r2, r2, r2, lsl #16
.endm
.macro rows
  ldm r1!, {r4-r11}
2:
  .rept 5
  sadd16 r2, r2, r2
  ldm r1!, {r0, r3, r12, lr}
  sel r4, r0, r4
  sel r5, r3, r5
  sel r6, r12, r6
  sel r7, lr, r7
  ldm r1!, {r0, r3, r12, lr}
  sel r8, r0, r8
  sel r9, r3, r9
  sel r10, r12, r10
  sel r11, lr, r11
  .endr
  cmp r2, #0x80008000
  bne 2b
.endm
#else
/* For each row a bit of r2 that is 1 for the one, and above them a bit that ends the loop. A small image has one row in the loop. */
#ifdef CRYPTO_SMALL
#define AT_ONCE 1
#else
#define AT_ONCE 4
#endif
.macro rows_prepare
  mov r12, #1
  lsl r2, r12, r2
  orr r2, r2, #(1 << COMB_ROWS)
.endm
.macro rows
  mov r4, #0
  mov r5, #0
  mov r6, #0
  mov r7, #0
  mov r8, #0
  mov r9, #0
  mov r10, #0
  mov r11, #0
2:
  .set .Lrow, 0
  .rept AT_ONCE
  ubfx r3, r2, #.Lrow, #1
  ldm r1!, {r0, r12, lr}
  mla r4, r0, r3, r4
  mla r5, r12, r3, r5
  mla r6, lr, r3, r6
  ldm r1!, {r0, r12, lr}
  mla r7, r0, r3, r7
  mla r8, r12, r3, r8
  mla r9, lr, r3, r9
  ldrd r0, r12, [r1], #8
  mla r10, r0, r3, r10
  mla r11, r12, r3, r11
  .set .Lrow, .Lrow + 1
  .endr
  lsr r2, r2, #AT_ONCE
  cmp r2, #1
  bne 2b
.endm
#endif

/*
 * Begin a function of (out, table, digit): select \bytes of elements of a row, COMB_ROWS of each, to out. The row is that of the digit's lower bits if its top bit
 * is 1, else of their complement. Leaves the last element in r4 to r11, the end of out in r12, and on the stack: which row, the sign as a mask, out.
 */
.macro select bytes
  push {r0, r4-r11, lr}
  mvn r3, r2, lsr #(COMB_TEETH - 1)
  and r3, r3, #1
  rsb r3, r3, #0
  eor r2, r2, r3
  and r2, r2, #(COMB_ROWS - 1)
  rows_prepare
  mov r12, r0
  push {r2, r3}
1:
  str r12, [sp, #-4]!
  ldr r2, [sp, #4]
  rows
  pop {r12}
  stm r12!, {r4-r11}
  ldr r0, [sp, #8]
  sub r3, r12, r0
  cmp r3, #\bytes
  bne 1b
.endm

/* void cpu_p256_select(uint32_t out[16], const uint32_t table[2 * COMB_ROWS * 8], uint32_t digit) */
  .section .text.cpu_p256_select, "ax"
  .global cpu_p256_select
  .type cpu_p256_select, %function
  .balign 4
cpu_p256_select:
  select 64
  pop {r2, r3}
  /* The negative of y where the sign says so: the complement, and p + 1. No y is zero. */
  lsr r1, r3, #31
  eor r4, r4, r3
  eor r5, r5, r3
  eor r6, r6, r3
  eor r7, r7, r3
  eor r8, r8, r3
  eor r9, r9, r3
  eor r10, r10, r3
  eor r11, r11, r3
  adds r7, r7, r1
  adcs r8, r8, #0
  adcs r9, r9, #0
  adcs r10, r10, r1
  adc r11, r11, r3
  stmdb r12, {r4-r11}
  add sp, #4
  pop {r4-r11, pc}
  .size cpu_p256_select, . - cpu_p256_select

/*
 * void cpu_select(uint32_t out[8], const uint32_t *rows, uint32_t index, uint32_t bytes, uint32_t stride)
 *
 * Rows begin `stride` bytes apart, in `bytes` bytes. Every row is read, and multiplied with 1 or 0.
 */
  .section .text.cpu_select, "ax"
  .global cpu_select
  .type cpu_select, %function
  .balign 4
cpu_select:
  push {r0, r4-r11, lr}
  add r3, r3, r1
  mov r4, #0
  mov r5, #0
  mov r6, #0
  mov r7, #0
  mov r8, #0
  mov r9, #0
  mov r10, #0
  mov r11, #0
1:
  clz r12, r2
  lsr r12, r12, #5
  sub r2, r2, #1
  ldrd r0, lr, [r1]
  mla r4, r0, r12, r4
  mla r5, lr, r12, r5
  ldrd r0, lr, [r1, #8]
  mla r6, r0, r12, r6
  mla r7, lr, r12, r7
  ldrd r0, lr, [r1, #16]
  mla r8, r0, r12, r8
  mla r9, lr, r12, r9
  ldrd r0, lr, [r1, #24]
  mla r10, r0, r12, r10
  mla r11, lr, r12, r11
  ldr r0, [sp, #40]
  add r1, r1, r0
  cmp r1, r3
  bne 1b
  pop {r0}
  stm r0, {r4-r11}
  pop {r4-r11, pc}
  .size cpu_select, . - cpu_select

/* void cpu_comb_select(uint32_t out[24], const uint32_t table[3 * COMB_ROWS * 8], uint32_t digit) */
  .section .text.cpu_comb_select, "ax"
  .global cpu_comb_select
  .type cpu_comb_select, %function
  .balign 4
cpu_comb_select:
  select 96
  /* The negative of 2dxy where the sign says so. */
  ldr r3, [sp, #4]
  and lr, r3, #18
  eor r4, r4, r3
  eor r5, r5, r3
  eor r6, r6, r3
  eor r7, r7, r3
  eor r8, r8, r3
  eor r9, r9, r3
  eor r10, r10, r3
  eor r11, r11, r3, lsr #1
  subs r4, r4, lr
  sbcs r5, r5, #0
  sbcs r6, r6, #0
  sbcs r7, r7, #0
  sbcs r8, r8, #0
  sbcs r9, r9, #0
  sbcs r10, r10, #0
  sbc r11, r11, #0
  stmdb r12, {r4-r11}
  /* And y + x with y - x. */
  mov r2, r3
  add r1, r0, #32
  mov lr, r1
  add sp, #12
  b .Lexchange
  .size cpu_comb_select, . - cpu_comb_select
#endif
