/*
 * cpu.sha512 for cores with Thumb-1 only (ARMv6-M: Cortex-M0, M0+): `_sha512.compress`. `tests/vectors/blocks.qemu.test.ts` compares the two.
 *
 * The eight words of the state are a window that moves down by one word a round: the new a goes below the old one, the
 * new e replaces d, and h is left behind. After sixteen rounds the window is copied to where it began. The schedule is
 * a ring of sixteen words, and a mirror above it, so that no index has to wrap.
 *
 * CT: no branch and no address depends on state or data.
 */
#if __ARM_ARCH_ISA_THUMB == 1
  .syntax unified
  .thumb
#include "cpu_thumb1.inc"

/* Add the pair of words \x, \y to r6:r7. */
.macro sum x, y
  adds r6, r6, \x
  adcs r7, \y
.endm

/* Exclusive-or the shifted \word into \out. Spoils r0. */
.macro mix out, shift, word, amount
  \shift r0, \word, #\amount
  eors \out, r0
.endm

/* Exclusive-or into \out the lower half of \lo:\hi rotated right by p. With the halves exchanged it is the upper half. Spoils r0. */
.macro mix_rotation out, lo, hi, p
  mix \out, lsrs, \lo, \p
  mix \out, lsls, \hi, 32 - \p
.endm

/* \out = the lower half of \lo:\hi rotated right by p. */
.macro rotation out, lo, hi, p
  lsrs \out, \lo, #\p
  mix \out, lsls, \hi, 32 - \p
.endm

/* Add to r6:r7 the pair \lo:\hi rotated right by p, by q and by 32 + s, all three exclusive-ored. Spoils r0, r2 and r3. */
.macro add_rotations lo, hi, p, q, s
  rotation r2, \lo, \hi, \p
  mix_rotation r2, \lo, \hi, \q
  mix_rotation r2, \hi, \lo, \s
  rotation r3, \hi, \lo, \p
  mix_rotation r3, \hi, \lo, \q
  mix_rotation r3, \lo, \hi, \s
  sum r2, r3
.endm

/* Add to r6:r7 the pair r4:r5 rotated right by p, the pair \lo:\hi by q, and r4:r5 shifted by s, all three exclusive-ored. Spoils r0, r2 and r3. */
.macro add_shifted p, lo, hi, q, s
  rotation r2, r4, r5, \p
  mix_rotation r2, \lo, \hi, \q
  mix_rotation r2, r4, r5, \s
  rotation r3, r5, r4, \p
  mix_rotation r3, \hi, \lo, \q
  mix r3, lsrs, r5, \s
  sum r2, r3
.endm

