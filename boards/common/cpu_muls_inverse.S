/*
 * cpu.* for cores with Thumb-1 only (ARMv6-M: Cortex-M0, M0+): the parts of an inversion by steps of division. The formulas and their bounds are in
 * assembly/crypto/_inverse.ts; this gives the same bits.
 *
 * CT: no branch and no address depends on a number; MULS takes a constant time, 1 or 32 cycles as the chip was made.
 */
#if __ARM_ARCH_ISA_THUMB == 1
  .syntax unified
  .thumb
#include "cpu_thumb1.inc"

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
  push {r0, r2-r7, lr}
  movs r4, #0
  movs r5, #1
  movs r0, #10
1:
  mov r12, r0
  .rept 3
  /* r7 is -1 where f and g are exchanged; r6 is -1 where g is odd, and then 0, 1 or -1. */
  lsls r6, r3, #31
  asrs r6, r6, #31
  asrs r7, r1, #31
  ands r7, r6
  lsls r0, r7, #1
  subs r6, r0, r6
  movs r0, r2
  muls r0, r6
  adds r3, r3, r0
  muls r6, r4
  adds r5, r5, r6
  movs r0, r3
  ands r0, r7
  adds r2, r2, r0
  movs r0, r5
  ands r0, r7
  adds r4, r4, r0
  asrs r3, r3, #1
  lsls r4, r4, #1
  eors r1, r7
  subs r1, #1
  .endr
  mov r0, r12
  subs r0, #1
  bne 1b
  /* 1 / f by Newton's method: 5, 10, 20 and 40 bits of it. */
  ldr r6, [sp, #4]
  lsls r7, r6, #1
  adds r7, r7, r6
  movs r0, #2
  eors r7, r0
  .rept 3
  movs r0, r7
  muls r0, r6
  negs r0, r0
  adds r0, #2
  muls r7, r0
  .endr
  ldr r6, [sp, #8]
  movs r0, r4
  muls r0, r6
  lsls r2, r2, #30
  subs r2, r2, r0
  muls r2, r7
  muls r6, r5
  lsls r3, r3, #30
  subs r3, r3, r6
  muls r3, r7
  ldr r0, [sp]
  stm r0!, {r2, r4}
  stm r0!, {r3, r5}
  mov r0, r1
  add sp, #12
  pop {r4-r7, pc}
  .size cpu_inverse_steps, . - cpu_inverse_steps

/*
 * The frame: of each row of the matrix its two numbers and the multiple of m, in halves, then the sum of two words and what is subtracted from the last limb;
 * then the first limb less one, the last limb, and `inverse`.
 *
 * Products are of numbers without signs: 2^30 is added to the numbers of a row, and 2^31 to the multiple. The sum is then too large by 2^30 times
 * x + y + 2m of this limb, which is subtracted after the shift. Of a last limb only 30 bits are multiplied: where it is negative, u or v is subtracted from the last limb of the result.
 */
  .equ SUM, 24
  .equ EXCESS, 32
  .equ ROW, 36
  .equ BEGIN, 2 * ROW
  .equ END, BEGIN + 4
  .equ INVERSE, BEGIN + 8
  .equ FRAME, BEGIN + 12
  /* The fifth argument lies above the nine words that `save_all` pushed. */
  .equ ARGUMENT, FRAME + 36

/* Add to r6:r5 the number at r7 + \at times r4 = r3 + 2^16 r4. Spoils r0 to r3. Bounds: of numbers to 2^31 and 30 bits the middle products keep to 32 bits in all, unless \long. */
.macro multiply at, long=0
  uxth r3, r4
  lsrs r4, r4, #16
  ldr r0, [r7, #\at]
  movs r1, r0
  ldr r2, [r7, #\at + 4]
  muls r0, r3
  muls r1, r4
  muls r3, r2
  muls r2, r4
  adds r5, r5, r0
  adcs r6, r2
  .if \long
  lsls r0, r3, #16
  lsrs r3, r3, #16
  adds r5, r5, r0
  adcs r6, r3
  .else
  adds r1, r1, r3
  .endif
  lsls r0, r1, #16
  lsrs r1, r1, #16
  adds r5, r5, r0
  adcs r6, r1
.endm

/* Store r5 in halves at r7, which steps over them. Spoils r4. */
.macro halves
  uxth r4, r5
  lsrs r5, r5, #16
  stm r7!, {r4, r5}
.endm

  .section .text.cpu_inverse_apply, "ax"

/*
 * Add the products of the row at r7 and one limb to its sum, take a limb off, in r0, and subtract r11. x and y are 4 above r8 and r9, m is at r10. Spoils r1 to r6.
 */
  .type sum, %function
  .balign 4
sum:
  ldr r5, [r7, #SUM]
  ldr r6, [r7, #SUM + 4]
  mov r4, r8
  ldr r4, [r4, #4]
  multiply 0
  mov r4, r9
  ldr r4, [r4, #4]
  multiply 8
  ldr r0, [sp, #INVERSE]
  cmp r0, #0
  beq 1f
  mov r4, r10
  ldr r4, [r4]
  multiply 16, 1
1:
  lsls r0, r5, #2
  lsrs r0, r0, #2
  lsrs r5, r5, #30
  lsls r1, r6, #2
  orrs r5, r1
  asrs r6, r6, #30
  mov r1, r11
  movs r2, #0
  subs r5, r5, r1
  sbcs r6, r2
  str r5, [r7, #SUM]
  str r6, [r7, #SUM + 4]
  bx lr
  .size sum, . - sum

/* r3 = the sign of the last limb at r5 as a mask; 30 bits of the limb stay. Spoils r4. */
.macro take_sign
  ldr r4, [r5]
  asrs r3, r4, #31
  lsls r4, r4, #2
  lsrs r4, r4, #2
  str r4, [r5]
.endm

/*
 * void cpu_inverse_apply(const uint32_t *w, uint32_t *x, uint32_t *y, uint32_t bytes, uint32_t inverse)
 *
 * The last limb of x is `bytes` above the first.
 */
  .global cpu_inverse_apply
  .type cpu_inverse_apply, %function
  .balign 4
cpu_inverse_apply:
  save_all
  sub sp, #FRAME
  ldr r4, [sp, #ARGUMENT]
  str r4, [sp, #INVERSE]
  ldr r4, [r1]
  mov r10, r4
  ldr r4, [r2]
  mov r11, r4
  movs r6, r3
  adds r5, r1, r6
  str r5, [sp, #END]
  take_sign
  mov r8, r3
  adds r5, r2, r6
  take_sign
  mov r9, r3
  subs r1, #4
  str r1, [sp, #BEGIN]
  subs r2, #4
  mov r12, r2
  mov r7, sp
  add r6, sp, #BEGIN
1:
  ldm r0!, {r1, r2}
  mov r3, r8
  ands r3, r1
  mov r4, r9
  ands r4, r2
  adds r3, r3, r4
  str r3, [r7, #EXCESS]
  mov r4, r10
  muls r4, r1
  mov r5, r11
  muls r5, r2
  adds r4, r4, r5
  ldr r5, [sp, #INVERSE]
  muls r4, r5
  adds r4, r4, r3
  lsls r4, r4, #2
  lsrs r4, r4, #2
  subs r3, r3, r4
  movs r4, #1
  lsls r4, r4, #30
  adds r5, r1, r4
  adds r2, r2, r4
  adds r3, r3, r4
  adds r3, r3, r4
  halves
  movs r5, r2
  halves
  movs r5, r3
  halves
  movs r4, #0
  movs r5, #0
  stm r7!, {r4, r5}
  adds r7, #4
  cmp r7, r6
  bne 1b
  mov r10, r0
  mov r9, r12
  ldr r1, [sp, #BEGIN]
2:
  mov r8, r1
  ldr r0, [r1, #4]
  mov r2, r9
  ldr r2, [r2, #4]
  adds r0, r0, r2
  ldr r2, [sp, #INVERSE]
  cmp r2, #0
  beq 3f
  mov r2, r10
  ldr r2, [r2]
  lsls r2, r2, #1
  adds r0, r0, r2
3:
  mov r11, r0
  mov r7, sp
  bl sum
  mov r12, r0
  adds r7, #ROW
  bl sum
  mov r1, r8
  mov r2, r9
  ldr r3, [sp, #BEGIN]
  cmp r1, r3
  beq 4f
  mov r3, r12
  str r3, [r1]
  str r0, [r2]
4:
  adds r1, #4
  adds r2, #4
  mov r9, r2
  mov r3, r10
  adds r3, #4
  mov r10, r3
  ldr r0, [sp, #END]
  cmp r1, r0
  bne 2b
  ldr r3, [sp, #SUM]
  ldr r4, [sp, #EXCESS]
  subs r3, r3, r4
  str r3, [r1]
  ldr r3, [r7, #SUM]
  ldr r4, [r7, #EXCESS]
  subs r3, r3, r4
  str r3, [r2]
  add sp, #FRAME
  return_all
  .size cpu_inverse_apply, . - cpu_inverse_apply
#endif
