/*
 * cpu.* for cores with the DSP extension (Cortex-M4, M7, M33): the fields of 2^255 - 19 and of P-256 over UMAAL, which
 * multiplies two words and adds two more without a carry. The formula of each operation, and why no carry is lost, are in
 * assembly/crypto/_fe25519.ts and _fe256.ts; this gives the same bits.
 * Longer than 400 lines: the two fields share the macros of their products.
 *
 * CT: no branch and no address depends on an element; every instruction here takes a constant time on these cores.
 */
#ifdef __ARM_FEATURE_DSP
  .syntax unified
  .thumb
#include "cpu_p256.inc"

/* Add \a times r3:r4:r5:r6 to \w0:\w1:\w2:\w3; \w0 becomes a word of the product and \h the top of the other three. */
.macro row a, w0, w1, w2, w3, h
  umaal \w0, \h, \a, r3
  umaal \w1, \h, \a, r4
  umaal \w2, \h, \a, r5
  umaal \w3, \h, \a, r6
.endm

/* The same for a first row, with nothing to add to but \w0. */
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

/*
 * The square of the eight words at r12: words 0 to 3 at sp, words 4 to 7 in r7, r8, r9, r11, words 8 to 15 in r12, r0, r1, r2, r3, r4, r5, lr. Spoils all
 * registers.
 *
 * The products of two different words, doubled by a chain of carries that stays in the flags throughout (no multiplication,
 * load, store or move touches them), and the squares, whose chain is in lr.
 */