/* Add to r6:r7 the pair at r1 + \at. Spoils r2 and r3. */
.macro add_pair at
  ldr r2, [r1, #\at]
  ldr r3, [r1, #\at + 4]
  sum r2, r3
.endm

/* Add to r6:r7 the next pair at the address in \next, which steps over it. Spoils r0, r2 and r3. */
.macro add_next next
  mov r0, \next
  ldm r0!, {r2, r3}
  mov \next, r0
  sum r2, r3
.endm

/* \x = Ch(\x, f, g) or Maj(\x, b, c) of the word \x of e or a and those at r1 + \at and r1 + \at + 8: Ch is ((f ^ g) & e) ^ g, Maj ((a ^ b) & (b ^ c)) ^ b. Spoils r0 and \y. */
.macro choose x, y, at
  ldr \y, [r1, #\at]
  ldr r0, [r1, #\at + 8]
  eors \y, r0
  ands \x, \y
  eors \x, r0
.endm
.macro majority x, y, at
  ldr \y, [r1, #\at + 8]
  ldr r0, [r1, #\at]
  eors \y, r0
  eors \x, r0
  ands \x, \y
  eors \x, r0
.endm

/* Copy \pairs pairs from r0 to r1. Spoils r4 to r7. */
.macro copy pairs
  .rept \pairs / 2
  ldm r0!, {r4-r7}
  stm r1!, {r4-r7}
  .endr
.endm

  /* The frame: the ring and its mirror, and the window's way down. */
  .equ RING_BYTES, 128
  .equ WINDOW, 256
  .equ START, WINDOW + 128
  .equ BLOCKS, START + 64
  .equ FRAME, BLOCKS + 4

/* void cpu_sha512(uint32_t state[16], const uint8_t *data, uint32_t blocks, const uint32_t k[160]), blocks > 0 */
  .section .text.cpu_sha512, "ax"
  .global cpu_sha512
  .type cpu_sha512, %function
  .balign 4
cpu_sha512:
  save_all
  sub sp, #FRAME
  mov r8, r0
  mov r9, r1
  str r2, [sp, #BLOCKS]
  mov r11, r3
  add r0, sp, #RING_BYTES
  mov lr, r0
.Lblock:
  mov r0, sp
  mov r1, r9
.Lread:
  load_big r5, r1, 0, r3
  load_big r4, r1, 4, r3
  stm r0!, {r4, r5}
  adds r1, #8
  cmp r0, lr
  bne .Lread
  mov r9, r1
  mov r10, r11
  mov r0, r8
  add r1, sp, #START
  copy 8
.Lgroup:
  /* r1 is the window, r12 the ring, r10 the table. */
  add r1, sp, #START
  mov r12, sp
.Lround:
  /* T1 = h + k + w + Sigma1(e) + Ch(e, f, g), in r6:r7, and the new e = d + T1. */
  ldr r6, [r1, #56]
  ldr r7, [r1, #60]
  add_next r10
  add_next r12
  ldr r4, [r1, #32]
  ldr r5, [r1, #36]
  add_rotations r4, r5, 14, 18, 9
  choose r4, r2, 40
  choose r5, r2, 44
  sum r4, r5
  ldr r4, [r1, #24]
  ldr r5, [r1, #28]
  adds r4, r4, r6
  adcs r5, r7
  str r4, [r1, #24]
  str r5, [r1, #28]
  /* The new a = T1 + Sigma0(a) + Maj(a, b, c). */
  ldr r4, [r1]
  ldr r5, [r1, #4]
  /* Rotations by 34, 39 and 28: of the halves exchanged, by 32 less. */
  add_rotations r5, r4, 2, 7, 28
  majority r4, r2, 8
  majority r5, r2, 12
  sum r4, r5
  subs r1, #8
  str r6, [r1]
  str r7, [r1, #4]
  cmp r12, lr
  bne .Lround

  /* After five groups. */
  mov r0, r11
  movs r2, #160
  lsls r2, r2, #2
  adds r0, r0, r2
  cmp r10, r0
  beq .Ladd

  /* The window back to where it began, and the next sixteen words of the schedule. */
  mov r0, r1
  add r1, sp, #START
  copy 8
  mov r1, sp
.Lschedule:
  ldr r6, [r1]
  ldr r7, [r1, #4]
  add_pair 72
  ldr r4, [r1, #8]
  ldr r5, [r1, #12]
  add_shifted 1, r4, r5, 8, 7
  ldr r4, [r1, #112]
  ldr r5, [r1, #116]
  add_shifted 19, r5, r4, 29, 6
  stm r1!, {r6, r7}
  str r6, [r1, #RING_BYTES - 8]
  str r7, [r1, #RING_BYTES - 4]
  cmp r1, lr
  bne .Lschedule
  b .Lgroup

.Ladd:
  mov r0, r8
  add r2, sp, #WINDOW + 64
  mov r12, r2
.Lword:
  ldm r1!, {r4, r5}
  ldr r6, [r0]
  ldr r7, [r0, #4]
  sum r4, r5
  stm r0!, {r6, r7}
  cmp r1, r12
  bne .Lword
  ldr r2, [sp, #BLOCKS]
  subs r2, #1
  str r2, [sp, #BLOCKS]
  beq .Lend
  b .Lblock
.Lend:
  add sp, #FRAME
  return_all
  .size cpu_sha512, . - cpu_sha512
#endif
