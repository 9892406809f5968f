/*
 * cpu.aes128Encrypt, cpu.aes128Transpose and cpu.aesSubstitute for cores with Thumb-1 only (ARMv6-M: Cortex-M0, M0+): `_aes128.encrypt`,
 * `_aes128.transpose` and `_sbox.substitute`.
 *
 * The eight words of the two blocks are on the stack. During an S-box they are in registers, with six gates in r8 to r12 and lr and up to twelve on the stack.
 *
 * Longer than 400 lines: the gates of an S-box are a line each.
 *
 * CT: no branch and no address depends on a key or a block. The stack keeps gates of the last S-box.
 */
#if __ARM_ARCH_ISA_THUMB == 1
  .syntax unified
  .thumb

/* The frame: gates at 0, then these. */
#define STATE    48
#define RETURN   80
#define LAST_KEY 84
#define BLOCKS   88
#define KEY      92
#define FRAME    96

/* Exchange the bits of \a under the mask in r5 << \n with those of \b under the mask. Spoils r4. */
.macro exchange a, b, n
  lsrs r4, \a, #\n
  eors r4, \b
  ands r4, r5
  eors \b, r4
  lsls r4, r4, #\n
  eors \a, r4
.endm

/* \register = the byte \byte, four times. Spoils \other. */
.macro bytes register, other, byte
  movs \register, #\byte
  lsls \other, \register, #8
  orrs \register, \other
  lsls \other, \register, #16
  orrs \register, \other
.endm

  .section .text.cpu_aes128_encrypt, "ax"

/* Transpose the bits of each byte with the eight words at r6. Spoils r0 to r5 and r7. */
  .type transpose, %function
  .balign 4
