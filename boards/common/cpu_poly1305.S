/*
 * cpu.poly1305 for cores with the DSP extension (Cortex-M4, M7, M33): `_poly1305.absorbBlocks`, with 32-bit words.
 *
 * The part above 2^128 comes back times 5/4: r1, r2 and r3 are multiples of four, so that s = r + r / 4 is exact.
 *
 * Bounds: r < 2^28 a word, s < 5/4 2^28, h0 to h3 < 2^32, h4 <= 6 with the block added. A column is then below
 * 5 2^60 + 7.5 2^28 + 2^32 < 2^63: it fits its 64 bits. h4 r0 plus the carry of d3 is below 6 2^28 + 2^31 < 2^32.
 * After the fold h4 <= 4.
 *
 * CT: no branch and no address depends on key or data; UMULL, UMLAL and MLA take a constant time on these cores.
 */
#ifdef __ARM_FEATURE_DSP
  .syntax unified
  .thumb

  /* The frame: the first words of the product, and the state's address. */
  .equ STATE, 12
  .equ FRAME, 16

/* void cpu_poly1305(uint32_t state[13], const uint8_t *data, uint32_t blocks), blocks > 0; the state is r, s, h */
  .section .text.cpu_poly1305, "ax"
  .global cpu_poly1305
  .type cpu_poly1305, %function
  .balign 4
cpu_poly1305:
  push {r4-r11, lr}
  sub sp, #FRAME
  str r0, [sp, #STATE]
  mov r12, r1
  mov lr, r2
  add r3, r0, #32
  ldm r3, {r4-r8}
  ldm r0, {r0-r3}
.Lblock:
  ldr r9, [r12], #4
  ldr r10, [r12], #4
  ldr r11, [r12], #4
  adds r4, r4, r9
  adcs r5, r5, r10
  ldr r9, [r12], #4
  adcs r6, r6, r11
  adcs r7, r7, r9
  adc r8, r8, #1
  /* d0 = h0 r0 + h1 s3 + h2 s2 + h3 s1 */
  umull r9, r10, r4, r0
  add r11, r3, r3, lsr #2
  umlal r9, r10, r5, r11
  add r11, r2, r2, lsr #2
  umlal r9, r10, r6, r11
  add r11, r1, r1, lsr #2
  umlal r9, r10, r7, r11
  str r9, [sp]
  /* d1 = h0 r1 + h1 r0 + h2 s3 + h3 s2 + h4 s1 */
  mov r9, #0
  umlal r10, r9, r8, r11
  umlal r10, r9, r4, r1
  umlal r10, r9, r5, r0
  add r11, r3, r3, lsr #2
  umlal r10, r9, r6, r11
  add r11, r2, r2, lsr #2
  umlal r10, r9, r7, r11
  str r10, [sp, #4]
  /* d2 = h0 r2 + h1 r1 + h2 r0 + h3 s3 + h4 s2 */
  mov r10, #0
  umlal r9, r10, r8, r11
  umlal r9, r10, r4, r2
  umlal r9, r10, r5, r1
  umlal r9, r10, r6, r0
  add r11, r3, r3, lsr #2
  umlal r9, r10, r7, r11
  str r9, [sp, #8]
  /* d3 = h0 r3 + h1 r2 + h2 r1 + h3 r0 + h4 s3, and d4 = h4 r0 */
  mov r9, #0
  umlal r10, r9, r8, r11
  umlal r10, r9, r4, r3
  umlal r10, r9, r5, r2
  umlal r10, r9, r6, r1
  umlal r10, r9, r7, r0
  mla r8, r8, r0, r9
  mov r7, r10
  ldm sp, {r4-r6}
  /* Fold what is above 2^130. */
  lsr r9, r8, #2
  and r8, r8, #3
  add r9, r9, r9, lsl #2
  adds r4, r4, r9
  adcs r5, r5, #0
  adcs r6, r6, #0
  adcs r7, r7, #0
  adc r8, r8, #0
  subs lr, lr, #1
  bne .Lblock
  ldr r0, [sp, #STATE]
  add r0, r0, #32
  stm r0, {r4-r8}
  add sp, #FRAME
  pop {r4-r11, pc}
  .size cpu_poly1305, . - cpu_poly1305
#endif
