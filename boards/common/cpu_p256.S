/*
 * cpu.* for cores with Thumb-2 (ARMv7-M and up): the field and the points of P-256, over the products of cpu_umaal256.S or cpu_umlal.S. The formulas, and why
 * no carry is lost, are in assembly/crypto/_fe256.ts and _p256.ts; this gives the same bits.
 *
 * Elements pass from one operation to the next in r4 to r11. A routine here that has no prototype in C keeps sp, and no other register.
 *
 * CT: no branch and no address depends on an element.
 */
#if __ARM_ARCH_ISA_THUMB >= 2
  .syntax unified
  .thumb
#include "cpu_p256.inc"

/* Begin a function. */
.macro function name
  .section .text.\name, "ax"
  .global \name
  .type \name, %function
  .balign 4
\name:
.endm

/* r4 to r11 = themselves plus the element at r1. Spoils r0 to r3, r12. */
  function cpu_p256_plus
  ldm r1!, {r0, r2, r3, r12}
  adds r4, r4, r0
  adcs r5, r5, r2
  adcs r6, r6, r3
  adcs r7, r7, r12
  ldm r1, {r0, r1, r2, r3}
  adcs r8, r8, r0
  adcs r9, r9, r1
  adcs r10, r10, r2
  adcs r11, r11, r3
  mov r12, #0
  adc r12, r12, #0
  settle r4, r5, r6, r7, r8, r9, r10, r11, r12
  bx lr
  .size cpu_p256_plus, . - cpu_p256_plus

/* r4 to r11 = themselves less the element at r1. Spoils r0 to r3, r12. */
  function cpu_p256_minus
  ldm r1!, {r0, r2, r3, r12}
  subs r4, r4, r0
  sbcs r5, r5, r2
  sbcs r6, r6, r3
  sbcs r7, r7, r12
  ldm r1, {r0, r1, r2, r3}
  sbcs r8, r8, r0
  sbcs r9, r9, r1
  sbcs r10, r10, r2
  sbcs r11, r11, r3
  sbc r12, r12, r12
  add_prime r4, r5, r6, r7, r8, r9, r10, r11, r12
  bx lr
  .size cpu_p256_minus, . - cpu_p256_minus

/* r4 to r11 = the element at r1 less themselves. Spoils r0 to r3, r12. */
  function cpu_p256_from
  ldm r1!, {r0, r2, r3, r12}
  subs r4, r0, r4
  sbcs r5, r2, r5
  sbcs r6, r3, r6
  sbcs r7, r12, r7
  ldm r1, {r0, r1, r2, r3}
  sbcs r8, r0, r8
  sbcs r9, r1, r9
  sbcs r10, r2, r10
  sbcs r11, r3, r11
  sbc r12, r12, r12
  add_prime r4, r5, r6, r7, r8, r9, r10, r11, r12
  bx lr
  .size cpu_p256_from, . - cpu_p256_from

/* void cpu_fe256_mul(uint32_t out[8], const uint32_t a[8], const uint32_t b[8]) */
  function cpu_fe256_mul
  push {r0, r4-r11, lr}
  bl cpu_p256_product
  pop {r0}
  stm r0, {r4-r11}
  pop {r4-r11, pc}
  .size cpu_fe256_mul, . - cpu_fe256_mul

/* void cpu_fe256_square(uint32_t out[8], const uint32_t a[8], uint32_t times) */
  function cpu_fe256_square
  push {r0, r2, r4-r11, lr}
