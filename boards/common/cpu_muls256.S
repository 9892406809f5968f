/*
 * cpu.* for cores with Thumb-1 only (ARMv6-M: Cortex-M0, M0+): the field of P-256, over the products of cpu_muls.S. The formulas, and why no carry is lost, are
 * in assembly/crypto/_fe256.ts; this gives the same bits.
 *
 * CT: no branch and no address depends on an element; MULS takes a constant time, 1 or 32 cycles as the chip was made.
 */
#if __ARM_ARCH_ISA_THUMB == 1
  .syntax unified
  .thumb
#include "cpu_muls.inc"

/* Add to r0:r1:r2:r3 four words at sp + \m0 and so on, or subtract them, with the carry that it leaves in r5; r6 is zero. Spoils r4. */
.macro combine first, next, m0, m1, m2, m3
  ldr r4, [sp, #\m0]
  \first r0, r0, r4
  ldr r4, [sp, #\m1]
  \next r1, r4
  ldr r4, [sp, #\m2]
  \next r2, r4
  ldr r4, [sp, #\m3]
  \next r3, r4
  \next r5, r6
.endm

/*
 * Add Karatsuba's middle, then divide the whole by 2^256 modulo p, to out; it is below 2^256 p. The multiples m0 to m7 of p take the places of words 0 to 7. Each is added three,
 * six and eight words up, and subtracted seven words up; r5 counts what that carries into word 8, 12 and 16. In r12 is what the middle carries into word 12.
 */
  .section .text.cpu_fe256_mul, "ax"
  .type complete, %function
  .balign 4
complete:
  middle
  mov r12, r3
  add r0, sp, #96
  stm r0!, {r4-r7}
  add r7, sp, #64
  ldm r7!, {r0-r3}
  adds r3, r3, r0
  ldr r4, [sp, #80]
  adcs r4, r1
  ldr r5, [sp, #84]
  adcs r5, r2
  ldr r6, [sp, #88]
  adcs r6, r3
  ldr r7, [sp, #92]
  adcs r7, r4
  str r3, [sp, #76]
  str r4, [sp, #80]
  str r5, [sp, #84]
  movs r5, #0
  movs r4, #0
  adcs r5, r4
  adds r6, r6, r0
  adcs r7, r1
  adcs r5, r4
  subs r7, r7, r0
  sbcs r5, r4
  str r6, [sp, #88]
  str r7, [sp, #92]
  /* Words 8 to 11. */
  add r7, sp, #96
  ldm r7!, {r0-r3}
  asrs r4, r5, #31
  adds r0, r0, r5
  adcs r1, r4
  adcs r2, r4
  adcs r3, r4
  movs r6, #0
  movs r5, r4
  adcs r5, r6
  ldr r4, [sp, #84]
  adds r0, r0, r4
  ldr r4, [sp, #88]
  adcs r1, r4
  ldr r4, [sp, #92]
  adcs r2, r4
  adcs r3, r6
  adcs r5, r6
  combine adds, adcs, 72, 76, 80, 84
  combine subs, sbcs, 68, 72, 76, 80
  combine adds, adcs, 64, 68, 72, 76
  add r7, sp, #96
  stm r7!, {r0-r3}
  /* Words 12 to 15. */
  ldm r7!, {r0-r3}
  mov r4, r12
  adds r5, r5, r4
  asrs r4, r5, #31
  adds r0, r0, r5
  adcs r1, r4
  adcs r2, r4
  adcs r3, r4
  movs r5, r4
  adcs r5, r6
  ldr r4, [sp, #88]
  adds r0, r0, r4
  ldr r4, [sp, #92]
  adcs r1, r4
  adcs r2, r6
  adcs r3, r6
  adcs r5, r6
  ldr r4, [sp, #84]
  subs r0, r0, r4
  ldr r4, [sp, #88]
  sbcs r1, r4
  ldr r4, [sp, #92]
  sbcs r2, r4
  sbcs r3, r6
  sbcs r5, r6
  combine adds, adcs, 80, 84, 88, 92
  /* Take p away, and add it where that was too much. */
  movs r7, #0
  mvns r7, r7
  ldr r4, [sp, #96]
  subs r4, r4, r7
  str r4, [sp, #96]
  ldr r4, [sp, #100]
  sbcs r4, r7
  str r4, [sp, #100]
  ldr r4, [sp, #104]
  sbcs r4, r7
  str r4, [sp, #104]
  ldr r4, [sp, #108]
  sbcs r4, r6
  str r4, [sp, #108]
  sbcs r0, r6
  sbcs r1, r6
  movs r4, #1
  sbcs r2, r4
  sbcs r3, r7
  sbcs r5, r6
  mov r12, r3
  ldr r3, [sp, #132]
  lsrs r7, r5, #31
  ldr r4, [sp, #96]
  adds r4, r4, r5
  str r4, [r3]
  ldr r4, [sp, #100]
  adcs r4, r5
  str r4, [r3, #4]
  ldr r4, [sp, #104]
  adcs r4, r5
  str r4, [r3, #8]
  ldr r4, [sp, #108]
  adcs r4, r6
  str r4, [r3, #12]
  mov r4, r12
  adcs r0, r6
  adcs r1, r6
  adcs r2, r7
  adcs r4, r5
  adds r3, #16
  stm r3!, {r0-r2, r4}
  bx lr
  .size complete, . - complete

/* void cpu_fe256_mul(uint32_t out[8], const uint32_t a[8], const uint32_t b[8]) and cpu_fe256_square(uint32_t out[8], const uint32_t a[8], uint32_t times) */
  products cpu_fe256

/* Add or subtract the elements at r1 and r2, to r0, with the carry in the flags; r0 steps over it. Spoils r1, r2 and r4 to r7. */
.macro words first, next
  ldm r1!, {r4, r5}
  ldm r2!, {r6, r7}
  \first r4, r4, r6
  \next r5, r7
  stm r0!, {r4, r5}
  .rept 3
  ldm r1!, {r4, r5}
  ldm r2!, {r6, r7}
  \next r4, r6
  \next r5, r7
  stm r0!, {r4, r5}
  .endr
.endm

/* Add a multiple of p to the element before r0, or subtract it: \low is that of its words 0 to 2 and 7, \bit that of word 6, r2 is zero. Spoils r4 to r7. */
.macro multiple_prime first, next, low, bit
  subs r0, #32
  mov r7, r0
  ldm r0!, {r4-r6}
  \first r4, r4, \low
  \next r5, \low
  \next r6, \low
  stm r7!, {r4-r6}
  ldm r0!, {r4-r6}
  \next r4, r2
  \next r5, r2
  \next r6, r2
  stm r7!, {r4-r6}
  ldm r0!, {r4, r5}
  \next r4, \bit
  \next r5, \low
  stm r7!, {r4, r5}
.endm

/* void cpu_fe256_add(uint32_t out[8], const uint32_t a[8], const uint32_t b[8]) */
  .section .text.cpu_fe256_add, "ax"
  .global cpu_fe256_add
  .type cpu_fe256_add, %function
  .balign 4
cpu_fe256_add:
  push {r4-r7, lr}
  words adds, adcs
  movs r2, #0
  movs r3, #0
  adcs r3, r2
  mvns r1, r2
  mov r12, r3
  movs r3, #1
  multiple_prime subs, sbcs, r1, r3
  mov r3, r12
  sbcs r3, r2
  lsrs r1, r3, #31
  multiple_prime adds, adcs, r3, r1
  pop {r4-r7, pc}
  .size cpu_fe256_add, . - cpu_fe256_add

/* void cpu_fe256_sub(uint32_t out[8], const uint32_t a[8], const uint32_t b[8]) */
  .section .text.cpu_fe256_sub, "ax"
  .global cpu_fe256_sub
  .type cpu_fe256_sub, %function
  .balign 4
cpu_fe256_sub:
  push {r4-r7, lr}
  words subs, sbcs
  sbcs r3, r3
  movs r2, #0
  lsrs r1, r3, #31
  multiple_prime adds, adcs, r3, r1
  pop {r4-r7, pc}
  .size cpu_fe256_sub, . - cpu_fe256_sub

/* Shift r4 to r7 down by a bit. \above is the new highest bit, r1 becomes the lowest one, as a highest bit. Spoils r2. */
.macro shift_down above
  lsls r1, r4, #31
  lsrs r4, r4, #1
  lsls r2, r5, #31
  orrs r4, r2
  lsrs r5, r5, #1
  lsls r2, r6, #31
  orrs r5, r2
  lsrs r6, r6, #1
  lsls r2, r7, #31
  orrs r6, r2
  lsrs r7, r7, #1
  orrs r7, \above
.endm

/* void cpu_fe256_half(uint32_t out[8], const uint32_t a[8]) */
  .section .text.cpu_fe256_half, "ax"
  .global cpu_fe256_half
  .type cpu_fe256_half, %function
  .balign 4
cpu_fe256_half:
  push {r4-r7, lr}
  ldr r2, [r1]
  lsls r2, r2, #31
  asrs r2, r2, #31
  lsrs r3, r2, #31
  mov r12, r3
  movs r3, #0
  ldm r1!, {r4-r7}
  adds r4, r4, r2
  adcs r5, r2
  adcs r6, r2
  adcs r7, r3
  stm r0!, {r4-r7}
  ldm r1!, {r4-r7}
  adcs r4, r3
  adcs r5, r3
  mov r3, r12
  adcs r6, r3
  adcs r7, r2
  movs r3, #0
  adcs r3, r3
  lsls r3, r3, #31
  shift_down r3
  stm r0!, {r4-r7}
  subs r0, #32
  movs r3, r0
  ldm r0!, {r4-r7}
  movs r0, r1
  shift_down r0
  stm r3!, {r4-r7}
  pop {r4-r7, pc}
  .size cpu_fe256_half, . - cpu_fe256_half
#endif
