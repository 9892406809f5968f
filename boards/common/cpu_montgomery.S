/*
 * cpu.* for cores with Thumb-2 (ARMv7-M and up): a row of a Montgomery multiplication of any length, a step of RSA, and with the DSP extension (Cortex-M4, M7, M33)
 * the multiplication modulo the order of edwards25519. The formulas, and why no carry is lost, are in assembly/crypto/_montgomery.ts, _rsa.ts and _sc25519.ts; this
 * gives the same bits.
 *
 * CT: no branch and no address depends on an element. With the DSP extension every instruction here takes a constant time. The time of UMLAL depends on the
 * operands on a Cortex-M3: there the row and the step are for public numbers only.
 */
#if __ARM_ARCH_ISA_THUMB >= 2
  .syntax unified
  .thumb

/* \carry:\word = \a times \b, plus \word and \carry. */
#ifdef __ARM_FEATURE_DSP
.macro multiply word, carry, a, b
  umaal \word, \carry, \a, \b
.endm
#else
.macro multiply word, carry, a, b
  adds \word, \word, \carry
  mov \carry, #0
  adc \carry, \carry, #0
  umlal \word, \carry, \a, \b
.endm
#endif

/* Two words of a row: the multiple of m is in r4, the two carries in r7 and r8. */
.macro pair
  ldrd r5, r6, [r2], #8
  ldrd r9, r10, [r0, #4]
  ldrd r11, r12, [r3], #8
  multiply r9, r7, r1, r5
  multiply r10, r7, r1, r6
  multiply r9, r8, r4, r11
  multiply r10, r8, r4, r12
  strd r9, r10, [r0], #8
.endm

/*
 * uint32_t cpu_montgomery_row(uint32_t *out, uint32_t word, const uint32_t *b, const uint32_t *m, uint32_t inverse, uint32_t bytes,
 *                             uint32_t top)
 *
 * The last word of out is at lr.
 */
  .section .text.cpu_montgomery_row, "ax"
  .global cpu_montgomery_row
  .type cpu_montgomery_row, %function
  .balign 4
cpu_montgomery_row:
  push {r4-r11, lr}
  ldrd r4, lr, [sp, #36]
  add lr, lr, r0
  sub lr, lr, #4
  ldrd r5, r6, [r2], #8
  ldrd r9, r10, [r0]
  ldrd r11, r12, [r3], #8
  mov r7, #0
  multiply r9, r7, r1, r5
  multiply r10, r7, r1, r6
  mul r4, r4, r9
  mov r8, #0
  multiply r9, r8, r4, r11
  multiply r10, r8, r4, r12
  str r10, [r0], #4
  /* One pair of words, then two, so that a multiple of four pairs is left. */
  sub r5, lr, r0
  tst r5, #8
  beq 1f
  pair
1:
  sub r5, lr, r0
  tst r5, #16
  beq 2f
  pair
  pair
2:
  cmp r0, lr
  beq 4f
3:
  pair
  pair
  pair
  pair
  cmp r0, lr
  bne 3b
4:
  ldr r9, [sp, #44]
  mov r10, #0
  adds r7, r7, r8
  adc r8, r10, #0
  adds r7, r7, r9
  str r7, [r0]
  adc r0, r8, #0
  pop {r4-r11, pc}
  .size cpu_montgomery_row, . - cpu_montgomery_row

/*
 * uint32_t cpu_rsa_shift(uint32_t *x, uint32_t quotient, const uint32_t *m, uint32_t bytes)
 *
 * x = 2^32 x - quotient m, without the word above x, of which the change is returned. It adds quotient (2^(8 bytes) - 1 - m) and the quotient, and takes 2^(8 bytes)
 * times the quotient away.
 */
  .section .text.cpu_rsa_shift, "ax"
  .global cpu_rsa_shift
  .type cpu_rsa_shift, %function
  .balign 4
cpu_rsa_shift:
  push {r4-r9, lr}
  add r3, r3, r2
  mov r4, #0
  mov r5, r1
1:
  ldrd r6, r7, [r2], #8
  ldrd r8, r9, [r0]
  mvn r6, r6
  mvn r7, r7
  multiply r4, r5, r1, r6
  multiply r8, r5, r1, r7
  strd r4, r8, [r0], #8
  mov r4, r9
  cmp r2, r3
  bne 1b
  sub r0, r5, r1
  pop {r4-r9, pc}
  .size cpu_rsa_shift, . - cpu_rsa_shift

#ifdef __ARM_FEATURE_DSP
/*
 * void cpu_sc_montgomery(uint32_t out[8], const uint32_t a[8], const uint32_t b[8]): see assembly/crypto/_sc25519.ts. The sum is
 * in r3 to r10 and r11; words 4 to 6 of L are zero, and the last is 2^28.
 */
  .section .text.cpu_sc_montgomery, "ax"
  .global cpu_sc_montgomery
  .type cpu_sc_montgomery, %function
  .balign 4
cpu_sc_montgomery:
  push {r0, r4-r11, lr}
  add r3, r1, #32
  push {r3}
  mov r3, #0
  mov r4, #0
  mov r5, #0
  mov r6, #0
  mov r7, #0
  mov r8, #0
  mov r9, #0
  mov r10, #0
1:
  ldr lr, [r1], #4
  mov r11, #0
  ldrd r0, r12, [r2]
  umaal r3, r11, lr, r0
  umaal r4, r11, lr, r12
  ldrd r0, r12, [r2, #8]
  umaal r5, r11, lr, r0
  umaal r6, r11, lr, r12
  ldrd r0, r12, [r2, #16]
  umaal r7, r11, lr, r0
  umaal r8, r11, lr, r12
  ldrd r0, r12, [r2, #24]
  umaal r9, r11, lr, r0
  umaal r10, r11, lr, r12
  ldr r0, =0x12547e1b
  mul lr, r3, r0
  mov r12, #0
  ldr r0, =0x5cf5d3ed
  umaal r3, r12, lr, r0
  ldr r0, =0x5812631a
  umaal r4, r12, lr, r0
  ldr r0, =0xa2f79cd6
  umaal r5, r12, lr, r0
  ldr r0, =0x14def9de
  umaal r6, r12, lr, r0
  /* One word down. */
  mov r3, r4
  mov r4, r5
  mov r5, r6
  adds r6, r7, r12
  adcs r7, r8, #0
  adcs r8, r9, #0
  adcs r9, r10, lr, lsl #28
  adc r10, r11, lr, lsr #4
  ldr r0, [sp]
  cmp r1, r0
  bne 1b
  ldr r0, [sp, #4]
  stm r0, {r3-r10}
  add sp, #8
  pop {r4-r11, pc}
  .ltorg
  .size cpu_sc_montgomery, . - cpu_sc_montgomery
#endif
#endif
