/*
 * The field of 2^255 - 19 for cores with the DSP extension (Cortex-M4, M7, M33), over UMAAL, which multiplies two words and adds two more without a carry.
 * cpu_25519.S calls it. The formula of each operation, and why no carry is lost, are in assembly/crypto/_fe25519.ts; this gives the same bits.
 *
 * Elements pass from one operation to the next in r4 to r11. A routine here that has no prototype in C keeps sp, and no other register but those that it names.
 *
 * CT: no branch and no address depends on an element; every instruction here takes a constant time on these cores.
 */
#ifdef __ARM_FEATURE_DSP
  .syntax unified
  .thumb
#include "cpu_umaal.inc"

/* Fold what lies at or above 2^255: \top:\word is the sum's upper end, whose rest goes to \rest; gives 19 times the excess in \fold. Spoils the others. */
.macro excess fold, top, word, rest, spare
  adds \word, \word, \word
  adc \top, \top, \top
  lsr \rest, \word, #1
  add \spare, \top, \top, lsl #1
  add \fold, \spare, \top, lsl #4
.endm

/* The same as `row`, times r4:r5:r6:r7. */
.macro lower a, w0, w1, w2, w3, h
  umaal \w0, \h, \a, r4
  umaal \w1, \h, \a, r5
  umaal \w2, \h, \a, r6
  umaal \w3, \h, \a, r7
.endm