transpose:
  mov r7, r6
  .rept 2
  ldm r7!, {r0-r3}
  subs r7, #16
  bytes r5, r4, 0x55
  exchange r0, r1, 1
  exchange r2, r3, 1
  bytes r5, r4, 0x33
  exchange r0, r2, 2
  exchange r1, r3, 2
  stm r7!, {r0-r3}
  .endr
  bytes r5, r4, 0x0f
  .irp i, 0, 8
  ldr r0, [r6, #\i]
  ldr r1, [r6, #\i + 4]
  ldr r2, [r6, #\i + 16]
  ldr r3, [r6, #\i + 20]
  exchange r0, r2, 4
  exchange r1, r3, 4
  str r0, [r6, #\i]
  str r1, [r6, #\i + 4]
  str r2, [r6, #\i + 16]
  str r3, [r6, #\i + 20]
  .endr
  bx lr
  .size transpose, . - transpose

/* Substitute all bytes of the state, all but the constant. The order of the gates of _sbox.ts is one in which few of them have to wait in memory. */
  .type gates, %function
  .balign 4
gates:
  mov r0, lr
  str r0, [sp, #RETURN]
  add r0, sp, #STATE
  ldm r0, {r0-r7}
  eors r5, r6
  mov r8, r6
  movs r6, r5
  eors r6, r0
  mov r9, r0
  movs r0, r6
  eors r0, r1
  eors r1, r7
  mov r10, r0
  movs r0, r6
  eors r0, r4
  mov r11, r0
  movs r0, r4
  eors r0, r2
  mov r12, r6
  movs r6, r1
  eors r6, r0
  eors r3, r6
  eors r4, r7
  mov lr, r6
  mov r6, r8
  eors r6, r3
  eors r3, r2
  eors r2, r7
  mov r8, r1
  movs r1, r6
  eors r1, r4
  str r6, [sp, #0]
  movs r6, r3
  eors r6, r5
  str r3, [sp, #4]
  mov r3, r10
  eors r3, r2
  str r3, [sp, #8]
  movs r3, r2
  ands r3, r6
  str r2, [sp, #12]
  movs r2, r6
  eors r2, r1
  str r6, [sp, #16]
  movs r6, r0
  ands r6, r2
  str r0, [sp, #20]
  mov r0, r12
  eors r0, r7
  eors r5, r1
  str r2, [sp, #24]
  movs r2, r4
  ands r2, r1
  eors r7, r5
  str r4, [sp, #28]
  mov r4, r9
  eors r4, r1
  str r1, [sp, #32]
  movs r1, r0
  ands r1, r4
  eors r3, r2
  str r0, [sp, #36]
  mov r0, r12
  str r4, [sp, #40]
  mov r4, r10
  ands r4, r0
  mov r0, r8
  ands r0, r5
  eors r6, r2
  eors r1, r0
  eors r1, r3
  eors r4, r0
  eors r4, r6
  mov r0, r8
  eors r0, r5
  ldr r2, [sp, #4]
  str r5, [sp, #44]
  mov r5, lr
  ands r5, r2
  eors r4, r0
  eors r1, r7
  mov r0, r9
  mov r7, r11
  ands r7, r0
  eors r2, r0
  eors r7, r5
  eors r7, r3
  ldr r3, [sp, #12]
  ldr r0, [sp, #16]
  eors r0, r3
  ldr r3, [sp, #8]
  ands r3, r2
  eors r3, r5
  eors r3, r6
  ldr r5, [sp, #0]
  eors r3, r5
  movs r5, r3
  ands r5, r4
  eors r7, r0
  eors r3, r7
  movs r0, r7
  eors r0, r5
  movs r6, r4
  eors r6, r1
  ands r0, r6
  eors r5, r1
  eors r0, r1
  movs r6, r5
  eors r6, r0
  ands r1, r6
  eors r4, r0
  eors r4, r1
  eors r1, r5
  ands r5, r3
  mov r6, r11
  ands r6, r0
  eors r5, r7
  ldr r7, [sp, #8]
  ands r7, r4
  ands r1, r5
  ands r2, r4
  eors r6, r7
  mov r11, r6
  movs r6, r0
  eors r6, r4
  str r2, [sp, #8]
  mov r2, lr
  ands r2, r6
  eors r3, r1
  eors r2, r7
  mov r1, r10
  ands r1, r3
  mov r7, r9
  ands r7, r0
  mov lr, r2
  ldr r2, [sp, #40]
  ands r2, r5
  eors r4, r3
  eors r1, r2
  eors r2, r7
  mov r10, r2
  ldr r2, [sp, #4]
  ands r6, r2
  mov r2, r12
  ands r2, r3
  eors r3, r5
  mov r9, r2
  ldr r2, [sp, #44]
  ands r2, r3
  mov r12, r1
  ldr r1, [sp, #12]
  ands r1, r4
  str r1, [sp, #12]
  ldr r1, [sp, #36]
  ands r1, r5
  str r1, [sp, #36]
  mov r1, r8
  ands r3, r1
  eors r6, r2
  eors r7, r3
  ldr r1, [sp, #16]
  ands r1, r4
  eors r5, r0
  eors r4, r5
  eors r7, r6
  ldr r0, [sp, #24]
  ands r0, r4
  mov r8, r6
  ldr r6, [sp, #20]
  ands r4, r6
  ldr r6, [sp, #32]
  ands r6, r5
  eors r1, r0
  eors r6, r0
  eors r2, r6
  mov r0, r12
  eors r3, r0
  ldr r6, [sp, #28]
  ands r5, r6
  eors r5, r4
  mov r6, r9
  eors r6, r5
  eors r5, r7
  eors r1, r6
  eors r0, r5
  str r0, [sp, #STATE + 0]
  mov r0, lr
  eors r0, r6
  ldr r5, [sp, #36]
  eors r5, r7
  eors r5, r1
  ldr r6, [sp, #12]
  eors r4, r6
  ldr r6, [sp, #8]
  eors r6, r0
  mov r7, r9
  eors r7, r2
  eors r3, r1
  str r3, [sp, #STATE + 4]
  mov r1, r10
  eors r1, r6
  str r1, [sp, #STATE + 12]
  mov r1, r11
  eors r1, r5
  str r1, [sp, #STATE + 8]
  eors r5, r7
  mov r1, r8
  eors r1, r6
  str r1, [sp, #STATE + 16]
  eors r7, r1
  str r7, [sp, #STATE + 24]
  eors r2, r0
  str r2, [sp, #STATE + 28]
  eors r4, r5
  str r4, [sp, #STATE + 20]
  ldr r0, [sp, #RETURN]
  bx r0
  .size gates, . - gates

/* Add word \i of the key at r12 to \v, and store that in the state. Spoils \t. */
.macro finish i, v, t
  mov \t, r12
  ldr \t, [\t, #4 * \i]
  eors \v, \t
  str \v, [sp, #STATE + 4 * \i]
.endm

/* Step to the next key. Spoils r0. */
.macro next_key
  movs r0, #32
  add r12, r0
.endm

/* Shift the rows of \x twice: exchange the halves of the bytes of rows 1 and 3; the mask is in r10. Spoils r1 and r2. */
.macro shift_twice x
  lsrs r1, \x, #4
  eors r1, \x
  mov r2, r10
  ands r1, r2
  eors \x, r1
  lsls r1, r1, #4
  eors \x, r1
.endm

/* The next row of each row of \x, whose shift is still to be made: \y. The mask is in r8, r5 is 8, r6 is 2. Spoils r1. */
.macro beside y, x
  mov r1, r8
  ands r1, \x
  movs \y, \x
  eors \y, r1
  rors \y, r5
  eors \y, r1
  rors \y, r6
.endm

/* Mix the columns of word \i where the shift of the rows is still to be made: \x becomes its sum, \last is that of the word before. r7 is 12. */
.macro mix_shifted i, x, last
  ldr \x, [sp, #STATE + 4 * \i]
  beside r2, \x
  eors \x, r2
  mov r1, r9
  ands r1, \x
  movs r3, \x
  eors r3, r1
  rors r3, r5
  eors r3, r1
  rors r3, r7
  eors r3, r2
  eors r3, \last
  reduce \i
  finish \i, r3, r1
.endm

/* x^8 is x^4 + x^3 + x + 1: add the carry in r11 to bits 1, 3 and 4, which come from others; bit 0 has it as what came before. */
.macro reduce i
  .if \i == 1 || \i == 3 || \i == 4
  mov r1, r11
  eors r3, r1
  .endif
.endm

/* Shift the rows of word \i twice, but for word 7, and mix its columns. r5 is 8, r6 is 16. */
.macro shift_mix i, x, last
  ldr \x, [sp, #STATE + 4 * \i]
  .if \i != 7
  shift_twice \x
  .endif
  movs r2, \x
  rors r2, r5
  eors \x, r2
  movs r3, \x
  rors r3, r6
  eors r3, r2
  eors r3, \last
  reduce \i
  finish \i, r3, r1
.endm

/* void cpu_aes128_encrypt(uint32_t q[8], const uint32_t schedule[88]) */
  .global cpu_aes128_encrypt
  .type cpu_aes128_encrypt, %function
  .balign 4
cpu_aes128_encrypt:
  push {r4-r7, lr}
  mov r2, r8
  mov r3, r9
  mov r4, r10
  mov r5, r11
  push {r2-r5}
  sub sp, #FRAME
  str r0, [sp, #BLOCKS]
  movs r2, #160
  lsls r2, r2, #1
  adds r2, r2, r1
  str r2, [sp, #LAST_KEY]
  str r1, [sp, #RETURN]
  add r6, sp, #STATE
  mov r7, r6
  ldm r0!, {r2-r5}
  stm r7!, {r2-r5}
  ldm r0!, {r2-r5}
  stm r7!, {r2-r5}
  bl transpose
  ldr r0, [sp, #RETURN]
  mov r12, r0
  .irp i, 0, 1, 2, 3, 4, 5, 6, 7
  ldr r3, [sp, #STATE + 4 * \i]
  finish \i, r3, r1
  .endr
  next_key
1:
  mov r0, r12
  str r0, [sp, #KEY]
  bl gates
  /* An odd round leaves its shift of the rows to the next one; its key is shifted back. */
  ldr r0, [sp, #KEY]
  mov r12, r0
  bytes r0, r1, 0x03
  mov r8, r0
  bytes r0, r1, 0x0f
  mov r9, r0
  movs r5, #8
  movs r6, #2
  movs r7, #12
  ldr r0, [sp, #STATE + 28]
  beside r4, r0
  eors r4, r0
  mov r11, r4
  mix_shifted 0, r0, r4
  mix_shifted 1, r4, r0
  mix_shifted 2, r0, r4
  mix_shifted 3, r4, r0
  mix_shifted 4, r0, r4
  mix_shifted 5, r4, r0
  mix_shifted 6, r0, r4
  mix_shifted 7, r4, r0
  next_key
  mov r0, r12
  str r0, [sp, #KEY]
  bl gates
  ldr r0, [sp, #KEY]
  mov r12, r0
  movs r2, #0x0f
  lsls r3, r2, #8
  lsls r2, r2, #24
  orrs r2, r3
  mov r10, r2
  ldr r1, [sp, #LAST_KEY]
  cmp r0, r1
  bne 3f
  b 2f
3:
  movs r5, #8
  movs r6, #16
  ldr r0, [sp, #STATE + 28]
  shift_twice r0
  str r0, [sp, #STATE + 28]
  movs r4, r0
  rors r4, r5
  eors r4, r0
  mov r11, r4
  shift_mix 0, r0, r4
  shift_mix 1, r4, r0
  shift_mix 2, r0, r4
  shift_mix 3, r4, r0
  shift_mix 4, r0, r4
  shift_mix 5, r4, r0
  shift_mix 6, r0, r4
  shift_mix 7, r4, r0
  next_key
  b 1b
2:
  .irp i, 0, 1, 2, 3, 4, 5, 6, 7
  ldr r3, [sp, #STATE + 4 * \i]
  shift_twice r3
  finish \i, r3, r1
  .endr
  add r6, sp, #STATE
  bl transpose
  add r6, sp, #STATE
  ldr r0, [sp, #BLOCKS]
  ldm r6!, {r2-r5}
  stm r0!, {r2-r5}
  ldm r6!, {r2-r5}
  stm r0!, {r2-r5}
  b leave
  .size cpu_aes128_encrypt, . - cpu_aes128_encrypt

/* void cpu_aes_substitute(uint32_t q[8]) */
  .global cpu_aes_substitute
  .type cpu_aes_substitute, %function
  .balign 4
cpu_aes_substitute:
  push {r4-r7, lr}
  mov r2, r8
  mov r3, r9
  mov r4, r10
  mov r5, r11
  push {r2-r5}
  sub sp, #FRAME
  str r0, [sp, #BLOCKS]
  add r6, sp, #STATE
  ldm r0!, {r2-r5}
  stm r6!, {r2-r5}
  ldm r0!, {r2-r5}
  stm r6!, {r2-r5}
  bl gates
  add r6, sp, #STATE
  ldr r0, [sp, #BLOCKS]
  ldm r6!, {r2-r5}
  stm r0!, {r2-r5}
  ldm r6!, {r2-r5}
  stm r0!, {r2-r5}
leave:
  add sp, #FRAME
  pop {r2-r5}
  mov r8, r2
  mov r9, r3
  mov r10, r4
  mov r11, r5
  pop {r4-r7, pc}
  .size cpu_aes_substitute, . - cpu_aes_substitute

/* void cpu_aes128_transpose(uint32_t q[8]) */
  .global cpu_aes128_transpose
  .type cpu_aes128_transpose, %function
  .balign 4
cpu_aes128_transpose:
  push {r4-r7, lr}
  mov r6, r0
  bl transpose
  pop {r4-r7, pc}
  .size cpu_aes128_transpose, . - cpu_aes128_transpose
#endif
