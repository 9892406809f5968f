/*
 * cpu.ghash for cores with Thumb-1 only (ARMv6-M: Cortex-M0, M0+): `_ghash.absorbBlocks`.
 *
 * CT: no branch and no address depends on a key or a sum; MULS takes a constant time, 1 or 32 cycles as the chip was made.
 */
#if __ARM_ARCH_ISA_THUMB == 1
  .syntax unified
  .thumb
#include "cpu_thumb1.inc"

/* The offsets of a state: the operands of the key, and those of the sum, which begin with the ones that are forwards. */
#define KEY      16
#define WORK     88
#define OPERANDS 36

/* The frame: the eight words of the product of blocks, the seven of the upper halves, then these. */
#define SUM      0
#define UPPER    32
#define END      60
#define STATE    64
#define DATA     68
#define COUNT    72
#define FRAME    76

/* \out = the big-endian word at r1 + \at, which need not be aligned. Spoils \t. */
.macro big_endian out, at, t
  ldrb \out, [r1, #\at]
  lsls \out, \out, #8
  ldrb \t, [r1, #\at + 1]
  orrs \out, \t
  lsls \out, \out, #8
  ldrb \t, [r1, #\at + 2]
  orrs \out, \t
  lsls \out, \out, #8
  ldrb \t, [r1, #\at + 3]
  orrs \out, \t
.endm

/* Set the masks of `reverse`: every other bit in r5, every other pair in r6, every other four in r7. Spoils r4. */
.macro reverse_masks
  movs r7, #0x0f
  lsls r4, r7, #8
  orrs r7, r4
  lsls r4, r7, #16
  orrs r7, r4
  lsls r6, r7, #2
  eors r6, r7
  lsls r5, r6, #1
  eors r5, r6
.endm

/* Reverse the bits of \x. Spoils \t. */
.macro swap_bits x, t, mask, n
  lsrs \t, \x, #\n
  ands \t, \mask
  ands \x, \mask
  lsls \x, \x, #\n
  orrs \x, \t
.endm
.macro reverse x, t
  swap_bits \x, \t, r5, 1
  swap_bits \x, \t, r6, 2
  swap_bits \x, \t, r7, 4
  rev \x, \x
.endm

/* Write the operands that are made of the four words in r0 to r3, at r4, and step over them. Spoils r0, r1 and r3. */
.macro operands
  stm r4!, {r0-r3}
  eors r1, r0
  eors r3, r2
  str r1, [r4]
  str r3, [r4, #4]
  eors r3, r1
  str r3, [r4, #16]
  eors r0, r2
  str r0, [r4, #8]
  eors r3, r0
  str r3, [r4, #12]
  adds r4, #20
.endm

/* Four bits' share of the product: of x in r8 to r11 and y in r0 to r3; add those bits that the mask, \n bits up, has to r6. Spoils r4, r5 and r7. */
.macro quarter y0, y1, y2, y3, n
  mov r4, r8
  muls r4, \y0
  mov r5, r10
  muls r5, \y2
  adds r4, r4, r5
  mov r5, r9
  muls r5, \y1
  mov r7, r11
  muls r7, \y3
  adds r5, r5, r7
  eors r4, r5
  mov r7, r12
  .if \n
  lsls r7, r7, #\n
  ands r4, r7
  orrs r6, r4
  .else
  ands r4, r7
  mov r6, r4
  .endif
.endm

/* From nine products at r7 the words c0 to c6 of their sum, in r0, r4, r6, r7, r1, r5, r3. Spoils r2. */
.macro combine
  ldm r7!, {r0-r6}
  eors r4, r0
  eors r4, r1
  eors r5, r2
  eors r5, r3
  eors r1, r2
  ldr r2, [r7]
  ldr r7, [r7, #4]
  eors r7, r2
  eors r7, r6
  eors r7, r4
  eors r7, r5
  eors r6, r0
  eors r6, r1
  eors r1, r3
  eors r1, r2
.endm

/* Reduce the word \x: x^128 is x^7 + x^2 + x + 1, so it goes to \above, four words up, and its overflow to \below. Spoils r3. */
.macro fold x, above, below
  eors \above, \x
  .irp n, 1, 2, 7
  lsrs r3, \x, #\n
  eors \above, r3
  .endr
  .irp n, 31, 30, 25
  lsls r3, \x, #\n
  eors \below, r3
  .endr
.endm

/* void cpu_ghash(uint32_t state[40], const uint8_t *data, uint32_t blocks) */
  .section .text.cpu_ghash, "ax"
  .global cpu_ghash
  .type cpu_ghash, %function
  .balign 4
cpu_ghash:
  save_all
  sub sp, #FRAME
  str r0, [sp, #STATE]
  str r1, [sp, #DATA]
  str r2, [sp, #COUNT]
1:
  /* Add a block. */
  ldr r1, [sp, #DATA]
  big_endian r4, 12, r3
  big_endian r5, 8, r3
  big_endian r6, 4, r3
  big_endian r7, 0, r3
  adds r1, #16
  str r1, [sp, #DATA]
  ldr r0, [sp, #STATE]
  ldm r0, {r0-r3}
  eors r0, r4
  eors r1, r5
  eors r2, r6
  eors r3, r7
  /* The operands of the sum, forwards and backwards. */
  ldr r4, [sp, #STATE]
  adds r4, #WORK
  operands
  mov lr, r4
  reverse_masks
  mov r4, lr
  subs r4, #OPERANDS
  ldm r4!, {r0-r3}
  reverse r0, r4
  reverse r1, r4
  reverse r2, r4
  reverse r3, r4
  mov r4, lr
  operands
  /* Each times that of the key, which lies before it. */
  ands r5, r6
  mov r12, r5
  ldr r7, [sp, #STATE]
  adds r7, #WORK
  str r7, [sp, #END]
  subs r7, #WORK - KEY
  mov lr, r7
2:
  mov r5, lr
  ldr r3, [r5]
  ldr r6, [r5, #WORK - KEY]
  mov r7, r12
  movs r0, r3
  ands r0, r7
  movs r4, r6
  ands r4, r7
  mov r8, r4
  lsls r7, r7, #1
  movs r1, r3
  ands r1, r7
  movs r4, r6
  ands r4, r7
  mov r9, r4
  lsls r7, r7, #1
  movs r2, r3
  ands r2, r7
  movs r4, r6
  ands r4, r7
  mov r10, r4
  lsls r7, r7, #1
  ands r3, r7
  ands r6, r7
  mov r11, r6
  quarter r0, r3, r2, r1, 0
  quarter r1, r0, r3, r2, 1
  quarter r2, r1, r0, r3, 2
  quarter r3, r2, r1, r0, 3
  mov r7, lr
  str r6, [r7, #WORK - KEY]
  adds r7, #4
  mov lr, r7
  ldr r6, [sp, #END]
  cmp r7, r6
  bne 2b
  /* The sum of the lower halves, one bit up; then those of the upper halves, backwards. */
  combine
  lsls r0, r0, #1
  str r0, [sp, #SUM]
  lsls r4, r4, #1
  str r4, [sp, #SUM + 4]
  lsls r6, r6, #1
  str r6, [sp, #SUM + 8]
  lsls r7, r7, #1
  str r7, [sp, #SUM + 12]
  lsls r1, r1, #1
  str r1, [sp, #SUM + 16]
  lsls r5, r5, #1
  str r5, [sp, #SUM + 20]
  lsls r3, r3, #1
  str r3, [sp, #SUM + 24]
  movs r0, #0
  str r0, [sp, #SUM + 28]
  ldr r7, [sp, #END]
  adds r7, #OPERANDS
  combine
  str r0, [sp, #UPPER]
  str r4, [sp, #UPPER + 4]
  str r6, [sp, #UPPER + 8]
  str r7, [sp, #UPPER + 12]
  str r1, [sp, #UPPER + 16]
  str r5, [sp, #UPPER + 20]
  str r3, [sp, #UPPER + 24]
  reverse_masks
  .irp i, 0, 4, 8, 12, 16, 20, 24
  ldr r0, [sp, #UPPER + \i]
  reverse r0, r1
  ldr r1, [sp, #SUM + 4 + \i]
  eors r0, r1
  str r0, [sp, #SUM + 4 + \i]
  .endr
  ldr r0, [sp, #SUM]
  ldr r2, [sp, #SUM + 12]
  ldr r4, [sp, #SUM + 16]
  fold r0, r4, r2
  ldr r0, [sp, #SUM + 4]
  ldr r5, [sp, #SUM + 20]
  fold r0, r5, r4
  ldr r0, [sp, #SUM + 8]
  ldr r6, [sp, #SUM + 24]
  fold r0, r6, r5
  ldr r7, [sp, #SUM + 28]
  fold r2, r7, r6
  ldr r0, [sp, #STATE]
  stm r0!, {r4-r7}
  ldr r2, [sp, #COUNT]
  subs r2, #1
  str r2, [sp, #COUNT]
  beq 3f
  b 1b
3:
  add sp, #FRAME
  return_all
  .size cpu_ghash, . - cpu_ghash
#endif
