/*
 * cpu.* for cores with Thumb-2 (ARMv7-M and up): the parts of an inversion by steps of division. The formulas and their bounds are in
 * assembly/crypto/_inverse.ts; this gives the same bits.
 *
 * CT: no branch and no address depends on a number. MLA and MLS take a constant time on these cores. The time of SMULL and SMLAL depends on the operands
 * on a Cortex-M3: there the numbers are blinded before they are inverted.
 */
#if __ARM_ARCH_ISA_THUMB >= 2
  .syntax unified
  .thumb

/*
 * uint32_t cpu_inverse_steps(uint32_t matrix[4], uint32_t zeta, uint32_t f, uint32_t g)
 *
 * Only v and r of the matrix take the steps, in r4 and r5. As 2^30 f' = u f + v g, and f is odd, u = (2^30 f' - v g) / f modulo 2^32; q is the same of g'.
 */
  .section .text.cpu_inverse_steps, "ax"
  .global cpu_inverse_steps
  .type cpu_inverse_steps, %function
  .balign 4
cpu_inverse_steps:
  push {r4-r10, lr}
  mov r4, #0
  mov r5, #1
  mov r9, r2
  mov r10, r3
  mov r12, #6
1:
  .rept 5
  /* r6 is -1 where g is odd, r7 where f and g are exchanged as well; r8 is 0, 1 or -1. */
  sbfx r6, r3, #0, #1
  and r7, r6, r1, asr #31
  rsb r8, r6, r7, lsl #1
  mla r3, r2, r8, r3
  mla r5, r4, r8, r5
  mls r2, r3, r7, r2
  mls r4, r5, r7, r4
  asr r3, r3, #1
  lsl r4, r4, #1
  eor r1, r1, r7
  sub r1, r1, #1
  .endr
  subs r12, #1
  bne 1b
  /* 1 / f by Newton's method: 5, 10, 20 and 40 bits of it. */
  add r6, r9, r9, lsl #1
  eor r6, r6, #2
  mov r7, #2
  .rept 3
  mls r8, r9, r6, r7
  mul r6, r6, r8
  .endr
  lsl r2, r2, #30
  lsl r3, r3, #30
  mls r2, r4, r10, r2
  mls r3, r5, r10, r3
  mul r2, r2, r6
  mul r3, r3, r6
  strd r2, r4, [r0]
  strd r3, r5, [r0, #8]
  mov r0, r1
  pop {r4-r10, pc}
  .size cpu_inverse_steps, . - cpu_inverse_steps

/* Shift two sums down by the 30 bits of a limb. */
.macro shift_down
  lsr r9, r9, #30
  orr r9, r9, r10, lsl #2
  asr r10, r10, #30
  lsr r11, r11, #30
  orr r11, r11, r12, lsl #2
  asr r12, r12, #30
.endm

/*
 * void cpu_inverse_apply(const uint32_t *w, uint32_t *x, uint32_t *y, uint32_t bytes, uint32_t inverse)
 *
 * The last limb of x is `bytes` above the first, a multiple of 16. u, v, q and r are in r3 to r6, the multiples of m in r7 and r8, the sums in r9:r10 and r11:r12.
 */
  .section .text.cpu_inverse_apply, "ax"
  .global cpu_inverse_apply
  .type cpu_inverse_apply, %function
  .balign 4
cpu_inverse_apply:
  push {r4-r11, lr}
  ldr lr, [sp, #36]
  ldr r10, [r1, r3]
  ldr r11, [r2, r3]
  add r3, r3, r1
  push {r3, lr}
  sbfx lr, lr, #0, #1
  and r10, lr, r10, asr #31
  and r11, lr, r11, asr #31
  ldm r0!, {r3-r6}
  and r7, r3, r10
  and r9, r4, r11
  add r7, r7, r9
  and r8, r5, r10
  and r9, r6, r11
  add r8, r8, r9
  ldr lr, [r1]
  smull r9, r10, r3, lr
  smull r11, r12, r5, lr
  ldr lr, [r2]
  smlal r9, r10, r4, lr
  smlal r11, r12, r6, lr
  ldr lr, [sp, #4]
  mla lr, lr, r9, r7
  bic lr, lr, #0xc0000000
  sub r7, r7, lr
  ldr lr, [sp, #4]
  mla lr, lr, r11, r8
  bic lr, lr, #0xc0000000
  sub r8, r8, lr
  ldr lr, [r0], #4
  smlal r9, r10, r7, lr
  smlal r11, r12, r8, lr
  shift_down
1:
  .rept 4
  ldr lr, [r1, #4]
  smlal r9, r10, r3, lr
  smlal r11, r12, r5, lr
  ldr lr, [r2, #4]
  smlal r9, r10, r4, lr
  smlal r11, r12, r6, lr
  ldr lr, [r0], #4
  smlal r9, r10, r7, lr
  smlal r11, r12, r8, lr
  bic lr, r9, #0xc0000000
  str lr, [r1], #4
  bic lr, r11, #0xc0000000
  str lr, [r2], #4
  shift_down
  .endr
  ldr lr, [sp]
  cmp r1, lr
  bne 1b
  str r9, [r1]
  str r11, [r2]
  add sp, #8
  pop {r4-r11, pc}
  .size cpu_inverse_apply, . - cpu_inverse_apply
#endif
