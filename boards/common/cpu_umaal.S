/*
 * cpu.* for cores with the DSP extension (Cortex-M4, M7, M33): the field of 2^255 - 19 over UMAAL, which multiplies two
 * words and adds two more without a carry. The formula of each operation, and why no carry is lost, are in
 * assembly/crypto/_fe25519.ts; this gives the same bits.
 *
 * CT: no branch and no address depends on an element; every instruction here takes a constant time on these cores.
 */
#ifdef __ARM_FEATURE_DSP
  .syntax unified
  .thumb
#include "cpu_umaal.inc"

/* The same as `row` for a first row, with nothing to add to but \w0. */
.macro row_first a, w0, w1, w2, w3, h
  mov \w1, #0
  umlal \w0, \w1, \a, r3
  mov \w2, #0
  umlal \w1, \w2, \a, r4
  mov \w3, #0
  umlal \w2, \w3, \a, r5
  mov \h, #0
  umlal \w3, \h, \a, r6
.endm

/*
 * The product of the eight words at r1 and at r2: words 0 to 7 at sp, words 8 to 15 in r11, r0, r7, r8, r9, r10, r2, r1. Spoils all registers and
 * 48 bytes at sp.
 */
.macro product
  /* The lower half of b times all of a: words 0 to 7 to the stack, 8 to 11 after them. */
  ldm r2!, {r3-r6}
  ldrd r12, lr, [r1]
  umull r7, r8, r12, r3
  mov r9, #0
  umlal r8, r9, r12, r4
  mov r10, #0
  umlal r9, r10, r12, r5
  mov r11, #0
  umlal r10, r11, r12, r6
  mov r0, #0
  row lr, r8, r9, r10, r11, r0
  strd r7, r8, [sp]
  ldrd r12, lr, [r1, #8]
  mov r7, #0
  row r12, r9, r10, r11, r0, r7
  mov r8, #0
  row lr, r10, r11, r0, r7, r8
  strd r9, r10, [sp, #8]
  ldrd r12, lr, [r1, #16]
  mov r9, #0
  row r12, r11, r0, r7, r8, r9
  mov r10, #0
  row lr, r0, r7, r8, r9, r10
  strd r11, r0, [sp, #16]
  ldrd r12, lr, [r1, #24]
  mov r11, #0
  row r12, r7, r8, r9, r10, r11
  mov r0, #0
  row lr, r8, r9, r10, r11, r0
  strd r7, r8, [sp, #24]
  strd r9, r10, [sp, #32]
  strd r11, r0, [sp, #40]
  /* The upper half: each row starts from the word that the lower half left there. */
  ldm r2, {r3-r6}
  ldrd r12, lr, [r1]
  ldrd r7, r0, [sp, #16]
  row_first r12, r7, r8, r9, r10, r11
  row lr, r8, r9, r10, r11, r0
  strd r7, r8, [sp, #16]
  ldrd r12, lr, [r1, #8]
  ldrd r7, r8, [sp, #24]
  row r12, r9, r10, r11, r0, r7
  row lr, r10, r11, r0, r7, r8
  strd r9, r10, [sp, #24]
  ldrd r12, lr, [r1, #16]
  ldrd r9, r10, [sp, #32]
  row r12, r11, r0, r7, r8, r9
  row lr, r0, r7, r8, r9, r10
  ldrd r12, lr, [r1, #24]
  ldrd r2, r1, [sp, #40]
  row r12, r7, r8, r9, r10, r2
  row lr, r8, r9, r10, r2, r1
.endm

/* Fold what lies at or above 2^255: top:\word is the sum's upper end; gives 19 times the excess in \top. */
.macro excess top, word, spare
  adds \word, \word, \word
  adc \top, \top, \top
  lsr \word, \word, #1
  add \spare, \top, \top, lsl #1
  add \top, \spare, \top, lsl #4
.endm

/* void cpu_fe_mul(uint32_t out[8], const uint32_t a[8], const uint32_t b[8]) */
  .section .text.cpu_fe_mul, "ax"
  .global cpu_fe_mul
  .type cpu_fe_mul, %function
  .balign 4
cpu_fe_mul:
  push {r0, r4-r11, lr}
  sub sp, #48
  product
  /* Words 8 to 15 are in r11, r0, r7, r8, r9, r10, r2, r1: times 38, onto words 0 to 7. */
  ldr r3, [sp, #28]
  mov lr, #38
  mov r12, #0
  umlal r3, r12, lr, r1
  excess r12, r3, r1
  ldm sp, {r1, r4-r6}
  umaal r1, r12, lr, r11
  umaal r4, r12, lr, r0
  umaal r5, r12, lr, r7
  umaal r6, r12, lr, r8
  ldrd r7, r8, [sp, #16]
  ldr r11, [sp, #24]
  ldr r0, [sp, #48]
  umaal r7, r12, lr, r9
  umaal r8, r12, lr, r10
  umaal r11, r12, lr, r2
  add r3, r3, r12
  stm r0, {r1, r4-r8, r11}
  str r3, [r0, #28]
  add sp, #52
  pop {r4-r11, pc}
  .size cpu_fe_mul, . - cpu_fe_mul

/*
 * void cpu_fe_square(uint32_t out[8], const uint32_t a[8], uint32_t times)
 */
  .section .text.cpu_fe_square, "ax"
  .global cpu_fe_square
  .type cpu_fe_square, %function
  .balign 4
cpu_fe_square:
  push {r0, r4-r11, lr}
  sub sp, #20
  mov r4, r1
  b 2f
1:
  ldr r4, [sp, #20]
2:
  str r2, [sp, #16]
  square
  /* Words 8 to 15 are in r4, r5, r6, r7, r8, r9, r10, r3: times 38, onto words 0 to 7. */
  mov lr, #38
  umlal r2, r12, lr, r3
  excess r12, r2, r3
  ldr r3, [sp]
  umaal r3, r12, lr, r4
  ldr r4, [sp, #4]
  umaal r4, r12, lr, r5
  ldr r5, [sp, #8]
  umaal r5, r12, lr, r6
  ldr r6, [sp, #12]
  umaal r6, r12, lr, r7
  umaal r11, r12, lr, r8
  umaal r0, r12, lr, r9
  umaal r1, r12, lr, r10
  add r2, r2, r12
  ldrd r7, r8, [sp, #16]
  strd r3, r4, [r8]
  strd r5, r6, [r8, #8]
  strd r11, r0, [r8, #16]
  strd r1, r2, [r8, #24]
  subs r2, r7, #1
  bne 1b
  add sp, #24
  pop {r4-r11, pc}
  .size cpu_fe_square, . - cpu_fe_square

/* void cpu_fe_scale(uint32_t out[8], const uint32_t a[8], uint32_t factor, const uint32_t b[8]) */
  .section .text.cpu_fe_scale, "ax"
  .global cpu_fe_scale
  .type cpu_fe_scale, %function
  .balign 4
cpu_fe_scale:
  push {r4-r11, lr}
  ldr r4, [r1, #28]
  ldr lr, [r3, #28]
  mov r12, #0
  umlal lr, r12, r2, r4
  excess r12, lr, r4
  ldm r1!, {r4-r7}
  ldm r3!, {r8-r11}
  umaal r8, r12, r2, r4
  umaal r9, r12, r2, r5
  umaal r10, r12, r2, r6
  umaal r11, r12, r2, r7
  stm r0!, {r8-r11}
  ldm r1, {r4-r6}
  ldm r3, {r8-r10}
  umaal r8, r12, r2, r4
  umaal r9, r12, r2, r5
  umaal r10, r12, r2, r6
  add r11, lr, r12
  stm r0, {r8-r11}
  pop {r4-r11, pc}
  .size cpu_fe_scale, . - cpu_fe_scale
#endif
