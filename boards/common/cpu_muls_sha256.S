/*
 * cpu.sha256 for cores with Thumb-1 only (ARMv6-M: Cortex-M0, M0+), and for small images of all cores: `_sha256.compress`.
 * `tests/vectors/blocks.qemu.test.ts` compares the two.
 *
 * The eight words of the state are a window that moves down by one word a round: the new a goes below the old one, the
 * new e replaces d, and h is left behind. After sixteen rounds the window is copied to where it began. The schedule is
 * a ring of sixteen words, and a mirror above it, so that no index has to wrap.
 *
 * CT: no branch and no address depends on state or data.
 */
#if __ARM_ARCH_ISA_THUMB == 1 || (__ARM_ARCH_ISA_THUMB >= 2 && defined(CRYPTO_SMALL))
  .syntax unified
  .thumb
#include "cpu_thumb1.inc"

/* \out = \x rotated right by p, by p + q and by p + q + r, all three exclusive-ored. Spoils \amount. */
.macro rotations out, x, amount, p, q, r
  movs \out, \x
  movs \amount, #\r
  rors \out, \amount
  eors \out, \x
  movs \amount, #\q
  rors \out, \amount
  eors \out, \x
  movs \amount, #\p
  rors \out, \amount
.endm

/* Add to r3 the word at r1 + \at rotated right by two amounts and shifted by \shift, all three exclusive-ored. \p has the lesser amount, \q the difference. */
.macro mix at, p, q, shift
  ldr r4, [r1, #\at]
  movs r5, r4
  rors r5, \q
  eors r5, r4
  rors r5, \p
  lsrs r4, r4, #\shift
  eors r5, r4
  adds r3, r3, r5
.endm

  /* The frame: the ring and its mirror, and the window's way down. */
  .equ RING_BYTES, 64
  .equ WINDOW, 128
  .equ START, WINDOW + 64
  .equ BLOCKS, START + 32
  .equ FRAME, BLOCKS + 4

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
  load_big r4, r1, 0, r5
  stm r0!, {r4}
  adds r1, #4
  cmp r0, lr
  bne .Lread
  mov r9, r1

  /* The window, with a in r5, e in r4 and b ^ c in r12 as well. r0 is the window, r1 the ring, r2 the table. */
  mov r0, r8
  add r1, sp, #START
  ldm r0!, {r4-r7}
  stm r1!, {r4-r7}
  mov r3, r4
  eors r5, r6
  mov r12, r5
  ldm r0!, {r4-r7}
  stm r1!, {r4-r7}
  mov r5, r3
  mov r2, r11
.Lgroup:
  add r0, sp, #START
  mov r1, sp
.Lround:
  /* T1 = h + k + w + Ch(e, f, g) + Sigma1(e), in r6, and the new e = d + T1. */
  ldm r1!, {r6}
  ldm r2!, {r3, r7}
  adds r6, r6, r7
  ldr r3, [r0, #28]
  adds r6, r6, r3
  ldr r3, [r0, #24]
  ldr r7, [r0, #20]
  eors r7, r3
  ands r7, r4
  eors r7, r3
  adds r6, r6, r7
  rotations r3, r4, r7, 6, 5, 14
  adds r6, r6, r3
  ldr r4, [r0, #12]
  adds r4, r4, r6
  str r4, [r0, #12]
  /* The new a = T1 + Sigma0(a) + Maj(a, b, c), the majority being ((a ^ b) & (b ^ c)) ^ b. */
  rotations r3, r5, r7, 2, 11, 9
  adds r6, r6, r3
  ldr r3, [r0, #4]
  eors r5, r3
  mov r7, r12
  mov r12, r5
  ands r5, r7
  eors r5, r3
  adds r5, r5, r6
  subs r0, #4
  str r5, [r0]
  cmp r1, lr
  bne .Lround

  movs r3, #1
  lsls r3, r3, #9
  add r3, r11
  cmp r3, r2
  beq .Ladd

  /* The next sixteen words of the schedule. */
  mov r10, r2
  movs r0, #7
  movs r2, #11
  movs r6, #17
  movs r7, #2
  mov r1, sp
.Lschedule:
  ldr r3, [r1]
  mix 4, r0, r2, 3
  ldr r4, [r1, #36]
  adds r3, r3, r4
  mix 56, r6, r7, 10
  str r3, [r1, #RING_BYTES]
  stm r1!, {r3}
  cmp r1, lr
  bne .Lschedule
  mov r2, r10
  add r0, sp, #WINDOW
  add r1, sp, #START
  ldm r0!, {r4-r7}
  stm r1!, {r4-r7}
  mov r3, r4
  ldm r0!, {r4-r7}
  stm r1!, {r4-r7}
  mov r5, r3
  b .Lgroup

.Ladd:
  mov r1, r8
  add r2, sp, #WINDOW + 32
.Lword:
  ldm r0!, {r3}
  ldr r4, [r1]
  adds r3, r3, r4
  stm r1!, {r3}
  cmp r0, r2
  bne .Lword
  ldr r2, [sp, #BLOCKS]
  subs r2, #1
  str r2, [sp, #BLOCKS]
  beq .Lend
  b .Lblock
.Lend:
  add sp, #FRAME
  return_all
  .size cpu_sha256, . - cpu_sha256
#endif
