/*
 * cpu.* for cores with Thumb-2 but without the DSP extension (Cortex-M3): the fields of 2^255 - 19 and of P-256 over
 * UMLAL. The formula of each operation, and why no carry is lost, are in assembly/crypto/_fe25519.ts and _fe256.ts; this
 * gives the same bits. Longer than 400 lines: the two fields share the macros of their products.
 *
 * CT: no branch and no address depends on an element. The time of UMULL and UMLAL does: they end early when operands
 * are short. Boards of such cores say CRYPTO_BLIND, and secret points are multiplied with a secret element first.
 */
#if __ARM_ARCH_ISA_THUMB >= 2 && !defined(__ARM_FEATURE_DSP)
  .syntax unified
  .thumb
#include "cpu_p256.inc"

/*
 * Add a word at r1 times r3:r4:r5:r6 to \w0:\w1:\w2:\w3. \w0 becomes a word of the product and goes to the stack at \at,
 * \h3 the top of the other three. The four products come first, each with a word added, which cannot overflow; then
 * one chain of carries for their upper halves, which cannot either, as the whole fits five words.
 */
.macro row w0, w1, w2, w3, h0, h1, h2, h3, at, more=0
  ldr r0, [r1], #4
  mov \h0, #0
  umlal \w0, \h0, r0, r3
  mov \h1, #0
  umlal \w1, \h1, r0, r4
  mov \h2, #0
  umlal \w2, \h2, r0, r5
  mov \h3, #0
  umlal \w3, \h3, r0, r6
  .if \more
  /* And add the word that is on the stack already. */
  ldr r0, [sp, #\at]
  adds \w0, \w0, r0
  adcs \w1, \w1, \h0
  .else
  adds \w1, \w1, \h0
  .endif
  adcs \w2, \w2, \h1
  adcs \w3, \w3, \h2
  adc \h3, \h3, #0
  str \w0, [sp, #\at]
.endm

/* The same with nothing to add to. */
.macro row_first w0, w1, w2, w3, h0, h1, h2, h3, at
  ldr r0, [r1], #4
  umull \w0, \h0, r0, r3
  umull \w1, \h1, r0, r4
  umull \w2, \h2, r0, r5
  umull \w3, \h3, r0, r6
  adds \w1, \w1, \h0
  adcs \w2, \w2, \h1
  adcs \w3, \w3, \h2
  adc \h3, \h3, #0
  str \w0, [sp, #\at]
.endm

/* Fold what lies at or above 2^255: \top:\word is the sum's upper end; gives 19 times the excess in \top. */
.macro excess top, word, spare
  adds \word, \word, \word
  adc \top, \top, \top
  lsr \word, \word, #1
  add \spare, \top, \top, lsl #1
  add \top, \spare, \top, lsl #4
.endm

/* \word = \word + \a * \b + \carry, and \carry what is above; spoils \spare. */
.macro step word, carry, a, b, spare
  mov \spare, #0
  umlal \word, \spare, \a, \b
  adds \word, \word, \carry
  adc \carry, \spare, #0
.endm

/* Words 8 to 15 on the stack times 38, onto words 0 to 7, to out, which is on the stack after them. */
.macro fold
  mov r12, #38
  mov r11, #0
  ldr r7, [sp, #28]
  ldr r3, [sp, #60]
  umlal r7, r11, r12, r3
  excess r11, r7, r3
  add r0, sp, #32
  ldm r0!, {r1-r4}
  ldm sp, {r5, r6, r8, r9}
  step r5, r11, r12, r1, r10
  step r6, r11, r12, r2, r10
  step r8, r11, r12, r3, r10
  step r9, r11, r12, r4, r10
  ldr r4, [sp, #64]
  stm r4!, {r5, r6, r8, r9}
  ldm r0, {r1-r3}
  add r0, sp, #16
  ldm r0, {r5, r6, r8}
  step r5, r11, r12, r1, r10
  step r6, r11, r12, r2, r10
  step r8, r11, r12, r3, r10
  add r9, r7, r11
  stm r4, {r5, r6, r8, r9}
.endm

/*
 * The product of the eight words at r1 and at r2: words 0 to 15 at sp, which lies 64 bytes below out, r1 and r2 on the stack. Spoils all registers.
 */
.macro product
  /* The lower half of b times all of a: words 0 to 11. */
  ldm r2, {r3-r6}
  row_first r7, r8, r9, r10, r11, r12, lr, r2, 0
  row r8, r9, r10, r2, r7, r11, r12, lr, 4
  row r9, r10, r2, lr, r8, r7, r11, r12, 8
  row r10, r2, lr, r12, r9, r8, r7, r11, 12
  row r2, lr, r12, r11, r10, r9, r8, r7, 16
  row lr, r12, r11, r7, r2, r10, r9, r8, 20
  row r12, r11, r7, r8, lr, r2, r10, r9, 24
  row r11, r7, r8, r9, r12, lr, r2, r10, 28
  str r7, [sp, #32]
  str r8, [sp, #36]
  str r9, [sp, #40]
  str r10, [sp, #44]
  /* The upper half, onto words 4 to 11, and above. */
  ldrd r1, r2, [sp, #68]
  add r2, r2, #16
  ldm r2, {r3-r6}
  add r0, sp, #16
  ldm r0, {r7-r10}
  row r7, r8, r9, r10, r11, r12, lr, r2, 16
  row r8, r9, r10, r2, r7, r11, r12, lr, 20
  row r9, r10, r2, lr, r8, r7, r11, r12, 24
  row r10, r2, lr, r12, r9, r8, r7, r11, 28
  row r2, lr, r12, r11, r10, r9, r8, r7, 32, 1
  row lr, r12, r11, r7, r2, r10, r9, r8, 36, 1
  row r12, r11, r7, r8, lr, r2, r10, r9, 40, 1
  row r11, r7, r8, r9, r12, lr, r2, r10, 44, 1
  add r0, sp, #48
  stm r0, {r7-r10}
.endm

/* void cpu_fe_mul(uint32_t out[8], const uint32_t a[8], const uint32_t b[8]) */
  .section .text.cpu_fe_mul, "ax"
  .global cpu_fe_mul
  .type cpu_fe_mul, %function
  .balign 4
cpu_fe_mul:
  push {r0, r1, r2, r4-r11, lr}
  sub sp, #64
  product
  fold
  add sp, #76
  pop {r4-r11, pc}
  .size cpu_fe_mul, . - cpu_fe_mul

/*
 * The products of two different ones of r3 to r6: a number of six words in r7 to r12. Spoils r0 and lr. Bounds: what is added
 * at each place is part of the whole, which fits.
 */
.macro pairs
  umull r7, r8, r3, r4
  umull r0, r9, r3, r5
  adds r8, r8, r0
  umull r0, r10, r3, r6
  adcs r9, r9, r0
  adc r10, r10, #0
  umull r0, lr, r4, r5
  mov r11, #0
  adds r9, r9, r0
  adcs r10, r10, lr
  adc r11, r11, #0
  umull r0, lr, r4, r6
  adds r10, r10, r0
  adcs r11, r11, lr
  umull r0, r12, r5, r6
  adc r12, r12, #0
  adds r11, r11, r0
  adc r12, r12, #0
.endm

/* Add the squares of four words at r1 to the eight words at r0, with a carry. Spoils r3 to r12 and lr. */
.macro squares first
  ldm r1!, {r3, r4, r11, r12}
  umull r5, r6, r3, r3
  umull r7, r8, r4, r4
  umull r9, r10, r11, r11
  umull r11, r12, r12, r12
  ldm r0, {r2, r3, r4, lr}
  \first r2, r2, r5
  adcs r3, r3, r6
  adcs r4, r4, r7
  adcs lr, lr, r8
  stm r0!, {r2, r3, r4, lr}
  ldm r0, {r2, r3, r4, lr}
  adcs r2, r2, r9
  adcs r3, r3, r10
  adcs r4, r4, r11
  adcs lr, lr, r12
  stm r0!, {r2, r3, r4, lr}
.endm

/* The square of the eight words at r1: words 0 to 15 at sp. Spoils all registers. */
.macro square
  /* The lower and the upper four words among themselves: words 1 to 6 and 9 to 14. */
  ldm r1!, {r3-r6}
  pairs
  add r0, sp, #4
  stm r0, {r7-r12}
  ldm r1, {r3-r6}
  pairs
  add r0, sp, #36
  stm r0, {r7-r12}
  /* The lower four times the upper four, onto words 4 to 11. */
  sub r1, #16
  add r0, sp, #16
  ldm r0, {r7-r9}
  mov r10, #0
  row r7, r8, r9, r10, r11, r12, lr, r2, 16
  row r8, r9, r10, r2, r7, r11, r12, lr, 20
  row r9, r10, r2, lr, r8, r7, r11, r12, 24
  row r10, r2, lr, r12, r9, r8, r7, r11, 28
  add r0, sp, #36
  ldm r0, {r3-r8}
  adds r3, r3, lr
  adcs r4, r4, r12
  adcs r5, r5, r11
  adcs r6, r6, #0
  adcs r7, r7, #0
  adc r8, r8, #0
  str r2, [sp, #32]
  /* Twice that. */
  add r0, sp, #4
  ldm r0, {r2, r9-r12, lr}
  adds r2, r2, r2
  adcs r9, r9, r9
  adcs r10, r10, r10
  adcs r11, r11, r11
  adcs r12, r12, r12
  adcs lr, lr, lr
  stm r0, {r2, r9-r12, lr}
  ldrd r9, r10, [sp, #28]
  adcs r9, r9, r9
  adcs r10, r10, r10
  strd r9, r10, [sp, #28]
  adcs r3, r3, r3
  adcs r4, r4, r4
  adcs r5, r5, r5
  adcs r6, r6, r6
  adcs r7, r7, r7
  adcs r8, r8, r8
  mov r9, #0
  adc r9, r9, r9
  str r9, [sp, #60]
  add r0, sp, #36
  stm r0, {r3-r8}
  /* With the squares. */
  mov r2, #0
  str r2, [sp]
  mov r0, sp
  sub r1, #16
  squares adds
  squares adcs
.endm

/* void cpu_fe_square(uint32_t out[8], const uint32_t a[8], uint32_t times) */
  .section .text.cpu_fe_square, "ax"
  .global cpu_fe_square
  .type cpu_fe_square, %function
  .balign 4
cpu_fe_square:
  push {r0, r1, r2, r4-r11, lr}
  sub sp, #64
1:
  square
  fold
  ldrd r0, r1, [sp, #64]
  ldr r2, [sp, #72]
  mov r1, r0
  subs r2, #1
  str r2, [sp, #72]
  bne 1b
  add sp, #76
  pop {r4-r11, pc}
  .size cpu_fe_square, . - cpu_fe_square

/* void cpu_fe_scale(uint32_t out[8], const uint32_t a[8], uint32_t factor, const uint32_t b[8]) */
  .section .text.cpu_fe_scale, "ax"
  .global cpu_fe_scale
  .type cpu_fe_scale, %function
  .balign 4
cpu_fe_scale:
  push {r0, r4-r11, lr}
  ldr r4, [r1, #28]
  ldr lr, [r3, #28]
  mov r12, #0
  umlal lr, r12, r2, r4
  excess r12, lr, r4
  ldm r1!, {r4-r7}
  ldm r3!, {r8-r11}
  step r8, r12, r2, r4, r0
  step r9, r12, r2, r5, r0
  step r10, r12, r2, r6, r0
  step r11, r12, r2, r7, r0
  ldr r0, [sp]
  stm r0!, {r8-r11}
  ldm r1, {r4-r6}
  ldm r3, {r8-r10}
  step r8, r12, r2, r4, r7
  step r9, r12, r2, r5, r7
  step r10, r12, r2, r6, r7
  add r11, lr, r12
  stm r0, {r8-r11}
  add sp, #4
  pop {r4-r11, pc}
  .size cpu_fe_scale, . - cpu_fe_scale

/* Add the carry in r12, -3 to 3, to four words, and leave their carry there. */
.macro carry_in w0, w1, w2, w3
  adds \w0, \w0, r12
  adcs \w1, \w1, r12, asr #31
  adcs \w2, \w2, r12, asr #31
  adcs \w3, \w3, r12, asr #31
  asr r12, r12, #31
  adc r12, r12, #0
.endm

/* Add four words to four, and the carry to r12. */
.macro plus w0, w1, w2, w3, m0, m1, m2, m3
  adds \w0, \w0, \m0
  adcs \w1, \w1, \m1
  adcs \w2, \w2, \m2
  adcs \w3, \w3, \m3
  adc r12, r12, #0
.endm

/* The same, subtracted. */
.macro minus w0, w1, w2, w3, m0, m1, m2, m3
  subs \w0, \w0, \m0
  sbcs \w1, \w1, \m1
  sbcs \w2, \w2, \m2
  sbcs \w3, \w3, \m3
  sbc r12, r12, #0
.endm

/*
 * Divide the 16 words at sp by 2^256 modulo p, to r4 to r11; the number is below 2^256 p. Spoils all registers.
 *
 * m0 to m7, the multiples of p, begin as words 0 to 7, in r8 to r11 and r0 to r3. Each is added three, six and eight words up, and subtracted seven words
 * up. r12 counts what these chains carry into word 8, then into word 12, and at last into word 16.
 */
.macro reduce
  ldm sp, {r8-r11}
  add r12, sp, #16
  ldm r12!, {r0-r3}
  ldm r12, {r4-r7}
  mov r12, #0
  adds r11, r11, r8
  adcs r0, r0, r9
  adcs r1, r1, r10
  adcs r2, r2, r11
  adcs r3, r3, r0
  adc r12, r12, #0
  adds r2, r2, r8
  adcs r3, r3, r9
  adc r12, r12, #0
  subs r3, r3, r8
  sbc r12, r12, #0
  carry_in r4, r5, r6, r7
  plus r4, r5, r6, r7, r1, r2, r3, #0
  plus r4, r5, r6, r7, r10, r11, r0, r1
  minus r4, r5, r6, r7, r9, r10, r11, r0
  plus r4, r5, r6, r7, r8, r9, r10, r11
  add lr, sp, #48
  ldm lr, {r8-r11}
  carry_in r8, r9, r10, r11
  plus r8, r9, r10, r11, r2, r3, #0, #0
  minus r8, r9, r10, r11, r1, r2, r3, #0
  plus r8, r9, r10, r11, r0, r1, r2, r3
  settle r4, r5, r6, r7, r8, r9, r10, r11, r12
.endm

/* r4 to r11 = the eight words at r1 times those at r2, both below p, divided by 2^256, modulo p. Spoils all registers. */
  .section .text.cpu_p256_product, "ax"
  .global cpu_p256_product
  .type cpu_p256_product, %function
  .balign 4
cpu_p256_product:
  push {r0, r1, r2, lr}
  sub sp, #64
  product
  reduce
  add sp, #76
  pop {pc}
  .size cpu_p256_product, . - cpu_p256_product

/* r4 to r11 = the square of the eight words at r1, below p, divided by 2^256, modulo p. Spoils all registers. */
  .section .text.cpu_p256_square, "ax"
  .global cpu_p256_square
  .type cpu_p256_square, %function
  .balign 4
cpu_p256_square:
  push {lr}
  sub sp, #68
  square
  reduce
  add sp, #68
  pop {pc}
  .size cpu_p256_square, . - cpu_p256_square
#endif
