// Longer than 400 lines: unrolled arithmetic; its macros have no other user.
/*
 * cpu.* for cores with Thumb-1 only (ARMv6-M: Cortex-M0, M0+), whose one multiplication gives the lower 32 bits: the field of
 * 2^255 - 19 over 16-bit halves, and over Karatsuba for the halves of an element. The formula of each operation, and why no
 * carry is lost, are in assembly/crypto/_fe25519.ts and _ge25519.ts; this gives the same bits.
 *
 * CT: no branch and no address depends on an element, a digit or a bit; MULS takes a constant time, 1 or 32 cycles as
 * the chip was made.
 */
#if __ARM_ARCH_ISA_THUMB == 1
  .syntax unified
  .thumb
#include "cpu_muls.inc"

/* \high:r4 = the word at sp + \i times \b. Spoils r1 to r3. */
.macro words_product i, b, high=r0
  ldr \high, [sp, #\i]
  mov r1, \b
  long_product_of \high, r1, r2, r3, r4
.endm

/* Multiply two words at sp + \i with \b0 and \b1, after their lowest product: r5 is its upper half. The words above the lowest come to r5, r6 and r7. Spoils r0 to r4. */
.macro product2 i, b0, b1
  words_product \i, \b1
  adds r5, r5, r4
  movs r6, #0
  adcs r6, r0
  words_product \i + 4, \b0
  adds r5, r5, r4
  adcs r6, r0
  movs r7, #0
  adcs r7, r7
  words_product \i + 4, \b1
  adds r6, r6, r4
  adcs r7, r0
.endm

/* The same with the lowest product, all to sp + \at. */
.macro product2_to at, i, b0, b1
  words_product \i, \b0, r5
  str r4, [sp, #\at]
  product2 \i, \b0, \b1
  add r0, sp, #\at + 4
  stm r0!, {r5-r7}
.endm

  .section .text.cpu_fe_mul, "ax"

/*
 * Multiply the four words at sp with those in r8 to r11, by Karatsuba's method on halves of two words: with L and H the products of the lower and the upper halves and M
 * that of their differences, L + H - M or L + H + M is added two words up. Spoils r0 to r10 and r12.
 */
  .global cpu_product4
  .type cpu_product4, %function
  .balign 4
cpu_product4:
  product2_to PRODUCT, 0, r8, r9
  product2_to PRODUCT + 16, 8, r10, r11
  /* The differences without their signs, and a mask that is set where M is subtracted. */
  mov r0, sp
  ldm r0!, {r4-r7}
  subs r4, r4, r6
  sbcs r5, r7
  sbcs r6, r6
  eors r4, r6
  eors r5, r6
  subs r4, r4, r6
  sbcs r5, r6
  mov r0, sp
  stm r0!, {r4, r5}
  mov r0, r8
  mov r1, r9
  mov r2, r10
  mov r3, r11
  subs r0, r0, r2
  sbcs r1, r3
  sbcs r2, r2
  eors r0, r2
  eors r1, r2
  subs r0, r0, r2
  sbcs r1, r2
  mov r8, r0
  mov r9, r1
  eors r6, r2
  mvns r6, r6
  mov r12, r6
  /* M, or its complement: r10, r5, r6 and r11. */
  words_product 0, r8, r5
  mov r0, r12
  eors r4, r0
  mov r10, r4
  product2 0, r8, r9
  mov r4, r12
  eors r5, r4
  eors r6, r4
  eors r7, r4
  mov r11, r7
  /* The upper half of L and the lower of H, twice: r1:r0, and two words up r3:r2; r7 is what is above. */
  add r0, sp, #PRODUCT + 8
  ldm r0, {r0-r3}
  adds r0, r0, r2
  adcs r1, r3
  movs r2, r0
  movs r3, r1
  movs r7, #0
  adcs r7, r7
  /* Plus the other halves. */
  ldr r4, [sp, #PRODUCT]
  adds r0, r0, r4
  ldr r4, [sp, #PRODUCT + 4]
  adcs r1, r4
  adcs r2, r7
  movs r4, #0
  adcs r3, r4
  adcs r7, r4
  ldr r4, [sp, #PRODUCT + 24]
  adds r2, r2, r4
  ldr r4, [sp, #PRODUCT + 28]
  adcs r3, r4
  movs r4, #0
  adcs r7, r4
  /* Plus M, or less M. */
  mov r4, r12
  lsrs r4, r4, #1
  mov r4, r10
  adcs r0, r4
  adcs r1, r5
  adcs r2, r6
  mov r4, r11
  adcs r3, r4
  mov r4, r12
  adcs r7, r4
  add r4, sp, #PRODUCT + 8
  stm r4!, {r0-r3}
  ldr r0, [r4]
  ldr r1, [r4, #4]
  movs r2, #0
  adds r0, r0, r7
  adcs r1, r2
  stm r4!, {r0, r1}
  bx lr
  .size cpu_product4, . - cpu_product4

/* \high:\low = the square of \word. Spoils r0 and r2. Bounds: twice the middle product keeps to 33 bits. */
.macro word_square word, low, high
  uxth \low, \word
  lsrs \high, \word, #16
  movs r2, \high
  muls r2, \low
  muls \low, \low
  muls \high, \high
  lsls r0, r2, #17
  lsrs r2, r2, #15
  adds \low, \low, r0
  adcs \high, r2
.endm

/* The square of r7:r6: the lowest word goes to sp + \at, the others to r3, r4 and r5. Spoils r0 to r2, r6 and r7. */
.macro square2 at
  word_square r6, r1, r3
  str r1, [sp, #\at]
  word_square r7, r4, r5
  long_product_of r6, r7, r0, r1, r2
  adds r2, r2, r2
  adcs r6, r6
  movs r7, #0
  adcs r5, r7
  adds r3, r3, r2
  adcs r4, r6
  adcs r5, r7
.endm

/*
 * Square the four words at r1 in the same way: there M is subtracted always. Spoils r0 to r7 and r12.
 */
  .global cpu_square4
  .type cpu_square4, %function
  .balign 4
cpu_square4:
  mov r12, r1
  ldm r1!, {r6, r7}
  square2 PRODUCT
  add r0, sp, #PRODUCT + 4
  stm r0!, {r3-r5}
  mov r0, r12
  ldr r6, [r0, #8]
  ldr r7, [r0, #12]
  square2 PRODUCT + 16
  add r0, sp, #PRODUCT + 20
  stm r0!, {r3-r5}
  mov r0, r12
  ldm r0!, {r4-r7}
  subs r4, r4, r6
  sbcs r5, r7
  sbcs r7, r7
  eors r4, r7
  eors r5, r7
  subs r6, r4, r7
  sbcs r5, r7
  movs r7, r5
  square2 0
  mov r12, r5
  /* The upper half of L and the lower of H, twice: r1:r0, and two words up r6:r5; r7 is what is above. */
  add r7, sp, #PRODUCT + 8
  ldm r7!, {r0, r1}
  ldm r7!, {r5, r6}
  adds r0, r0, r5
  adcs r1, r6
  movs r5, r0
  movs r6, r1
  movs r7, #0
  adcs r7, r7
  /* Plus the other halves. */
  ldr r2, [sp, #PRODUCT]
  adds r0, r0, r2
  ldr r2, [sp, #PRODUCT + 4]
  adcs r1, r2
  adcs r5, r7
  movs r2, #0
  adcs r6, r2
  adcs r7, r2
  ldr r2, [sp, #PRODUCT + 24]
  adds r5, r5, r2
  ldr r2, [sp, #PRODUCT + 28]
  adcs r6, r2
  movs r2, #0
  adcs r7, r2
  /* Less M. */
  ldr r2, [sp]
  subs r0, r0, r2
  sbcs r1, r3
  sbcs r5, r4
  mov r2, r12
  sbcs r6, r2
  movs r2, #0
  sbcs r7, r2
  add r3, sp, #PRODUCT + 8
  stm r3!, {r0, r1, r5, r6}
  ldr r0, [r3]
  ldr r1, [r3, #4]
  adds r0, r0, r7
  adcs r1, r2
  stm r3!, {r0, r1}
  bx lr
  .size cpu_square4, . - cpu_square4

/* r3:\word = 38 times \word, plus r3 unless it is the \first, whose carry is to come. r1 becomes 38 then and r2 zero; else r0 is zero, and r2 is spoiled. Bounds: r3 is below 2^11. */
.macro times38 word, zero=r0, first=0
  uxth r2, \word
  lsrs \word, \word, #16
  .if \first
  movs r1, #38
  .endif
  muls r2, r1
  muls \word, r1
  .if \first == 0
  adds r2, r2, r3
  .endif
  lsrs r3, \word, #16
  lsls \word, \word, #16
  adds \word, \word, r2
  .if \first
  movs r2, #0
  .endif
  adcs r3, \zero
.endm

/* The same, plus the word at sp + \at. */
.macro fold_word word, at
  times38 \word
  ldr r2, [sp, #\at]
  adds \word, \word, r2
  adcs r3, r0
.endm

/* Add Karatsuba's middle, then words 8 to 15 times 38 onto words 0 to 7, to out. */
  .type complete, %function
  .balign 4
complete:
  middle
  ldr r0, [sp, #112]
  adds r0, r0, r3
  str r0, [sp, #112]
  .irp at, 116, 120
  ldr r0, [sp, #\at]
  adcs r0, r2
  str r0, [sp, #\at]
  .endr
  ldr r0, [sp, #124]
  adcs r0, r2
  times38 r0, r2, 1
  ldr r1, [sp, #92]
  adds r0, r0, r1
  adcs r3, r2
  adds r0, r0, r0
  adcs r3, r3
  lsrs r0, r0, #1
  mov r12, r0
  movs r1, #19
  muls r3, r1
  movs r0, #0
  movs r1, #38
  fold_word r4, 64
  fold_word r5, 68
  fold_word r6, 72
  fold_word r7, 76
  ldr r2, [sp, #132]
  stm r2!, {r4-r7}
  add r4, sp, #112
  ldm r4, {r4-r6}
  fold_word r4, 80
  fold_word r5, 84
  fold_word r6, 88
  mov r7, r12
  adds r7, r7, r3
  ldr r2, [sp, #132]
  adds r2, #16
  stm r2!, {r4-r7}
  bx lr
  .size complete, . - complete

/* void cpu_fe_mul(uint32_t out[8], const uint32_t a[8], const uint32_t b[8]) and cpu_fe_square(uint32_t out[8], const uint32_t a[8], uint32_t times) */
  products cpu_fe

/*
 * One chain of carries over words 0 to 6 of a and b, at r1 and r3, to out at r0, and into the top word, in r12; then a second
 * one that adds or subtracts what is folded, in r2. In between word 6 is in lr.
 */
.macro chains first, next
  ldm r1!, {r4, r5}
  ldm r3!, {r6, r7}
  \first r4, r4, r6
  \next r5, r7
  stm r0!, {r4, r5}
  .rept 2
  ldm r1!, {r4, r5}
  ldm r3!, {r6, r7}
  \next r4, r6
  \next r5, r7
  stm r0!, {r4, r5}
  .endr
  ldr r4, [r1]
  ldr r6, [r3]
  \next r4, r6
  mov lr, r4
  mov r5, r12
  movs r6, #0
  \next r5, r6
  mov r12, r5
  subs r0, #24
  mov r7, r0
  ldm r0!, {r1, r3-r5}
  \first r1, r1, r2
  \next r3, r6
  \next r4, r6
  \next r5, r6
  stm r7!, {r1, r3-r5}
  ldm r0!, {r1, r3}
  mov r4, lr
  mov r5, r12
  \next r1, r6
  \next r3, r6
  \next r4, r6
  \next r5, r6
  stm r7!, {r1, r3-r5}
.endm

/*
 * r7:r4 = a word of a times the factor, plus one of b, plus r7. r1 and r3 step over them; the factor is in r2, but for its bit 16, which is r12 as a mask. Spoils r0, r5 and r6.
 * Bounds: the middle product and what bit 16 adds to it keep to 32 bits.
 */
.macro scale_word
  ldm r1!, {r4}
  lsrs r5, r4, #16
  uxth r4, r4
  mov r6, r12
  movs r0, r4
  ands r0, r6
  ands r6, r5
  muls r4, r2
  muls r5, r2
  adds r5, r5, r0
  adds r4, r4, r7
  movs r7, #0
  adcs r6, r7
  lsls r0, r5, #16
  lsrs r5, r5, #16
  adds r4, r4, r0
  adcs r5, r6
  ldm r3!, {r0}
  adds r4, r4, r0
  adcs r7, r5
.endm

/* void cpu_fe_scale(uint32_t out[8], const uint32_t a[8], uint32_t factor, const uint32_t b[8]) */
  .section .text.cpu_fe_scale, "ax"
  .global cpu_fe_scale
  .type cpu_fe_scale, %function
  .balign 4
cpu_fe_scale:
  push {r4-r7, lr}
  cmp r2, #1
  bne 1f
  /* A sum. The factor is public. */
  ldr r4, [r1, #28]
  ldr r5, [r3, #28]
  movs r6, #0
  adds r4, r4, r5
  adcs r6, r6
  adds r4, r4, r4
  adcs r6, r6
  lsrs r4, r4, #1
  movs r2, #19
  muls r2, r6
  mov r12, r4
  chains adds, adcs
  pop {r4-r7, pc}
1:
  mov lr, r0
  lsrs r4, r2, #16
  negs r4, r4
  mov r12, r4
  uxth r2, r2
  adds r1, #28
  adds r3, #28
  push {r1}
  movs r7, #0
  scale_word
  adds r4, r4, r4
  adcs r7, r7
  lsrs r4, r4, #1
  push {r4}
  movs r4, #19
  muls r7, r4
  subs r1, #32
  subs r3, #32
2:
  scale_word
  mov r0, lr
  stm r0!, {r4}
  mov lr, r0
  ldr r0, [sp, #4]
  cmp r0, r1
  bne 2b
  pop {r4}
  adds r4, r4, r7
  mov r0, lr
  str r4, [r0]
  add sp, #4
  pop {r4-r7, pc}
  .size cpu_fe_scale, . - cpu_fe_scale

/* void cpu_fe_sub(uint32_t out[8], const uint32_t a[8], const uint32_t b[8]) */
  .section .text.cpu_fe_sub, "ax"
  .global cpu_fe_sub
  .type cpu_fe_sub, %function
  .balign 4
cpu_fe_sub:
  push {r4-r7, lr}
  movs r3, r2
  /* The top word less what is folded, which is 2^31 at least, in r12, and 19 times what is folded, negated, in r2. */
  ldr r4, [r1, #28]
  ldr r5, [r3, #28]
  subs r4, r4, r5
  sbcs r5, r5
  adds r4, r4, r4
  adcs r5, r5
  movs r6, #1
  orrs r4, r6
  rors r4, r6
  mov r12, r4
  subs r6, r6, r5
  movs r2, #19
  muls r2, r6
  chains subs, sbcs
  pop {r4-r7, pc}
  .size cpu_fe_sub, . - cpu_fe_sub

#endif
