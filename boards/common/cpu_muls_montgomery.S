/*
 * cpu.montgomeryRow for cores with Thumb-1 only (ARMv6-M: Cortex-M0, M0+): `_montgomery.row`, over 16-bit halves. The bounds are in
 * assembly/crypto/_montgomery.ts; this gives the same bits.
 *
 * CT: no branch and no address depends on an element; MULS takes a constant time, 1 or 32 cycles as the chip was made.
 */
#if __ARM_ARCH_ISA_THUMB == 1
  .syntax unified
  .thumb
#include "cpu_thumb1.inc"

/* The frame: the end of out, then the saved registers, then the arguments that are on the stack. */
#define END     0
#define INVERSE 40
#define BYTES   44
#define TOP     48

/* r0:r4 = the word whose halves are in \lower and \upper, times r1. Spoils r1 to r3. */
.macro multiply lower, upper
  mov r0, \upper
  mov r3, \lower
  uxth r2, r1
  lsrs r1, r1, #16
  movs r4, r3
  muls r4, r2
  muls r3, r1
  muls r2, r0
  muls r0, r1
  lsls r1, r3, #16
  lsrs r3, r3, #16
  adds r4, r4, r1
  adcs r0, r3
  lsls r1, r2, #16
  lsrs r2, r2, #16
  adds r4, r4, r1
  adcs r0, r2
.endm

/* r0:r4 = themselves plus the word at r7. Spoils r1; r2 becomes zero. */
.macro plus_out
  ldr r1, [r7]
  movs r2, #0
  adds r4, r4, r1
  adcs r0, r2
.endm

/* Split \x into halves in \lower and \upper. Spoils r2. */
.macro split lower, upper, x
  uxth r2, \x
  mov \lower, r2
  lsrs r2, \x, #16
  mov \upper, r2
.endm

/*
 * uint32_t cpu_montgomery_row(uint32_t *out, uint32_t word, const uint32_t *b, const uint32_t *m, uint32_t inverse, uint32_t bytes,
 *                             uint32_t top)
 *
 * r7 is the place in out, r8 and r9 the distances from there to those in b and m. The halves of the word are in r10 and r11, those of the multiple of m in r12 and lr.
 * r5 and r6 are the carries of both products.
 */
  .section .text.cpu_montgomery_row, "ax"
  .global cpu_montgomery_row
  .type cpu_montgomery_row, %function
  .balign 4
cpu_montgomery_row:
  save_all
  sub sp, #4
  mov r7, r0
  ldr r4, [sp, #BYTES]
  adds r4, r4, r0
  str r4, [sp, #END]
  mov r5, r2
  subs r2, r2, r0
  mov r8, r2
  subs r3, r3, r0
  mov r9, r3
  split r10, r11, r1
  ldr r1, [r5]
  multiply r10, r11
  plus_out
  mov r5, r0
  mov r6, r4
  ldr r1, [sp, #INVERSE]
  muls r1, r4
  split r12, lr, r1
  mov r1, r9
  ldr r1, [r7, r1]
  multiply r12, lr
  movs r2, #0
  adds r4, r4, r6
  adcs r0, r2
  mov r6, r0
  adds r7, #4
1:
  mov r1, r8
  ldr r1, [r7, r1]
  multiply r10, r11
  plus_out
  adds r4, r4, r5
  adcs r0, r2
  mov r5, r0
  str r4, [r7]
  mov r1, r9
  ldr r1, [r7, r1]
  multiply r12, lr
  plus_out
  adds r4, r4, r6
  adcs r0, r2
  mov r6, r0
  subs r1, r7, #4
  str r4, [r1]
  adds r7, #4
  ldr r1, [sp, #END]
  cmp r7, r1
  bne 1b
  ldr r1, [sp, #TOP]
  movs r0, #0
  adds r5, r5, r6
  adcs r0, r0
  movs r2, #0
  adds r5, r5, r1
  adcs r0, r2
  subs r7, #4
  str r5, [r7]
  add sp, #4
  return_all
  .size cpu_montgomery_row, . - cpu_montgomery_row
#endif
