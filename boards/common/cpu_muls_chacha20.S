/*
 * cpu.chacha20 for cores with Thumb-1 only (ARMv6-M: Cortex-M0, M0+): `_chacha20.xorBlocks`.
 *
 * The words of the work lie on the stack. A quarter round has four of them in r0 to r3, and the four amounts of its rotations,
 * to the right, stay in r4 to r7.
 *
 * CT: no branch and no address depends on key, nonce or data; whether out and text are aligned leaks.
 */
#if __ARM_ARCH_ISA_THUMB == 1
  .syntax unified
  .thumb
#include "cpu_thumb1.inc"

/* One quarter round on four words of the work. */
.macro quarter a, b, c, d
  ldr r0, [sp, #4 * \a]
  ldr r1, [sp, #4 * \b]
  ldr r2, [sp, #4 * \c]
  ldr r3, [sp, #4 * \d]
  adds r0, r0, r1
  eors r3, r0
  rors r3, r4
  adds r2, r2, r3
  eors r1, r2
  rors r1, r5
  adds r0, r0, r1
  eors r3, r0
  rors r3, r6
  adds r2, r2, r3
  eors r1, r2
  rors r1, r7
  str r0, [sp, #4 * \a]
  str r1, [sp, #4 * \b]
  str r2, [sp, #4 * \c]
  str r3, [sp, #4 * \d]
.endm

#define WORK 64

/* void cpu_chacha20(uint8_t *out, const uint8_t *text, uint32_t blocks, uint32_t state[16]), blocks > 0 */
  .section .text.cpu_chacha20, "ax"
  .global cpu_chacha20
  .type cpu_chacha20, %function
  .balign 4
cpu_chacha20:
  save_all
  sub sp, #WORK
  mov r9, r0
  mov r10, r1
  mov r12, r2
  mov r11, r3
1:
  mov r0, r11
  mov r1, sp
  .rept 4
  ldm r0!, {r2-r5}
  stm r1!, {r2-r5}
  .endr
  movs r4, #16
  movs r5, #20
  movs r6, #24
  movs r7, #25
  movs r0, #10
2:
  mov r8, r0
  quarter 0, 4, 8, 12
  quarter 1, 5, 9, 13
  quarter 2, 6, 10, 14
  quarter 3, 7, 11, 15
  quarter 0, 5, 10, 15
  quarter 1, 6, 11, 12
  quarter 2, 7, 8, 13
  quarter 3, 4, 9, 14
  mov r0, r8
  subs r0, #1
  beq 3f
  b 2b
3:
  /* Add the state, and exclusive-or: out at r0, text at r1, the state at r2 up to r8, the work at r3. */
  mov r0, r9
  mov r1, r10
  mov r2, r11
  mov r3, sp
  movs r4, #WORK
  add r4, r11
  mov r8, r4
  movs r4, r0
  orrs r4, r1
  lsls r4, r4, #30
  bne 5f
4:
  ldm r2!, {r4, r5}
  ldm r3!, {r6, r7}
  adds r4, r4, r6
  adds r5, r5, r7
  ldm r1!, {r6, r7}
  eors r4, r6
  eors r5, r7
  stm r0!, {r4, r5}
  cmp r2, r8
  bne 4b
  b 6f
5:
  ldm r2!, {r4}
  ldm r3!, {r6}
  adds r4, r4, r6
  .irp i, 0, 1, 2, 3
  ldrb r5, [r1, #\i]
  eors r5, r4
  strb r5, [r0, #\i]
  lsrs r4, r4, #8
  .endr
  adds r0, #4
  adds r1, #4
  cmp r2, r8
  bne 5b
6:
  mov r9, r0
  mov r10, r1
  subs r2, #16
  ldr r4, [r2]
  adds r4, #1
  str r4, [r2]
  mov r4, r12
  subs r4, #1
  mov r12, r4
  beq 7f
  b 1b
7:
  add sp, #WORK
  return_all
  .size cpu_chacha20, . - cpu_chacha20
#endif
