/*
 * The products of the field of P-256 for cores with the DSP extension (Cortex-M4, M7, M33), over UMAAL, which multiplies two words and adds two more
 * without a carry. cpu_p256.S calls them. The formula, and why no carry is lost, are in assembly/crypto/_fe256.ts; this gives the same bits.
 *
 * The sum is divided by 2^256 by adding multiples of p, m0 to m7: word i of the sum, once it is final, is m_i. m_i p is 2^32i times -m_i, which clears
 * the word, and m_i three, six and, times 2^32 - 1, seven words up. At last p is taken away, by adding 2^256 - p to the upper half: 1, 2^32 - 1 in words 3 to 5 and
 * 2^32 - 2 in word 6.
 *
 * CT: no branch and no address depends on an element; every instruction here takes a constant time on these cores.
 */
#ifdef __ARM_FEATURE_DSP
  .syntax unified
  .thumb
#include "cpu_umaal.inc"
#include "cpu_p256.inc"

/* The same as `row`, times r0:r2:r3:r12. */
.macro upper a, w0, w1, w2, w3, h
  umaal \w0, \h, \a, r0
  umaal \w1, \h, \a, r2
  umaal \w2, \h, \a, r3
  umaal \w3, \h, \a, r12
.endm

/*
 * r4 to r11 = the eight words at r1 times those at r2, divided by 2^256, modulo p; one of the two is below p. Spoils all registers.
 *
 * A row begins with a word to add to its lowest column: that of m three or six words below, where it is known, or the word that the lower half left there.
 */
  .section .text.cpu_p256_product, "ax"
  .global cpu_p256_product
  .type cpu_p256_product, %function
  .balign 4
cpu_p256_product:
  ldm r2!, {r3-r6}
  push {r2, lr}
  sub sp, #40
  /* The lower half of b times all of a. m0 to m3 go to the stack, words 4 to 8 stay in r7, r9, r10, lr and r8, words 9 to 11 go to the stack. */
  ldrd r11, r12, [r1]
  umull lr, r8, r11, r3
  mov r0, #0
  umlal r8, r0, r11, r4
  mov r2, #0
  umlal r0, r2, r11, r5
  mov r7, #0
  umlal r2, r7, r11, r6
  mov r9, #0
  row r12, r8, r0, r2, r7, r9
  strd lr, r8, [sp]
  ldrd r11, r12, [r1, #8]
  mov r10, #0
  row r11, r0, r2, r7, r9, r10
  row r12, r2, r7, r9, r10, lr
  strd r0, r2, [sp, #8]
  ldrd r11, r12, [r1, #16]
  row r11, r7, r9, r10, lr, r8
  row r12, r9, r10, lr, r8, r0
  ldrd r11, r12, [r1, #24]
  row r11, r10, lr, r8, r0, r2
  ldr r11, [sp, #4]
  row r12, lr, r8, r0, r2, r11
  strd r0, r2, [sp, #28]
  str r11, [sp, #36]
  /* The upper half: m4 to m6 go to the stack, words 7 to 15 stay in lr and r4 to r11. */
  ldr r2, [sp, #40]
  ldm r2, {r0, r2, r3, r12}
  ldrd r6, r11, [r1]
  mov r4, #0
  upper r6, r7, r9, r10, lr, r4
  mov r5, #0
  upper r11, r9, r10, lr, r4, r5
  strd r7, r9, [sp, #16]
  ldrd r9, r11, [r1, #8]
  ldr r6, [sp]
  upper r9, r10, lr, r4, r5, r6
  str r10, [sp, #24]
  upper r11, lr, r4, r5, r6, r7
  ldrd r10, r11, [r1, #16]
  upper r10, r4, r5, r6, r7, r8
  ldr r9, [sp, #28]
  upper r11, r5, r6, r7, r8, r9
  ldrd r11, r1, [r1, #24]
  ldr r10, [sp, #32]
  upper r11, r6, r7, r8, r9, r10
  ldr r11, [sp, #36]
  upper r1, r7, r8, r9, r10, r11
  /* Add the rest of m: six words up, with 2^256 - p, in the flags, seven words up in r3. Word 7 becomes m7. */
  ldrd r0, r1, [sp]
  mov r12, #0xffffffff
  subs r3, r3, r3
  umaal lr, r3, r0, r12
  ldrd r0, r2, [sp, #8]
  adcs r4, r4, r0
  umaal r4, r3, r1, r12
  adcs r5, r5, r2
  umaal r5, r3, r0, r12
  ldrd r0, r1, [sp, #16]
  adcs r6, r6, r0
  umaal r6, r3, r2, r12
  adcs r7, r7, r1
  umaal r7, r3, r0, r12
  ldr r0, [sp, #24]
  adcs r8, r8, r0
  umaal r8, r3, r1, r12
  adcs r9, r9, lr
  umaal r9, r3, r0, r12
  adcs r10, r10, #0
  umaal r10, r3, lr, r12
  adcs r11, r11, r3
  sbc r3, r3, r3
  /* Three words up, and the rest of 2^256 - p. */
  adds r4, r4, r1
  adcs r5, r5, r0
  adcs r6, r6, lr
  less_prime r3
  add sp, #44
  pop {pc}
  .size cpu_p256_product, . - cpu_p256_product

/* r4 to r11 = the square of the eight words at r1, divided by 2^256, modulo p; they are below p. Spoils all registers. */
  .section .text.cpu_p256_square, "ax"
  .global cpu_p256_square
  .type cpu_p256_square, %function
  .balign 4
cpu_p256_square:
#if defined TLS_P256 && !defined TLS_PUBLIC
  /* LEAN256 of _cpu.ts. */
  mov r2, r1
  b cpu_p256_product
#else
  push {lr}
  sub sp, #36
  mov r4, r1
  /* With 2^256, for the 1 of 2^256 - p. */
  square r4, r5, r6, r7, r8, r9, r10, r12, lr, r11, r0, r1, r2, r3, 0x80000000
  add r12, sp, #16
  stm r12, {r3, r7-r10}
  ldm sp, {r7-r10}
  /* m up to m5, three words up, in r7 to r10, r11 and r0; r12 is zero if that carries into word 8, else -1. */
  adds r10, r10, r7
  adcs r11, r11, r8
  adcs r0, r0, r9
  adcs r1, r1, r10
  adcs r2, r2, r11
  sbc r12, r12, r12
  /* Six words up in the flags, seven words up in r3. */
  mov r3, #0
  mov lr, #0xffffffff
  adds r1, r1, r7
  adcs r2, r2, r8
  umaal r2, r3, r7, lr
  adcs r4, r4, r9
  umaal r4, r3, r8, lr
  adcs r5, r5, r10
  umaal r5, r3, r9, lr
  adcs r6, r6, r11
  umaal r6, r3, r10, lr
  ldrd r7, r8, [sp, #20]
  adcs r7, r7, r0
  umaal r7, r3, r11, lr
  adcs r8, r8, r1
  umaal r8, r3, r0, lr
  ldrd r9, r10, [sp, #28]
  adcs r9, r9, r2
  umaal r9, r3, r1, lr
  adcs r10, r10, #0
  umaal r10, r3, r2, lr
  ldr r11, [sp, #16]
  adcs r11, r11, r3
  sbc r3, r3, r3
  /* Three words up, from word 8, and the rest of 2^256 - p. */
  rsbs r12, r12, #0
  adcs r4, r4, r0
  adcs r5, r5, r1
  adcs r6, r6, r2
  less_prime r3
  add sp, #36
  pop {pc}
#endif
  .size cpu_p256_square, . - cpu_p256_square
#endif
