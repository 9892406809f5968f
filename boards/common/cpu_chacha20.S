/*
 * cpu.chacha20 for cores with Thumb-2 (ARMv7-M and up): `_chacha20.xorBlocks`.
 *
 * A quarter round is eight instructions: rotations are left to the barrel shifter of the next use. Between quarter rounds
 * words of row b wait for a rotation by 25 and words of row d for one by 24.
 *
 * CT: no branch and no address depends on key, nonce or data.
 */
#if __ARM_ARCH_ISA_THUMB >= 2
  .syntax unified
  .thumb

.macro quarter a, b, c, d
  add \a, \a, \b, ror #25
  eor \d, \a, \d, ror #24
  add \c, \c, \d, ror #16
  eor \b, \c, \b, ror #25
  add \a, \a, \b, ror #20
  eor \d, \a, \d, ror #16
  add \c, \c, \d, ror #24
  eor \b, \c, \b, ror #20
.endm

/* Add four words of the state to four of the work at r12, and exclusive-or them from r1 to r0, aligned or not. */
.macro row rotation:vararg
  ldm r12!, {r4-r7}
  ldm r3!, {r8-r11}
  add r8, r8, r4 \rotation
  add r9, r9, r5 \rotation
  add r10, r10, r6 \rotation
  add r11, r11, r7 \rotation
  ldr r4, [r1], #4
  ldr r5, [r1], #4
  ldr r6, [r1], #4
  ldr r7, [r1], #4
  eor r4, r4, r8
  eor r5, r5, r9
  eor r6, r6, r10
  eor r7, r7, r11
  str r4, [r0], #4
  str r5, [r0], #4
  str r6, [r0], #4
  str r7, [r0], #4
.endm

  /* The frame: rounds left, the work, and the arguments. */
  .equ ROUNDS, 0
  .equ WORK, 8
  .equ C0, WORK + 32
  .equ C2, WORK + 40
  .equ ARGUMENTS, 72
  .equ FRAME, 88

/* void cpu_chacha20(uint8_t *out, const uint8_t *text, uint32_t blocks, uint32_t state[16]), blocks > 0 */
  .section .text.cpu_chacha20, "ax"
  .global cpu_chacha20
  .type cpu_chacha20, %function
  .balign 4
cpu_chacha20:
  push {r4-r11, lr}
  sub sp, #FRAME
  add r12, sp, #ARGUMENTS
  stm r12, {r0-r3}
.Lblock:
  /* Rows a, b and d live in r0 to r11; row c has two registers, r12 and lr, and the stack. */
  mov r12, #10
  str r12, [sp, #ROUNDS]
  add r12, r3, #32
  ldm r12, {r4-r11}
  add r12, sp, #C0
  stm r12, {r4-r7}
  ldm r3, {r0-r7}
  ldrd r12, lr, [sp, #C0]
  ror r4, r4, #7
  ror r5, r5, #7
  ror r6, r6, #7
  ror r7, r7, #7
  ror r8, r8, #8
  ror r9, r9, #8
  ror r10, r10, #8
  ror r11, r11, #8
.Lrounds:
  quarter r0, r4, r12, r8
  quarter r1, r5, lr, r9
  strd r12, lr, [sp, #C0]
  ldrd r12, lr, [sp, #C2]
  quarter r2, r6, r12, r10
  quarter r3, r7, lr, r11
  quarter r0, r5, r12, r11
  quarter r1, r6, lr, r8
  strd r12, lr, [sp, #C2]
  ldr r12, [sp, #ROUNDS]
  subs r12, r12, #1
  str r12, [sp, #ROUNDS]
  ldrd r12, lr, [sp, #C0]
  quarter r2, r7, r12, r9
  quarter r3, r4, lr, r10
  bne .Lrounds

  strd r12, lr, [sp, #C0]
  add r12, sp, #WORK
  stm r12, {r0-r7}
  add r12, sp, #WORK + 48
  stm r12, {r8-r11}
  add r12, sp, #ARGUMENTS
  ldm r12, {r0-r3}
  add r12, sp, #WORK
  row
  row , ror #25
  row
  row , ror #24
  ldr r4, [r3, #-16]
  add r4, r4, #1
  str r4, [r3, #-16]
  sub r3, r3, #64
  add r12, sp, #ARGUMENTS
  subs r2, r2, #1
  stm r12, {r0-r3}
  bne .Lblock
  add sp, #FRAME
  pop {r4-r11, pc}
  .size cpu_chacha20, . - cpu_chacha20
#endif
