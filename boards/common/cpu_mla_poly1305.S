/*
 * cpu.poly1305 for cores with Thumb-2 but without the DSP extension (Cortex-M3): `_poly1305.absorbBlocks` on ten signed limbs of 13 bits, whose products need
 * 32 bits only. The number that it leaves is that of the portable code modulo 2^130 - 5, and below 2^131 as well.
 *
 * Column i of a product is the sum of h_j r_(i - j), where r_-k is 5 r_(10 - k): all these are in one table, from r_-9 to r_9.
 *
 * Bounds: limbs of r are in -2^12..2^12. The key's clamped bits leave 8 bits to r_4 and 7 to r_9. Limbs of h are in -2^12 - 162..2^12 + 162 after a block, or of a
 * number below 2^131 less 2^130 - 5; with 13 bits of a block (12 bits, of the last) they are below H = 3 * 2^12 + 162 in magnitude. The largest column is the first: one
 * product, seven fivefold ones and two with the short limbs, below (36 * 2^12 + 5 * (2^8 + 2^7)) H < 2^31. A carry is below 2^18. That of the last
 * column is added to the first one fivefold, which then carries at most 162 to the second.
 *
 * CT: no branch and no address depends on key, sum or data; MUL and MLA take a constant time.
 */
#if __ARM_ARCH_ISA_THUMB >= 2 && !defined(__ARM_FEATURE_DSP)
  .syntax unified
  .thumb

  /* The frame: limbs of h with a block, limbs of h, the table behind a word that is not used, and what the loop keeps. */
  .equ BLOCK, 0
  .equ H, 40
  .equ TABLE, 84
  .equ R, TABLE + 36
  .equ DATA, 160
  .equ BLOCKS, 164
  .equ STATE, 168
  .equ FRAME, 172
  /* The state: r, and h behind the other half of the key. */
  .equ STATE_H, 32
  /* The largest limb. */
  .equ LIMB, 0x1fff

/*
 * Add to the columns r0 to r4 the products of limbs \at and \at + 1 of h and the six words of the table from \entry on, in \w0 to \w5: the upper four are in their
 * registers already. `first` sets the columns instead.
 */