/*
 * r4 to r11 = themselves times the element at r1. Spoils all registers.
 *
 * A row begins with a word to add to its lowest column, where one is known. On the stack: words 2 and 3, word 11 of the lower half of a times b, words 0 and 1, the upper half of a,
 * whose place words 4 to 6 take, and lr.
 */
  function cpu_25519_product
  push {r8-r11, lr}
  /* The lower half of a times all of b: words 0 to 3 to the stack, 4 to 7 in lr, r8, r9, r10, 8 to 11 in r12, r0, r2, r3. */
  ldm r1!, {r8-r11}
  umull r0, r2, r4, r8
  mov r3, #0
  umlal r2, r3, r5, r8
  mov r12, #0
  umlal r3, r12, r6, r8
  mov lr, #0
  umlal r12, lr, r7, r8
  mov r8, #0
  lower r9, r2, r3, r12, lr, r8
  strd r0, r2, [sp, #-8]!
  mov r9, #0
  lower r10, r3, r12, lr, r8, r9
  mov r10, #0
  lower r11, r12, lr, r8, r9, r10
  strd r3, r12, [sp, #-12]!
  ldm r1, {r0, r2, r3, r11}
  mov r12, #0
  lower r0, lr, r8, r9, r10, r12
  mov r0, #0
  lower r2, r8, r9, r10, r12, r0
  mov r2, #0
  lower r3, r9, r10, r12, r0, r2
  mov r3, #0
  lower r11, r10, r12, r0, r2, r3
  /* The upper half: words 4 to 6 to the stack, 7 in r10, 8 to 15 in r3, lr, r8, r9, r12, r0, r2, r1. */
  ldrd r4, r5, [sp, #20]
  ldrd r6, r7, [sp, #28]
  str r3, [sp, #8]
  ldr r11, [r1, #-16]
  mov r3, #0
  lower r11, lr, r8, r9, r10, r3
  str lr, [sp, #20]
  ldr r11, [r1, #-12]
  mov lr, #0
  lower r11, r8, r9, r10, r3, lr
  str r8, [sp, #24]
  ldr r11, [r1, #-8]
  mov r8, #0
  lower r11, r9, r10, r3, lr, r8
  str r9, [sp, #28]
  ldr r11, [r1, #-4]
  mov r9, #0
  lower r11, r10, r3, lr, r8, r9
  ldr r11, [r1]
  lower r11, r3, lr, r8, r9, r12
  ldr r11, [r1, #4]
  lower r11, lr, r8, r9, r12, r0
  ldr r11, [r1, #8]
  lower r11, r8, r9, r12, r0, r2
  ldr r11, [r1, #12]
  ldr r1, [sp, #8]
  lower r11, r9, r12, r0, r2, r1
  /* Times 38, onto words 0 to 7. */
  mov r7, #38
  mov r5, #0
  umlal r10, r5, r7, r1
  excess r1, r5, r10, r11, r1
  ldrd r4, r5, [sp, #12]
  umaal r4, r1, r7, r3
  umaal r5, r1, r7, lr
  mov lr, r7
  ldrd r6, r7, [sp]
  umaal r6, r1, lr, r8
  umaal r7, r1, lr, r9
  ldrd r8, r9, [sp, #20]
  ldr r10, [sp, #28]
  umaal r8, r1, lr, r12
  umaal r9, r1, lr, r0
  umaal r10, r1, lr, r2
  add r11, r11, r1
  add sp, #36
  pop {pc}
  .size cpu_25519_product, . - cpu_25519_product

/* r4 to r11 = the square of the element at r5. Spoils all registers. */
  function cpu_25519_square
#ifdef CRYPTO_SMALL
  mov r1, r5
  ldm r1, {r4-r11}
  b cpu_25519_product
#else
  push {lr}
  sub sp, #16
  square r5, r6, r7, r12, lr, r0, r1, r2, r3, r8, r9, r10, r11, r4
  /* Words 8 to 15 are in r5, r6, r7, r12, lr, r0, r1, r4: times 38, onto words 0 to 7. */
  mov r3, #38
  umlal r11, r2, r3, r4
  excess r2, r2, r11, r11, r4
  ldr r4, [sp], #4
  umaal r4, r2, r3, r5
  ldr r5, [sp], #4
  umaal r5, r2, r3, r6
  ldr r6, [sp], #4
  umaal r6, r2, r3, r7
  ldr r7, [sp], #4
  umaal r7, r2, r3, r12
  umaal r8, r2, r3, lr
  umaal r9, r2, r3, r0
  umaal r10, r2, r3, r1
  add r11, r11, r2
  pop {pc}
#endif
  .size cpu_25519_square, . - cpu_25519_square

/* Two words of the element at r0: the words of the one at r1, and \a0 and \a1 times r2; the carry is in r12. */
.macro scale_pair at, a0, a1
  ldrd r3, lr, [r1, #\at]
  umaal r3, r12, r2, \a0
  umaal lr, r12, r2, \a1
  strd r3, lr, [r0, #\at]
.endm

/* The element at r0 = r4 to r11 times r2, plus the element at r1. Spoils r3, r12 and lr. */
.macro scale
  ldr r3, [r1, #28]
  mov r12, #0
  umlal r3, r12, r2, r11
  excess r12, r12, r3, r3, lr
  str r3, [r0, #28]
  scale_pair 0, r4, r5
  scale_pair 8, r6, r7
  scale_pair 16, r8, r9
  ldr r3, [r1, #24]
  ldr lr, [r0, #28]
  umaal r3, r12, r2, r10
  add lr, lr, r12
  strd r3, lr, [r0, #24]
.endm

/*
 * The element at r0 = the element at r1 plus r4 to r11, and r4 to r11 = the element at r1 less themselves: the second half is a function of its own,
 * which keeps r1 and spoils r0, r2, r3 and r12.
 */
  function cpu_25519_sums
  push {lr}
  mov r2, #1
#ifdef CRYPTO_SMALL
  bl cpu_25519_scale
#else
  scale
#endif
  pop {lr}
  .size cpu_25519_sums, . - cpu_25519_sums
  .global cpu_25519_from
  .type cpu_25519_from, %function
cpu_25519_from:
  /* The top word less what is folded in r3, and 19 times what is folded, negated, in r12. */
  ldr r3, [r1, #28]
  subs r3, r3, r11
  sbc r12, r12, r12
  lsl r12, r12, #1
  add r12, r12, r3, lsr #31
  rsb r12, r12, #1
  orr r3, r3, #0x80000000
  add r2, r12, r12, lsl #1
  add r12, r2, r12, lsl #4
  ldrd r0, r2, [r1]
  subs r4, r0, r4
  sbcs r5, r2, r5
  ldrd r0, r2, [r1, #8]
  sbcs r6, r0, r6
  sbcs r7, r2, r7
  ldrd r0, r2, [r1, #16]
  sbcs r8, r0, r8
  sbcs r9, r2, r9
  ldr r0, [r1, #24]
  sbcs r10, r0, r10
  sbc r11, r3, #0
  subs r4, r4, r12
  sbcs r5, r5, #0
  sbcs r6, r6, #0
  sbcs r7, r7, #0
  sbcs r8, r8, #0
  sbcs r9, r9, #0
  sbcs r10, r10, #0
  sbc r11, r11, #0
  bx lr
  .size cpu_25519_from, . - cpu_25519_from

/* The element at r0 = r4 to r11 times r2, below 2^17, plus the element at r1. Keeps r0, r1, r2, and r4 to r11. */
  function cpu_25519_scale
  push {lr}
  scale
  pop {pc}
  .size cpu_25519_scale, . - cpu_25519_scale

/* void cpu_fe_mul(uint32_t out[8], const uint32_t a[8], const uint32_t b[8]) */
  function cpu_fe_mul
  push {r0, r4-r11, lr}
  ldm r1, {r4-r11}
  mov r1, r2
  bl cpu_25519_product
  pop {r0}
  stm r0, {r4-r11}
  pop {r4-r11, pc}
  .size cpu_fe_mul, . - cpu_fe_mul

/* void cpu_fe_square(uint32_t out[8], const uint32_t a[8], uint32_t times) */
  function cpu_fe_square
  push {r0, r2, r4-r11, lr}
  mov r5, r1
1:
  bl cpu_25519_square
  ldrd r0, r2, [sp]
  stm r0, {r4-r11}
  mov r5, r0
  subs r2, #1
  str r2, [sp, #4]
  bne 1b
  add sp, #8
  pop {r4-r11, pc}
  .size cpu_fe_square, . - cpu_fe_square

/* void cpu_fe_scale(uint32_t out[8], const uint32_t a[8], uint32_t factor, const uint32_t b[8]) */
  function cpu_fe_scale
  push {r4-r11, lr}
  ldm r1, {r4-r11}
  mov r1, r3
  bl cpu_25519_scale
  pop {r4-r11, pc}
  .size cpu_fe_scale, . - cpu_fe_scale

/* void cpu_fe_sub(uint32_t out[8], const uint32_t a[8], const uint32_t b[8]) */
  function cpu_fe_sub
  push {r0, r4-r11, lr}
  ldm r2, {r4-r11}
  bl cpu_25519_from
  pop {r0}
  stm r0, {r4-r11}
  pop {r4-r11, pc}
  .size cpu_fe_sub, . - cpu_fe_sub
#endif
