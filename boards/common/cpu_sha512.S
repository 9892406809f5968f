/*
 * cpu.sha512 for cores with Thumb-2 (ARMv7-M and up): `_sha512.compress`.
 *
 * The eight words of the state are a window that moves down by one word a round: the new a goes below the old one, the
 * new e replaces d, and h is left behind. After sixteen rounds the window is copied to where it began. The schedule is
 * a ring of sixteen words, and a mirror above it, so that no index has to wrap.
 *
 * CT: no branch and no address depends on state or data.
 */
#if __ARM_ARCH_ISA_THUMB >= 2
  .syntax unified
  .thumb

/* \lo:\hi += \x:\y, 64 bits in two halves. */
.macro sum lo, hi, x, y
  adds \lo, \lo, \x
  adc \hi, \hi, \y
.endm

/*
 * \out = the lower half of \lo:\hi rotated right by p, by q and by 32 + s, all three exclusive-ored. With the halves
 * exchanged it is the upper half.
 */
.macro rotations out, lo, hi, p, q, s
  lsr \out, \lo, #\p
  eor \out, \out, \hi, lsl #(32 - \p)
  eor \out, \out, \lo, lsr #\q
  eor \out, \out, \hi, lsl #(32 - \q)
  eor \out, \out, \hi, lsr #\s
  eor \out, \out, \lo, lsl #(32 - \s)
.endm

  /* The frame: the ring and its mirror, the window's way down, the arguments, and the groups of rounds left. */
  .equ RING, 0
  .equ WINDOW, 256
  .equ START, WINDOW + 128
  .equ STATE, 448
  .equ DATA, 452
  .equ BLOCKS, 456
  .equ TABLE, 460
  .equ GROUPS, 464
  .equ FRAME, 468

/* void cpu_sha512(uint32_t state[16], const uint8_t *data, uint32_t blocks, const uint32_t k[160]), blocks > 0 */
  .section .text.cpu_sha512, "ax"
  .global cpu_sha512
  .type cpu_sha512, %function
  .balign 4
cpu_sha512:
  push {r4-r11, lr}
  sub sp, #FRAME
  add r12, sp, #STATE
  stm r12, {r0-r3}
.Lblock:
  mov r12, sp
  mov r3, #16
