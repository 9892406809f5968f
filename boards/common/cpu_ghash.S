/*
 * cpu.ghash for cores with Thumb-2 (ARMv7-M and up): `_ghash.absorbBlocks`. Only lower halves of products are used, since
 * UMULL takes a variable time on a Cortex-M3.
 *
 * CT: no branch and no address depends on a key or a sum; MUL takes a constant time on these cores.
 */
#if __ARM_ARCH_ISA_THUMB >= 2
  .syntax unified
  .thumb

/* The offsets of a state: the operands of the key, and those of the sum, which begin with the ones that are forwards. */
#define KEY      16
#define WORK     88
#define OPERANDS 36

/* Split \x into \x0 to \x3, each of which has every fourth bit; \x3 may be \x. */
.macro split x0, x1, x2, x3, x
  and \x0, \x, #0x11111111
  and \x1, \x, #0x22222222
  and \x2, \x, #0x44444444
  and \x3, \x, #0x88888888
.endm

/*
 * \out = those bits of the product of r1, r2, r3, r4 and the four given that \mask has; spoils r9 and r10. Two products are added, not exclusive-or'ed: see
 * _ghash.ts.
 */
.macro quarter out, y0, y1, y2, y3, mask
  mul r9, r1, \y0
  mul r10, r2, \y1
  mla r9, r3, \y2, r9
  mla r10, r4, \y3, r10
  eor r9, r9, r10
  and \out, r9, \mask
.endm

/* From nine products at \at, or their upper halves, the words c0 to c6 of what they add up to, in r1, r5, r7, r9, r8, r6, r4. Spoils r10. */
.macro combine at
  ldm \at, {r1-r9}
  eor r10, r2, r3
  eor r9, r9, r7
  eor r9, r9, r8
  eor r7, r7, r10
  eor r7, r7, r1
  eor r8, r8, r10
  eor r8, r8, r4
  eor r5, r5, r1
  eor r5, r5, r2
  eor r6, r6, r3
  eor r6, r6, r4
  eor r9, r9, r5
  eor r9, r9, r6
.endm

/* Reduce the word \x: x^128 is x^7 + x^2 + x + 1, so it goes to \above, four words up, and what falls off there to \below. */
.macro fold x, above, below
  eor \above, \above, \x
  eor \above, \above, \x, lsr #1
  eor \above, \above, \x, lsr #2
  eor \above, \above, \x, lsr #7
  eor \below, \below, \x, lsl #31
  eor \below, \below, \x, lsl #30
  eor \below, \below, \x, lsl #25
.endm

/* void cpu_ghash(uint32_t state[40], const uint8_t *data, uint32_t blocks) */
  .section .text.cpu_ghash, "ax"
  .global cpu_ghash
  .type cpu_ghash, %function
  .balign 4
cpu_ghash:
  push {r0-r2, r4-r11, lr}
1:
  /* Add a block, big-endian, which need not be aligned. */
  ldr r8, [r1]
  ldr r7, [r1, #4]
  ldr r6, [r1, #8]
  ldr r5, [r1, #12]
  add r1, #16
  str r1, [sp, #4]
  ldm r0, {r1-r4}
  rev r5, r5
  rev r6, r6
  rev r7, r7
  rev r8, r8
  eor r1, r1, r5
  eor r2, r2, r6
  eor r3, r3, r7
  eor r4, r4, r8
  /* The operands of the sum, forwards and backwards. */
  eor r5, r1, r2
  eor r6, r3, r4
  eor r7, r1, r3
  eor r8, r2, r4
  eor r9, r5, r6
  add r0, #WORK
  add r10, r0, #OPERANDS
  add r12, r10, #OPERANDS
  stm r0, {r1-r9}
  rbit r1, r1
  rbit r2, r2
  rbit r3, r3
  rbit r4, r4
  rbit r5, r5
  rbit r6, r6
  rbit r7, r7
  rbit r8, r8
  rbit r9, r9
  stm r10, {r1-r9}
  /* Each times that of the key. */
2:
  ldr r8, [r0, #KEY - WORK]
  ldr r4, [r0]
  split r5, r6, r7, r8, r8
  split r1, r2, r3, r4, r4
  quarter r11, r5, r8, r7, r6, #0x11111111
  quarter r9, r6, r5, r8, r7, #0x22222222
  orr r11, r11, r9
  quarter r9, r7, r6, r5, r8, #0x44444444
  orr r11, r11, r9
  quarter r9, r8, r7, r6, r5, #0x88888888
  orr r11, r11, r9
  str r11, [r0], #4
  cmp r0, r12
  bne 2b
  /* Words 0 to 6 of the lower halves, then words 1 to 7 of the upper ones: q1, q2, q3, q4, q5, q6, q7. */
  sub r0, #2 * OPERANDS
  combine r0
  add r10, r0, #OPERANDS
  stm r0, {r1, r4-r9}
  combine r10
  rbit r1, r1
  rbit r5, r5
  rbit r7, r7
  rbit r9, r9
  rbit r8, r8
  rbit r6, r6
  rbit r4, r4
  ldm r0, {r0, r2, r3, r10-r12, lr}
  lsl r0, r0, #1
  eor r1, r1, r3, lsl #1
  eor r5, r5, r11, lsl #1
  eor r7, r7, lr, lsl #1
  eor r9, r9, r12, lsl #1
  eor r8, r8, r10, lsl #1
  eor r6, r6, r2, lsl #1
  fold r0, r9, r7
  fold r1, r8, r9
  fold r5, r6, r8
  fold r7, r4, r6
  ldm sp, {r0-r2}
  strd r9, r8, [r0]
  strd r6, r4, [r0, #8]
  subs r2, #1
  str r2, [sp, #8]
  bne 1b
  add sp, #12
  pop {r4-r11, pc}
  .size cpu_ghash, . - cpu_ghash
#endif