.macro square
  ldm r12!, {r0-r3}
  /* a0 a1, a0 a2, a0 a3 + a1 a2, a1 a3, a2 a3: words 1 to 6 in r4, r5, r6, r7, r8, r9. */
  umull r4, r5, r0, r1
  mov r6, #0
  umlal r5, r6, r0, r2
  mov r7, #0
  umlal r6, r7, r0, r3
  mov r8, #0
  umaal r6, r8, r1, r2
  umaal r7, r8, r1, r3
  mov r9, #0
  umlal r8, r9, r2, r3
  /* Words 0 to 3 of the square are known. */
  umull r10, lr, r0, r0
  mov r11, #0
  adds r4, r4, r4
  umaal r4, lr, r11, r11
  adcs r5, r5, r5
  umaal r5, lr, r1, r1
  adcs r6, r6, r6
  umaal r6, lr, r11, r11
  strd r10, r4, [sp]
  strd r5, r6, [sp, #8]
  /* a0 to a3 times a4 to a7: words 4 to 11. */
  ldm r12, {r4-r6, r10}
  mov r12, #0
  umaal r7, r12, r0, r4
  umaal r8, r12, r0, r5
  umaal r9, r12, r0, r6
  umaal r11, r12, r0, r10
  adcs r7, r7, r7
  umaal r7, lr, r2, r2
  mov r0, #0
  umaal r8, r0, r1, r4
  umaal r9, r0, r1, r5
  umaal r11, r0, r1, r6
  umaal r12, r0, r1, r10
  mov r1, #0
  adcs r8, r8, r8
  umaal r8, lr, r1, r1
  umaal r9, r1, r2, r4
  umaal r11, r1, r2, r5
  umaal r12, r1, r2, r6
  umaal r0, r1, r2, r10
  mov r2, #0
  adcs r9, r9, r9
  umaal r9, lr, r3, r3
  umaal r11, r2, r3, r4
  umaal r12, r2, r3, r5
  umaal r0, r2, r3, r6
  umaal r1, r2, r3, r10
  mov r3, #0
  adcs r11, r11, r11
  umaal r11, lr, r3, r3
  /* Words 4 to 7 are in r7, r8, r9, r11; the products so far in r12, r0, r1, r2. a4 to a7 times each other. */
  adcs r12, r12, r12
  umaal r12, lr, r4, r4
  umaal r0, r3, r4, r5
  umaal r1, r3, r4, r6
  umaal r2, r3, r4, r10
  mov r4, #0
  adcs r0, r0, r0
  umaal r0, lr, r4, r4
  adcs r1, r1, r1
  umaal r1, lr, r5, r5
  umaal r2, r4, r5, r6
  umaal r3, r4, r5, r10
  mov r5, #0
  adcs r2, r2, r2
  umaal r2, lr, r5, r5
  adcs r3, r3, r3
  umaal r3, lr, r6, r6
  umlal r4, r5, r6, r10
  mov r6, #0
  adcs r4, r4, r4
  umaal r4, lr, r6, r6
  adcs r5, r5, r5
  umaal r5, lr, r10, r10
  adc lr, lr, #0
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
  mov r12, r1
  b 2f
1:
  ldr r12, [sp, #20]
2:
  str r2, [sp, #16]
  square
  /* Words 8 to 15 are in r12, r0, r1, r2, r3, r4, r5, lr: times 38, onto words 0 to 7. */
  mov r10, #38
  umlal r11, r6, r10, lr
  excess r6, r11, lr
  ldr lr, [sp]
  umaal lr, r6, r10, r12
  ldr r12, [sp, #4]
  umaal r12, r6, r10, r0
  ldr r0, [sp, #8]
  umaal r0, r6, r10, r1
  ldr r1, [sp, #12]
  umaal r1, r6, r10, r2
  umaal r7, r6, r10, r3
  umaal r8, r6, r10, r4
  umaal r9, r6, r10, r5
  add r11, r11, r6
  ldrd r2, r3, [sp, #16]
  strd lr, r12, [r3]
  strd r0, r1, [r3, #8]
  strd r7, r8, [r3, #16]
  strd r9, r11, [r3, #24]
  subs r2, #1
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

/*
 * Divide the 16 words at sp by 2^256 modulo p, to r12, lr, r0 to r5; the number is below 2^256 p. Spoils all registers.
 *
 * m0 to m7, the multiples of p, begin as words 0 to 7. Three chains of carries run side by side, as no multiplication touches the flags: m from word 3 up in
 * the flags, m from word 6 up in r8, and (2^32 - 1) m from word 7 up, which is m from word 8 less m from word 7, in r9.
 */
.macro reduce
  ldm sp, {r0-r7}
  mov r8, #0
  mov r9, #0
  mov r10, #1
  mov r11, #0xffffffff
  adds r3, r3, r0
  adcs r4, r4, r1
  adcs r5, r5, r2
  adcs r6, r6, r3
  umaal r6, r8, r0, r10
  adcs r7, r7, r4
  umaal r7, r8, r1, r10
  umaal r7, r9, r0, r11
  ldrd r12, lr, [sp, #32]
  adcs r12, r12, r5
  umaal r12, r8, r2, r10
  umaal r12, r9, r1, r11
  adcs lr, lr, r6
  umaal lr, r8, r3, r10
  umaal lr, r9, r2, r11
  ldrd r0, r1, [sp, #40]
  adcs r0, r0, r7
  umaal r0, r8, r4, r10
  umaal r0, r9, r3, r11
  adcs r1, r1, #0
  umaal r1, r8, r5, r10
  umaal r1, r9, r4, r11
  ldrd r2, r3, [sp, #48]
  adcs r2, r2, #0
  umaal r2, r8, r6, r10
  umaal r2, r9, r5, r11
  adcs r3, r3, #0
  umaal r3, r8, r7, r10
  umaal r3, r9, r6, r11
  ldrd r4, r5, [sp, #56]
  adcs r4, r4, #0
  umaal r4, r9, r7, r11
  adcs r5, r5, #0
  mov r6, #0
  adc r6, r6, #0
  adds r4, r4, r8
  adcs r5, r5, r9
  adc r6, r6, #0
  settle r12, lr, r0, r1, r2, r3, r4, r5, r6
.endm

/* void cpu_fe256_mul(uint32_t out[8], const uint32_t a[8], const uint32_t b[8]) */
  .section .text.cpu_fe256_mul, "ax"
  .global cpu_fe256_mul
  .type cpu_fe256_mul, %function
  .balign 4
cpu_fe256_mul:
  push {r0, r4-r11, lr}
  sub sp, #64
  product
  strd r11, r0, [sp, #32]
  strd r7, r8, [sp, #40]
  strd r9, r10, [sp, #48]
  strd r2, r1, [sp, #56]
  reduce
  ldr r7, [sp, #64]
  strd r12, lr, [r7], #8
  stm r7, {r0-r5}
  add sp, #68
  pop {r4-r11, pc}
  .size cpu_fe256_mul, . - cpu_fe256_mul

/* void cpu_fe256_square(uint32_t out[8], const uint32_t a[8], uint32_t times) */
  .section .text.cpu_fe256_square, "ax"
  .global cpu_fe256_square
  .type cpu_fe256_square, %function
  .balign 4
cpu_fe256_square:
  push {r0, r4-r11, lr}
  sub sp, #68
  mov r12, r1
1:
  str r2, [sp, #64]
  square
  strd r7, r8, [sp, #16]
  strd r9, r11, [sp, #24]
  strd r12, r0, [sp, #32]
  strd r1, r2, [sp, #40]
  strd r3, r4, [sp, #48]
  strd r5, lr, [sp, #56]
  reduce
  ldrd r6, r7, [sp, #64]
  strd r12, lr, [r7]
  add r8, r7, #8
  stm r8, {r0-r5}
  mov r12, r7
  subs r2, r6, #1
  bne 1b
  add sp, #72
  pop {r4-r11, pc}
  .size cpu_fe256_square, . - cpu_fe256_square
#endif