.Lread:
  ldr r5, [r1], #4
  ldr r4, [r1], #4
  rev r5, r5
  rev r4, r4
  strd r4, r5, [r12], #8
  subs r3, r3, #1
  bne .Lread
  str r1, [sp, #DATA]

  /* The window, with a in r6:r7 and e in r4:r5 as well. r0 is the window, r1 the ring, r2 the table. */
  mov r3, #5
  str r3, [sp, #GROUPS]
  add lr, sp, #START
  ldm r0!, {r4-r11}
  stm lr!, {r4-r11}
  ldm r0, {r4-r11}
  stm lr, {r4-r11}
  ldr r2, [sp, #TABLE]
.Lgroup:
  mov r1, sp
  add r0, sp, #START
  ldrd r6, r7, [r0]
  ldrd r4, r5, [r0, #32]
  mov r3, #16
.Lrounds:
  /* T1 in r8:r9 = h + W + K + Sigma1(e) + Ch(e, f, g) */
  ldrd r8, r9, [r0, #56]
  ldrd r10, r11, [r1], #8
  sum r8, r9, r10, r11
  ldrd r10, r11, [r2], #8
  sum r8, r9, r10, r11
  rotations r10, r4, r5, 14, 18, 9
  rotations r11, r5, r4, 14, 18, 9
  sum r8, r9, r10, r11
  ldrd r10, r11, [r0, #40]
  ldrd r12, lr, [r0, #48]
  eor r10, r10, r12
  eor r11, r11, lr
  and r10, r10, r4
  and r11, r11, r5
  eor r10, r10, r12
  eor r11, r11, lr
  sum r8, r9, r10, r11
  ldrd r4, r5, [r0, #24]
  sum r4, r5, r8, r9
  strd r4, r5, [r0, #24]
  /* The new a = T1 + Sigma0(a) + Maj(a, b, c), the majority being ((a ^ b) & (b ^ c)) ^ b. */
  lsr r10, r6, #28
  eor r10, r10, r7, lsl #4
  eor r10, r10, r7, lsr #2
  eor r10, r10, r6, lsl #30
  eor r10, r10, r7, lsr #7
  eor r10, r10, r6, lsl #25
  lsr r11, r7, #28
  eor r11, r11, r6, lsl #4
  eor r11, r11, r6, lsr #2
  eor r11, r11, r7, lsl #30
  eor r11, r11, r6, lsr #7
  eor r11, r11, r7, lsl #25
  sum r8, r9, r10, r11
  ldrd r10, r11, [r0, #8]
  ldrd r12, lr, [r0, #16]
  eor r12, r12, r10
  eor lr, lr, r11
  eor r6, r6, r10
  eor r7, r7, r11
  and r6, r6, r12
  and r7, r7, lr
  eor r6, r6, r10
  eor r7, r7, r11
  sum r6, r7, r8, r9
  strd r6, r7, [r0, #-8]!
  subs r3, r3, #1
  bne .Lrounds

  add lr, sp, #START
  ldm r0!, {r4-r11}
  stm lr!, {r4-r11}
  ldm r0, {r4-r11}
  stm lr, {r4-r11}
  ldr r3, [sp, #GROUPS]
  subs r3, r3, #1
  str r3, [sp, #GROUPS]
  beq .Ladd

  /* The next sixteen words of the schedule: W = W16 + sigma0(W15) + W7 + sigma1(W2), each counted back from it. */
  add r1, sp, #8
  mov r3, #16
.Lschedule:
  ldrd r10, r11, [r1]
  lsr r8, r10, #1
  eor r8, r8, r11, lsl #31
  eor r8, r8, r10, lsr #8
  eor r8, r8, r11, lsl #24
  eor r8, r8, r10, lsr #7
  eor r8, r8, r11, lsl #25
  lsr r9, r11, #1
  eor r9, r9, r10, lsl #31
  eor r9, r9, r11, lsr #8
  eor r9, r9, r10, lsl #24
  eor r9, r9, r11, lsr #7
  ldrd r12, lr, [r1, #-8]
  sum r8, r9, r12, lr
  ldrd r12, lr, [r1, #64]
  sum r8, r9, r12, lr
  ldrd r12, lr, [r1, #104]
  lsr r10, r12, #19
  eor r10, r10, lr, lsl #13
  eor r10, r10, lr, lsr #29
  eor r10, r10, r12, lsl #3
  eor r10, r10, r12, lsr #6
  eor r10, r10, lr, lsl #26
  lsr r11, lr, #19
  eor r11, r11, r12, lsl #13
  eor r11, r11, r12, lsr #29
  eor r11, r11, lr, lsl #3
  eor r11, r11, lr, lsr #6
  sum r8, r9, r10, r11
  strd r8, r9, [r1, #120]
  strd r8, r9, [r1, #-8]
  add r1, r1, #8
  subs r3, r3, #1
  bne .Lschedule
  b .Lgroup

.Ladd:
  ldr r0, [sp, #STATE]
  add r1, sp, #START
  mov r3, #8
.Lword:
  ldrd r4, r5, [r0]
  ldrd r6, r7, [r1], #8
  sum r4, r5, r6, r7
  strd r4, r5, [r0], #8
  subs r3, r3, #1
  bne .Lword
  ldrd r1, r2, [sp, #DATA]
  ldr r0, [sp, #STATE]
  subs r2, r2, #1
  str r2, [sp, #BLOCKS]
  bne .Lblock
  add sp, #FRAME
  pop {r4-r11, pc}
  .size cpu_sha512, . - cpu_sha512
#endif
