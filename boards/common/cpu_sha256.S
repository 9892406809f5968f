/*
 * cpu.sha256 for cores with Thumb-2 (ARMv7-M and up): `_sha256.compress`. A small image has that of cpu_muls_sha256.S.
 *
 * CT: no branch and no address depends on state or data.
 */
#if __ARM_ARCH_ISA_THUMB >= 2 && !defined(CRYPTO_SMALL)
  .syntax unified
  .thumb

/*
 * Word t of the schedule to the word at r3. \x is word t - 16, \y becomes word t - 15, \p is word t - 2 and becomes word t.
 */
.macro word x, y, p
  ldr \y, [r3, #-60]
  ldr r2, [r3, #-28]
  add \x, \x, r2
  ror r6, \y, #7
  eor r6, r6, \y, ror #18
  eor r6, r6, \y, lsr #3
  add \x, \x, r6
  ror r6, \p, #17
  eor r6, r6, \p, ror #19
  eor r6, r6, \p, lsr #10
  add \p, \x, r6
  str \p, [r3], #4
.endm

/*
 * One round. \h becomes the next round's a, \d its e. \bc is b ^ c and is used up, \ab becomes a ^ b, which is the next
 * round's b ^ c: the majority of three is ((a ^ b) & (b ^ c)) ^ b.
 */
.macro round a, b, c, d, e, f, g, h, ab, bc
  ldr r0, [r3], #4
  add \h, \h, r0
  ldr r0, [lr], #8
  add \h, \h, r0
  eor r0, \e, \e, ror #5
  eor r0, r0, \e, ror #19
  add \h, \h, r0, ror #6
  eor r0, \f, \g
  and r0, r0, \e
  eor r0, r0, \g
  add \h, \h, r0
  add \d, \d, \h
  eor r0, \a, \a, ror #11
  eor r0, r0, \a, ror #20
  add \h, \h, r0, ror #2
  eor \ab, \a, \b
  and \bc, \bc, \ab
  eor \bc, \bc, \b
  add \h, \h, \bc
.endm

  /* The frame: the schedule, and the arguments. */
  .equ STATE, 256
  .equ DATA, 260
  .equ BLOCKS, 264
  .equ TABLE, 268
  .equ FRAME, 272

/*
 * void cpu_sha256(uint32_t state[8], const uint8_t *data, uint32_t blocks, const uint32_t k[2 * 64]), blocks > 0
 *
 * k has the constants of SHA-512, low words first: the high word of each is that of SHA-256.
 */
  .section .text.cpu_sha256, "ax"
  .global cpu_sha256
  .type cpu_sha256, %function
  .balign 4
cpu_sha256:
  push {r4-r11, lr}
  sub sp, #FRAME
  add r12, sp, #STATE
  stm r12, {r0-r3}
.Lblock:
  mov r3, sp
  mov r7, #8
.Lread:
  ldr r2, [r1], #4
  ldr r4, [r1], #4
  rev r2, r2
  rev r4, r4
  str r2, [r3], #4
  str r4, [r3], #4
  subs r7, r7, #1
  bne .Lread
  str r1, [sp, #DATA]

  ldr r0, [sp]
  ldrd r4, r5, [sp, #56]
  mov r7, #12
.Lschedule:
  word r0, r1, r4
  word r1, r0, r5
  word r0, r1, r4
  word r1, r0, r5
  subs r7, r7, #1
  bne .Lschedule

  ldr r0, [sp, #STATE]
  ldm r0, {r4-r11}
  ldr lr, [sp, #TABLE]
  add lr, #4
  add r2, sp, #STATE
  mov r3, sp
  eor r12, r5, r6
.Lrounds:
  round r4, r5, r6, r7, r8, r9, r10, r11, r1, r12
  round r11, r4, r5, r6, r7, r8, r9, r10, r12, r1
  round r10, r11, r4, r5, r6, r7, r8, r9, r1, r12
  round r9, r10, r11, r4, r5, r6, r7, r8, r12, r1
  round r8, r9, r10, r11, r4, r5, r6, r7, r1, r12
  round r7, r8, r9, r10, r11, r4, r5, r6, r12, r1
  round r6, r7, r8, r9, r10, r11, r4, r5, r1, r12
  round r5, r6, r7, r8, r9, r10, r11, r4, r12, r1
  cmp r3, r2
  bne .Lrounds

  ldr r0, [sp, #STATE]
  ldm r0, {r1, r2, r3, r12}
  add r4, r4, r1
  add r5, r5, r2
  add r6, r6, r3
  add r7, r7, r12
  stm r0!, {r4-r7}
  ldm r0, {r1, r2, r3, r12}
  add r8, r8, r1
  add r9, r9, r2
  add r10, r10, r3
  add r11, r11, r12
  stm r0, {r8-r11}
  ldrd r1, r2, [sp, #DATA]
  subs r2, r2, #1
  str r2, [sp, #BLOCKS]
  bne .Lblock
  add sp, #FRAME
  pop {r4-r11, pc}
  .size cpu_sha256, . - cpu_sha256
#endif
