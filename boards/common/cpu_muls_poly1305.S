/*
 * cpu.poly1305 for cores with Thumb-1 only (ARMv6-M: Cortex-M0, M0+): `_poly1305.absorbBlocks`, on the same ten limbs of 13 bits. The formulas, and why no
 * carry is lost, are there; `tests/vectors/blocks.qemu.test.ts` compares the two.
 *
 * CT: no branch and no address depends on key, sum or data; MULS takes a constant time, 1 or 32 cycles as the chip was made.
 */
#if __ARM_ARCH_ISA_THUMB == 1
  .syntax unified
  .thumb
#include "cpu_thumb1.inc"

  /* The frame: the limbs of 5 r and of r, the sums of the lower five limbs of h, and h. */
  .equ R, 40
  .equ SUMS, 80
  .equ H, 120
  .equ FRAME, 160
  /* The state: r, and h behind the other half of the key. */
  .equ STATE_H, 32

/* Limb r1, its upper part in r2, is added to the next of those at r0. Spoils r2. */
.macro put upper
  .ifnb \upper
  orrs r1, \upper
  .endif
  ldr r2, [r0]
  adds r1, r1, r2
  stm r0!, {r1}
.endm

/* The limb at bit \at of \word, which has all of it. */
.macro inside word, at
  lsls r1, \word, #(19 - \at)
  lsrs r1, r1, #19
  put
.endm

/* The limb from bit \at of \word, and the lowest bits of \next. */
.macro across word, next, at
  lsrs r1, \word, #\at
  lsls r2, \next, #(51 - \at)
  lsrs r2, r2, #19
  put r2
.endm

/* r6 = the sum of the products of five limbs of h, in r0 to r4, and those of r from r7 downwards. Spoils r5. */
.macro column
  ldr r6, [r7, #16]
  muls r6, r0
  .irp i, 1, 2, 3, 4
  ldr r5, [r7, #(16 - 4 * \i)]
  muls r5, r\i
  adds r6, r6, r5
  .endr
.endm

  .section .text.cpu_poly1305, "ax"

/* Add the limbs of the words r4 to r7, and of r3 < 8 above them, to the ten at r0. Spoils r1 and r2. */
  .type split, %function
  .balign 4
split:
  inside r4, 0
  inside r4, 13
  across r4, r5, 26
  inside r5, 7
  across r5, r6, 20
  inside r6, 1
  inside r6, 14
  across r6, r7, 27
  inside r7, 8
  lsrs r1, r7, #21
  lsls r2, r3, #11
  put r2
  bx lr
  .size split, . - split

/* void cpu_poly1305(uint32_t state[13], const uint8_t *data, uint32_t blocks), blocks > 0 */
  .global cpu_poly1305
  .type cpu_poly1305, %function
  .balign 4
cpu_poly1305:
  save_all
  sub sp, #FRAME
  mov r10, r0
  mov r11, r1
  mov r12, r2
  movs r2, #0
  mov r1, sp
  movs r3, #FRAME
1:
  subs r3, #4
  str r2, [r1, r3]
  bne 1b
  ldm r0!, {r4-r7}
  add r0, sp, #R
  bl split
  mov r0, sp
  add r1, sp, #R
  add r4, sp, #SUMS
2:
  ldm r1!, {r2}
  lsls r3, r2, #2
  adds r2, r2, r3
  stm r0!, {r2}
  cmp r1, r4
  bne 2b
  mov r0, r10
  adds r0, #STATE_H
  ldm r0!, {r4-r7}
  ldr r3, [r0]
  add r0, sp, #H
  bl split

.Lblock:
  mov r1, r11
  load_little r4, r1, 0, r2
  load_little r5, r1, 4, r2
  load_little r6, r1, 8, r2
  load_little r7, r1, 12, r2
  adds r1, #16
  mov r11, r1
  movs r3, #1
  add r0, sp, #H
  bl split

  /* The lower five limbs of h in all columns: limb 4 meets the limb of r four below that of limb 0, which is the column's. */
  add r0, sp, #H
  ldm r0, {r0-r4}
  add r7, sp, #R + 4 * 10 - 16
  mov r9, r7
  add r7, sp, #R - 16
3:
  column
  str r6, [r7, #SUMS - R + 16]
  adds r7, #4
  cmp r7, r9
  bne 3b

  /* The upper five, and the carry, in r8. */
  add r0, sp, #H + 20
  ldm r0, {r0-r4}
  movs r5, #0
  mov r8, r5
  add r7, sp, #4 * 10 + 4
  mov r9, r7
  add r7, sp, #4
4:
  column
  ldr r5, [r7, #SUMS - 4]
  add r5, r8
  mov r8, r5
  lsls r5, r5, #19
  lsrs r5, r5, #19
  adds r6, r6, r5
  lsls r5, r6, #19
  lsrs r5, r5, #19
  str r5, [r7, #H - 4]
  lsrs r6, r6, #13
  mov r5, r8
  lsrs r5, r5, #13
  adds r6, r6, r5
  mov r8, r6
  adds r7, #4
  cmp r7, r9
  bne 4b
  /* Five times the carry, to the lowest limb. */
  lsls r5, r6, #2
  adds r6, r6, r5
  add r0, sp, #H
  ldr r1, [r0]
  ldr r2, [r0, #4]
  adds r1, r1, r6
  lsrs r3, r1, #13
  adds r2, r2, r3
  lsls r1, r1, #19
  lsrs r1, r1, #19
  stm r0!, {r1, r2}
  mov r2, r12
  subs r2, #1
  mov r12, r2
  bne .Lblock

  /* The limbs as words: r6:r7 has r4 bits, of which the lower 32 are stored when they are complete. */
  mov r0, r10
  adds r0, #STATE_H
  add r1, sp, #H
  add r2, sp, #FRAME
  mov r9, r2
  movs r4, #0
  movs r6, #0
  movs r7, #0
5:
  ldm r1!, {r2}
  movs r3, r2
  lsls r3, r4
  movs r5, #32
  subs r5, r5, r4
  lsrs r2, r5
  adds r6, r6, r3
  adcs r7, r2
  adds r4, #13
  cmp r4, #32
  bcc 6f
  stm r0!, {r6}
  movs r6, r7
  movs r7, #0
  subs r4, #32
6:
  cmp r1, r9
  bne 5b
  str r6, [r0]
  add sp, #FRAME
  return_all
  .size cpu_poly1305, . - cpu_poly1305
#endif