1:
  bl cpu_p256_square
  ldrd r1, r2, [sp]
  stm r1, {r4-r11}
  subs r2, #1
  str r2, [sp, #4]
  bne 1b
  add sp, #8
  pop {r4-r11, pc}
  .size cpu_fe256_square, . - cpu_fe256_square

/* void cpu_fe256_add(uint32_t out[8], const uint32_t a[8], const uint32_t b[8]) */
  function cpu_fe256_add
  push {r0, r4-r11, lr}
  ldm r1, {r4-r11}
  mov r1, r2
  bl cpu_p256_plus
  pop {r0}
  stm r0, {r4-r11}
  pop {r4-r11, pc}
  .size cpu_fe256_add, . - cpu_fe256_add

/* void cpu_fe256_sub(uint32_t out[8], const uint32_t a[8], const uint32_t b[8]) */
  function cpu_fe256_sub
  push {r0, r4-r11, lr}
  ldm r1, {r4-r11}
  mov r1, r2
  bl cpu_p256_minus
  pop {r0}
  stm r0, {r4-r11}
  pop {r4-r11, pc}
  .size cpu_fe256_sub, . - cpu_fe256_sub

/* Add half of the number, of whose words these are two, to the lower one. Spoils r0. */
.macro add_half add, low, high
  lsr r0, \low, #1
  orr r0, r0, \high, lsl #31
  \add \low, \low, r0
.endm

/*
 * r4 to r11 = three halves of themselves, modulo p: half of the number without its lowest bit, and (p + 1) / 2 where that bit is 1. Spoils r0, r3 and r12.
 */
.macro three_halves
  sbfx r12, r4, #0, #1
  add_half adds, r4, r5
  add_half adcs, r5, r6
  add_half adcs, r6, r7
  add_half adcs, r7, r8
  add_half adcs, r8, r9
  add_half adcs, r9, r10
  add_half adcs, r10, r11
  adcs r11, r11, r11, lsr #1
  mov r3, #0
  adc r3, r3, #0
  adds r6, r6, r12, lsl #31
  adcs r7, r7, #0
  adcs r8, r8, #0
  adcs r9, r9, r12, lsl #31
  adcs r10, r10, r12, lsl #31
  adcs r11, r11, r12, lsr #1
  adc r3, r3, #0
  settle r4, r5, r6, r7, r8, r9, r10, r11, r3
.endm

/* Keep r4 to r11 in a temporary, or in an element of the point whose address is on the stack. */
.macro keep at
  add r0, sp, #\at
  stm r0, {r4-r11}
.endm
.macro store point, at
  ldr r0, [sp, #\point]
  .if \at
  adds r0, #\at
  .endif
  stm r0, {r4-r11}
.endm
/* \register = the address of an element of the point whose address is on the stack. */
.macro element register, point, at
  ldr \register, [sp, #\point]
  .if \at
  adds \register, #\at
  .endif
.endm

/*
 * void cpu_p256_double(uint32_t p[24])
 *
 * On the stack: four temporaries, and p.
 */
  .set TA, 0
  .set TB, 32
  .set TG, 64
  .set TD, 96
  .set DOUBLED, 128
  function cpu_p256_double
  push {r0, r4-r11, lr}
  sub sp, #128
  add r1, r0, #64
  bl cpu_p256_square
  keep TA
  element r1, DOUBLED, 0
  bl cpu_p256_from
  keep TD
  element r1, DOUBLED, 0
  ldm r1, {r4-r11}
  add r1, sp, #TA
  bl cpu_p256_plus
  keep TA
  element r1, DOUBLED, 32
  bl cpu_p256_square
  keep TG
  element r1, DOUBLED, 32
  add r2, r1, #32
  bl cpu_p256_product
  store DOUBLED, 64
  element r1, DOUBLED, 0
  add r2, sp, #TG
  bl cpu_p256_product
  keep TB
  add r1, sp, #TA
  add r2, sp, #TD
  bl cpu_p256_product
  three_halves
  keep TA
  add r1, sp, #TA
  bl cpu_p256_square
  add r1, sp, #TB
  bl cpu_p256_minus
  add r1, sp, #TB
  bl cpu_p256_minus
  store DOUBLED, 0
  add r1, sp, #TB
  bl cpu_p256_from
  keep TB
  add r1, sp, #TG
  bl cpu_p256_square
  keep TG
  add r1, sp, #TA
  add r2, sp, #TB
  bl cpu_p256_product
  add r1, sp, #TG
  bl cpu_p256_minus
  store DOUBLED, 32
  add sp, #132
  pop {r4-r11, pc}
  .size cpu_p256_double, . - cpu_p256_double

/*
 * void cpu_p256_differ(uint32_t p[24], const uint32_t x[8], const uint32_t y[8], uint32_t differences[16])
 *
 * On the stack: a temporary, p, x, y, and the differences.
 */
  .set BEGUN, 32
  .set XQ, 36
  .set YQ, 40
  .set APART, 44
  function cpu_p256_differ
  push {r0-r11, lr}
  sub sp, #32
  add r1, r0, #64
  bl cpu_p256_square
  keep 0
  mov r1, sp
  element r2, XQ, 0
  bl cpu_p256_product
  element r1, BEGUN, 0
  bl cpu_p256_minus
  store APART, 0
  mov r1, sp
  element r2, BEGUN, 64
  bl cpu_p256_product
  keep 0
  mov r1, sp
  element r2, YQ, 0
  bl cpu_p256_product
  element r1, BEGUN, 32
  bl cpu_p256_minus
  store APART, 32
  add sp, #48
  pop {r4-r11, pc}
  .size cpu_p256_differ, . - cpu_p256_differ

/*
 * void cpu_p256_finish(uint32_t p[24], const uint32_t differences[16])
 *
 * On the stack: two temporaries, p, and the differences.
 */
  .set TV, 32
  .set SUM, 64
  .set DIFFERENCES, 68
  function cpu_p256_finish
  push {r0, r1, r4-r11, lr}
  sub sp, #64
  add r2, r0, #64
  bl cpu_p256_product
  store SUM, 64
  element r1, DIFFERENCES, 0
  bl cpu_p256_square
  keep 0
  mov r1, sp
  element r2, SUM, 0
  bl cpu_p256_product
  keep TV
  mov r1, sp
  element r2, DIFFERENCES, 0
  bl cpu_p256_product
  keep 0
  element r1, DIFFERENCES, 32
  bl cpu_p256_square
  mov r1, sp
  bl cpu_p256_minus
  add r1, sp, #TV
  bl cpu_p256_minus
  add r1, sp, #TV
  bl cpu_p256_minus
  store SUM, 0
  add r1, sp, #TV
  bl cpu_p256_from
  keep TV
  mov r1, sp
  element r2, SUM, 32
  bl cpu_p256_product
  keep 0
  add r1, sp, #TV
  element r2, DIFFERENCES, 32
  bl cpu_p256_product
  mov r1, sp
  bl cpu_p256_minus
  store SUM, 32
  add sp, #72
  pop {r4-r11, pc}
  .size cpu_p256_finish, . - cpu_p256_finish
#endif
