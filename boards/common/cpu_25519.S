/*
 * cpu.* for cores with the DSP extension (Cortex-M4, M7, M33): the ladder of X25519 and the points of edwards25519, one call for each, over the field of
 * cpu_umaal.S. The formulas are in assembly/crypto/x25519.ts and _ge25519.ts; this gives the same bits.
 *
 * Elements pass from one operation to the next in r4 to r11.
 *
 * CT: no branch and no address depends on an element or on a bit of the scalar. How points are added is public.
 */
#ifdef __ARM_FEATURE_DSP
  .syntax unified
  .thumb
#include "comb.h"
#include "cpu_umaal.inc"

/* Keep r4 to r11 in a temporary, or take them from one. */
.macro keep at
  .if \at
  add r0, sp, #\at
  stm r0, {r4-r11}
  .else
  stm sp, {r4-r11}
  .endif
.endm
.macro take at
  .if \at
  add r0, sp, #\at
  ldm r0, {r4-r11}
  .else
  ldm sp, {r4-r11}
  .endif
.endm

/* \register = the address of an element of the point whose address is on the stack. */
.macro element register, point, at
  ldr \register, [sp, #\point]
  .if \at
  add \register, #\at
  .endif
.endm
.macro store point, at
  element r0, \point, \at
  stm r0, {r4-r11}
.endm

/* r4 to r11 = themselves, or a temporary, times a temporary. */
.macro times at
  add r1, sp, #\at
  bl cpu_25519_product
.endm
/* r4 to r11 = the square of a temporary. */
.macro squared at
  add r5, sp, #\at
  bl cpu_25519_square
.endm
/* A temporary = another plus r4 to r11, and r4 to r11 = the other less themselves. */
.macro sums out, at
  add r0, sp, #\out
  add r1, sp, #\at
  bl cpu_25519_sums
.endm

/*
 * void cpu_ladder(uint32_t w[6 * 8])
 *
 * At w: x1, then A, B, C, D, which become those after all steps, C and D but on the stack, then the scalar.
 * On the stack: A to D, four temporaries, the bits of the scalar, each with the one above it added, the number of the step's bit, and w.
 */
  .set LA, 0
  .set LB, 32
  .set LC, 64
  .set LD, 96
  .set LT, 128
  .set LV, 160
  .set LSUM, 192
  .set LDIFF, 224
  .set LBITS, 256
  .set LBIT, 288
  .set LW, 296
  function cpu_ladder
  push {r0, r4-r11, lr}
  sub sp, #LW
  add r1, r0, #160
  ldm r1, {r4-r11}
  eor r4, r4, r4, lsr #1
  eor r4, r4, r5, lsl #31
  eor r5, r5, r5, lsr #1
  eor r5, r5, r6, lsl #31
  eor r6, r6, r6, lsr #1
  eor r6, r6, r7, lsl #31
  eor r7, r7, r7, lsr #1
  eor r7, r7, r8, lsl #31
  eor r8, r8, r8, lsr #1
  eor r8, r8, r9, lsl #31
  eor r9, r9, r9, lsr #1
  eor r9, r9, r10, lsl #31
  eor r10, r10, r10, lsr #1
  eor r10, r10, r11, lsl #31
  eor r11, r11, r11, lsr #1
  add r1, sp, #LBITS
  stm r1, {r4-r11}
  add r1, r0, #32
  mov r2, sp
  .rept 4
  ldm r1!, {r4-r11}
  stm r2!, {r4-r11}
  .endr
  mov r0, #254
1:
  str r0, [sp, #LBIT]
  /* DA and CB, their sum and difference. D is in r4 to r11. */
  times LA
  keep LT
  take LC
  times LB
  sums LSUM, LT
  keep LDIFF
  /* A and B, or C and D if the bit differs from the one above it: the point that is doubled. */
  ldr r2, [sp, #LBIT]
  add r0, sp, #LBITS
  lsr r1, r2, #5
  ldr r1, [r0, r1, lsl #2]
  and r2, r2, #31
  lsr r1, r1, r2
  sbfx r1, r1, #0, #1
  uadd8 r1, r1, r1
  mov r0, sp
  add r1, sp, #LC
  add r2, sp, #LT
  .rept 4
  ldm r0!, {r4-r7}
  ldm r1!, {r8-r11}
  sel r4, r8, r4
  sel r5, r9, r5
  sel r6, r10, r6
  sel r7, r11, r7
  stm r2!, {r4-r7}
  .endr
  /* AA, BB, x2, E, z2, and the next A and B. */
  squared LT
  keep LT
  squared LV
  keep LV
  times LT
  keep LD
  take LV
  add r1, sp, #LT
  bl cpu_25519_from
  add r0, sp, #LV
  movw r2, #(121665 & 0xffff)
  movt r2, #(121665 >> 16)
  bl cpu_25519_scale
  times LV
  sums LA, LD
  keep LB
  /* x3, z3, and the next C and D. */
  squared LSUM
  keep LT
  squared LDIFF
  ldr r1, [sp, #LW]
  bl cpu_25519_product
  sums LC, LT
  keep LD
  ldr r0, [sp, #LBIT]
  subs r0, #1
  bcs 1b
  ldr r0, [sp, #LW]
  add r0, #32
  mov r1, sp
  .rept 2
  ldm r1!, {r4-r11}
  stm r0!, {r4-r11}
  .endr
  add sp, #(LW + 4)
  pop {r4-r11, pc}
  .size cpu_ladder, . - cpu_ladder

/* void cpu_comb_row(uint32_t out[24], const uint32_t *row): the parts of a row are COMB_ROWS elements apart. */
  function cpu_comb_row
  push {r4-r11}
  .rept 3
  ldm r1, {r4-r11}
  stm r0!, {r4-r11}
  add r1, #(32 * COMB_ROWS)
  .endr
  pop {r4-r11}
  bx lr
  .size cpu_comb_row, . - cpu_comb_row

/*
 * void cpu_ge_double(uint32_t p[32], uint32_t wanted)
 *
 * On the stack: E, H, G, F, p, and whether T is wanted. The names of temporaries are those of add-2008-hwcd; e is E's place, and F's is that of X^2 before.
 */
  .set DE, 0
  .set DH, 32
  .set DG, 64
  .set DF, 96
  .set DP, 128
  .set DWANTED, 132
  function cpu_ge_double
  push {r0, r1, r4-r11, lr}
  sub sp, #DP
  ldm r0, {r4-r11}
  add r1, r0, #32
  mov r0, sp
  mov r2, #1
  bl cpu_25519_scale
  squared DE
  keep DE
  element r5, DP, 0
  bl cpu_25519_square
  keep DF
  element r5, DP, 32
  bl cpu_25519_square
  sums DH, DF
  keep DG
  times DH
  store DP, 32
  element r5, DP, 64
  bl cpu_25519_square
  add r0, sp, #DF
  add r1, sp, #DG
  mov r2, #2
  bl cpu_25519_scale
  take DE
  add r1, sp, #DH
  bl cpu_25519_from
  keep DE
  times DF
  store DP, 0
  ldr r0, [sp, #DWANTED]
  cmp r0, #0
  beq 1f
  take DE
  times DH
  store DP, 96
1:
  take DG
  times DF
  store DP, 64
  add sp, #(DP + 8)
  pop {r4-r11, pc}
  .size cpu_ge_double, . - cpu_ge_double

/*
 * void cpu_ge_add(uint32_t p[32], const uint32_t *q, uint32_t how)
 *
 * How: 1 if q has a Z, 2 if T is wanted, 32 to subtract q. On the stack: 2Z, then Y + X, then B; Y - X, then E; H, F, G; p, q, and how.
 */
  .set AD, 0
  .set AE, 32
  .set AH, 64
  .set AF, 96
  .set AG, 128
  .set AP, 160
  .set AQ, 164
  .set AHOW, 168
  function cpu_ge_add
  push {r0, r1, r2, r4-r11, lr}
  sub sp, #AP
  /* 2Z - C is F and 2Z + C is G, or the reverse to subtract. */
  add r0, #64
  ldm r0, {r4-r11}
  tst r2, #1
  beq 1f
  add r1, #96
  bl cpu_25519_product
  store AP, 64
1:
  element r1, AP, 64
  mov r0, sp
  mov r2, #1
  bl cpu_25519_scale
  element r0, AP, 96
  ldm r0, {r4-r11}
  element r1, AQ, 64
  bl cpu_25519_product
  ldr r2, [sp, #AHOW]
  and r2, r2, #32
  add r0, sp, #AG
  sub r0, r0, r2
  mov r1, sp
  bl cpu_25519_sums
  ldr r2, [sp, #AHOW]
  and r2, r2, #32
  add r0, sp, #AF
  add r0, r0, r2
  stm r0, {r4-r11}
  add r1, sp, #AG
  sub r1, r1, r2
  bl cpu_25519_product
  store AP, 64
  /* A and B, E and H. */
  ldr r0, [sp, #AP]
  ldm r0, {r4-r11}
  add r1, r0, #32
  mov r0, sp
  bl cpu_25519_sums
  keep AE
  take AD
  ldrd r1, r2, [sp, #AQ]
  and r2, r2, #32
  add r1, r1, r2
  bl cpu_25519_product
  keep AD
  take AE
  ldrd r1, r2, [sp, #AQ]
  and r2, r2, #32
  eor r2, r2, #32
  add r1, r1, r2
  bl cpu_25519_product
  sums AH, AD
  keep AE
  times AF
  store AP, 0
  ldr r2, [sp, #AHOW]
  tst r2, #2
  beq 2f
  take AE
  times AH
  store AP, 96
2:
  take AH
  times AG
  store AP, 32
  add sp, #(AP + 12)
  pop {r4-r11, pc}
  .size cpu_ge_add, . - cpu_ge_add
#endif