.macro pair operation, at, entry, w0, w1, w2, w3, w4, w5
  ldrd r11, r12, [sp, #BLOCK + 4 * \at]
  ldrd \w0, \w1, [sp, #TABLE + 4 * (\entry)]
  \operation r0, \w1
  \operation r1, \w2
  \operation r2, \w3
  \operation r3, \w4
  \operation r4, \w5
  mla r0, r12, \w0, r0
  mla r1, r12, \w1, r1
  mla r2, r12, \w2, r2
  mla r3, r12, \w3, r3
  mla r4, r12, \w4, r4
.endm
.macro first sum, word
  mul \sum, r11, \word
.endm
.macro next sum, word
  mla \sum, r11, \word, \sum
.endm

/* Five columns, from \column on, in r0 to r4. Spoils r5 to r12. */
.macro columns column
  ldrd r7, r8, [sp, #TABLE + 4 * (\column + 10)]
  ldrd r9, r10, [sp, #TABLE + 4 * (\column + 12)]
  pair first, 0, \column + 8, r5, r6, r7, r8, r9, r10
  pair next, 2, \column + 6, r9, r10, r5, r6, r7, r8
  pair next, 4, \column + 4, r7, r8, r9, r10, r5, r6
  pair next, 6, \column + 2, r5, r6, r7, r8, r9, r10
  pair next, 8, \column, r9, r10, r5, r6, r7, r8
.endm

/* \limb = the lower 13 bits of \sum, with their sign; the rest is the carry, and with \next the sum of it and \next. */
.macro carry limb, sum, next
  sbfx \limb, \sum, #0, #13
  sub \sum, \sum, \limb
  .ifnb \next
  add \next, \next, \sum, asr #13
  .endif
.endm

/* The five columns as limbs of h, from \limb on, and what they carry in lr. */
.macro limbs limb
  carry r5, r0, r1
  carry r6, r1, r2
  carry r7, r2, r3
  carry r8, r3, r4
  carry r9, r4
  asr lr, r4, #13
  add r12, sp, #H + 4 * \limb
  stm r12, {r5-r9}
.endm

  .section .text.cpu_poly1305, "ax"

/* The limbs of the words r4 to r7 and of r3 above the last, added to those at r0, to r1. Spoils r2 and r8 to r12. */
  .type split, %function
  .balign 4
split:
  ldm r0!, {r8-r12}
  ubfx r2, r4, #0, #13
  add r8, r8, r2
  ubfx r2, r4, #13, #13
  add r9, r9, r2
  lsr r2, r4, #26
  bfi r2, r5, #6, #7
  add r10, r10, r2
  ubfx r2, r5, #7, #13
  add r11, r11, r2
  lsr r2, r5, #20
  bfi r2, r6, #12, #1
  add r12, r12, r2
  stm r1!, {r8-r12}
  ldm r0!, {r8-r12}
  ubfx r2, r6, #1, #13
  add r8, r8, r2
  ubfx r2, r6, #14, #13
  add r9, r9, r2
  lsr r2, r6, #27
  bfi r2, r7, #5, #8
  add r10, r10, r2
  ubfx r2, r7, #8, #13
  add r11, r11, r2
  add r12, r12, r7, lsr #21
  add r12, r12, r3
  stm r1!, {r8-r12}
  bx lr
  .size split, . - split

/* void cpu_poly1305(uint32_t state[13], const uint8_t *data, uint32_t blocks), blocks > 0; the state is r, s, h */
  .global cpu_poly1305
  .type cpu_poly1305, %function
  .balign 4
cpu_poly1305:
  push {r4-r11, lr}
  sub sp, #FRAME
  add r3, sp, #DATA
  strd r1, r2, [r3]
  str r0, [r3, #STATE - DATA]
  /* The negative of 2^130 - 5, to which first r is added, and then h. */
  movw r7, #LIMB
  rsb r9, r7, #0
  add r8, r9, #4
  mov r10, r9
  mov r11, r9
  mov r12, r9
  add r1, sp, #H
  stm r1!, {r8-r12}
  mov r8, r12
  stm r1!, {r8-r12}
  ldm r0, {r4-r7}
  mov r3, #0
  add r0, sp, #H
  mov r1, sp
  bl split
  /* That constant is taken away again. */
  mov r0, sp
  add r1, sp, #R
  add r2, sp, #TABLE - 4
  add r3, sp, #BLOCK + 40
  movw r7, #LIMB
  mov r4, #-4
1:
  ldr r5, [r0], #4
  add r4, r4, r5
  add r4, r4, r7
  carry r6, r4
  asr r4, r4, #13
  add r5, r6, r6, lsl #2
  str r6, [r1], #4
  str r5, [r2], #4
  cmp r0, r3
  bne 1b
  ldr r3, [sp, #STATE]
  add r3, r3, #STATE_H
  ldm r3, {r4-r7}
  ldr r3, [r3, #16]
  lsl r3, r3, #11
  add r0, sp, #H
  mov r1, r0
  bl split

.Lblock:
  ldr r3, [sp, #DATA]
  ldr r4, [r3], #4
  ldr r5, [r3], #4
  ldr r6, [r3], #4
  ldr r7, [r3], #4
  str r3, [sp, #DATA]
  mov r3, #0x800
  add r0, sp, #H
  mov r1, sp
  bl split
  columns 0
  limbs 0
  columns 5
  add r0, r0, lr
  limbs 5
  add r12, lr, lr, lsl #2
  ldrd r0, r1, [sp, #H]
  add r0, r0, r12
  carry r2, r0, r1
  strd r2, r1, [sp, #H]
  ldr r2, [sp, #BLOCKS]
  subs r2, r2, #1
  str r2, [sp, #BLOCKS]
  bne .Lblock

  /* 2^130 - 5 makes all limbs positive, of at most 14 bits; then they are words. */
  add r12, sp, #H
  ldm r12, {r0-r9}
  movw r12, #LIMB
  .irp limb, r0, r1, r2, r3, r4, r5, r6, r7, r8, r9
  add \limb, \limb, r12
  .endr
  sub r0, r0, #4
  add r0, r0, r1, lsl #13
  adds r0, r0, r2, lsl #26
  lsr r2, r2, #6
  adc r1, r2, r3, lsl #7
  adds r1, r1, r4, lsl #20
  lsr r4, r4, #12
  adc r2, r4, r5, lsl #1
  add r2, r2, r6, lsl #14
  adds r2, r2, r7, lsl #27
  lsr r7, r7, #5
  adc r3, r7, r8, lsl #8
  adds r3, r3, r9, lsl #21
  lsr r9, r9, #11
  adc r4, r9, #0
  ldr r5, [sp, #STATE]
  add r5, r5, #STATE_H
  stm r5, {r0-r4}
  add sp, #FRAME
  pop {r4-r11, pc}
  .size cpu_poly1305, . - cpu_poly1305
#endif
