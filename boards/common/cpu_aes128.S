/*
 * cpu.aes128Encrypt, cpu.aes128Transpose and cpu.aesSubstitute for cores with Thumb-2 (ARMv7-M and up): `_aes128.encrypt`, `_aes128.transpose` and
 * `_sbox.substitute`.
 *
 * All eight words of the two blocks stay in registers, but for eleven gates of the S-box at a time. Rotations are left to the
 * barrel shifter of the next use.
 *
 * CT: no branch and no address depends on a key or a block. The stack keeps gates of the last S-box.
 */
#if __ARM_ARCH_ISA_THUMB >= 2
  .syntax unified
  .thumb

/* The frame: gates at 0, then these, then the registers of the caller. */
#define RETURN   44
#define KEY      48
#define LAST_KEY 52
#define BLOCKS   56
#define FRAME    60

/* Load the eight words at r0. */
.macro load_words
  ldrd r7, r6, [r0]
  ldrd r5, r4, [r0, #8]
  ldrd r3, r2, [r0, #16]
  ldrd r1, r0, [r0, #24]
.endm

/* Store bits 0 to 7, where the gates leave them, at r0. */
.macro store_words
  strd r6, r9, [r0]
  strd r10, r12, [r0, #8]
  strd r8, r11, [r0, #16]
  strd r2, lr, [r0, #24]
.endm

/* Add a round's key to bits 0 to 7, and step to the next. Spoils r8 to r12. */
.macro add_key
  ldr r8, [sp, #KEY]
  ldm r8!, {r9-r12}
  eor r7, r7, r9
  eor r6, r6, r10
  eor r5, r5, r11
  eor r4, r4, r12
  ldm r8!, {r9-r12}
  eor r3, r3, r9
  eor r2, r2, r10
  eor r1, r1, r11
  eor r0, r0, r12
  str r8, [sp, #KEY]
.endm

/* \y, to be rotated by 2: the next row of \x, whose shift is still to be made; \s is the sum of both. */
.macro beside y, s, x, t
  and \t, \x, #0xfcfcfcfc
  eor \y, \x, \t
  eor \y, \y, \t, ror #8
  eor \s, \x, \y, ror #2
.endm

/* \z, to be rotated by 12: the sum two rows on, whose shifts are still to be made. */
.macro opposite z, s, t
  and \t, \s, #0xf0f0f0f0
  eor \z, \s, \t
  eor \z, \z, \t, ror #8
.endm

/* Shift the rows twice: exchange the halves of the bytes of rows 1 and 3. */
.macro shift_twice out, x, t
  eor \t, \x, \x, lsr #4
  and \t, \t, #0x0f000f00
  eor \x, \x, \t
  eor \out, \x, \t, lsl #4
.endm

/* Exchange the bits of \a under \mask << \n with those of \b under \mask. */
.macro exchange a, b, mask, n
  eor r12, \b, \a, lsr \n
  and r12, r12, \mask
  eor \b, \b, r12
  eor \a, \a, r12, lsl \n
.endm

/* void cpu_aes128_transpose(uint32_t q[8]) */
  .section .text.cpu_aes128_transpose, "ax"
  .global cpu_aes128_transpose
  .type cpu_aes128_transpose, %function
  .balign 4
cpu_aes128_transpose:
  push {r4-r8, lr}
  ldm r0, {r1-r8}
  exchange r1, r2, #0x55555555, #1
  exchange r3, r4, #0x55555555, #1
  exchange r5, r6, #0x55555555, #1
  exchange r7, r8, #0x55555555, #1
  exchange r1, r3, #0x33333333, #2
  exchange r2, r4, #0x33333333, #2
  exchange r5, r7, #0x33333333, #2
  exchange r6, r8, #0x33333333, #2
  exchange r1, r5, #0x0f0f0f0f, #4
  exchange r2, r6, #0x0f0f0f0f, #4
  exchange r3, r7, #0x0f0f0f0f, #4
  exchange r4, r8, #0x0f0f0f0f, #4
  stm r0, {r1-r8}
  pop {r4-r8, pc}
  .size cpu_aes128_transpose, . - cpu_aes128_transpose

  .section .text.cpu_aes128_encrypt, "ax"
  .type cpu_aes_gates, %function
  .balign 4
/*
 * Substitute bits 0 to 7 of all bytes, from r7, r6, r5, r4, r3, r2, r1, r0 to r6, r9, r10, r12, r8, r11, r2, lr, all but the constant. The order of the
 * gates of _sbox.ts is one in which few of them have to wait in memory.
 */
cpu_aes_gates:
  str lr, [sp, #RETURN]
  eor r8, r3, r5
  eor r9, r0, r6
  eor r2, r1, r2
  eor r10, r9, r8
  eor r11, r0, r5
  eor r4, r4, r10
  eor r12, r2, r7
  eor r5, r4, r5
  eor r4, r4, r1
  eor r6, r12, r6
  eor r1, r12, r0
  and lr, r6, r12
  str r8, [sp]
  eor r8, r5, r2
  str r12, [sp, #4]
  eor r12, r12, r3
  str r6, [sp, #8]
  eor r6, r6, r11
  str r10, [sp, #12]
  and r10, r10, r5
  str r12, [sp, #16]
  and r12, r12, r7
  str r5, [sp, #20]
  eor r5, r5, r7
  eor r12, r12, r10
  str r5, [sp, #24]
  and r5, r6, r5
  eor r3, r0, r3
  str r6, [sp, #28]
  eor r6, r4, r3
  eor r2, r2, r6
  eor r5, r5, r10
  and r10, r9, r2
  str r7, [sp, #32]
  eor r7, r7, r6
  str r1, [sp, #36]
  and r1, r1, r7
  eor r1, r1, r10
  str r7, [sp, #40]
  and r7, r11, r8
  eor lr, lr, r10
  and r10, r3, r6
  eor r0, r0, r2
  eor r7, r7, r10
  eor r1, r1, r7
  eor r1, r1, r0
  eor r12, r12, r7
  eor r0, r8, r6
  ldr r7, [sp]
  and r7, r7, r0
  eor r7, r7, r10
  eor r5, r5, r7
  eor lr, lr, r7
  eor r5, r5, r4
  eor r4, r9, r2
  eor r7, r8, r11
  eor lr, lr, r4
  eor r12, r12, r7
  eor r4, lr, r1
  and r7, r5, lr
  eor r5, r5, r12
  eor r10, r1, r7
  eor r7, r12, r7
  and r7, r7, r4
  eor r7, r7, r1
  eor r4, r10, r7
  and r1, r1, r4
  eor lr, lr, r7
  and r4, r5, r10
  eor r10, r10, r1
  eor r4, r4, r12
  eor r12, r4, r7
  and r10, r4, r10
  eor r5, r5, r10
  and r3, r12, r3
  eor r1, r1, lr
  and r6, r12, r6
  eor r10, r4, r5
  eor lr, r5, r1
  and r11, lr, r11
  eor r12, r12, lr
  and lr, lr, r8
  and r0, r12, r0
  ldr r8, [sp]
  and r12, r12, r8
  ldr r8, [sp, #8]
  and r8, r5, r8
  eor r11, r12, r11
  and r9, r10, r9
  eor r3, r3, r12
  eor r6, r6, r0
  eor r0, r0, lr
  eor r12, r7, r1
  ldr lr, [sp, #28]
  and lr, r1, lr
  and r10, r10, r2
  eor r6, r10, r6
  ldr r2, [sp, #20]
  and r2, r12, r2
  eor r2, r2, r10
  ldr r10, [sp, #12]
  and r12, r12, r10
  ldr r10, [sp, #4]
  and r5, r5, r10
  ldr r10, [sp, #24]
  and r1, r1, r10
  ldr r10, [sp, #16]
  and r10, r7, r10
  eor r10, lr, r10
  eor r12, r12, lr
  eor lr, r5, r3
  eor r0, r0, lr
  eor r12, r12, lr
  eor lr, r6, r12
  eor r1, r1, r12
  eor r5, r5, r6
  ldr r6, [sp, #40]
  and r6, r4, r6
  ldr r12, [sp, #36]
  and r4, r4, r12
  ldr r12, [sp, #32]
  and r7, r7, r12
  eor r12, r7, r6
  eor r7, r7, r9
  eor r6, r6, r8
  eor r8, r2, r1
  eor r7, r7, r2
  eor r4, r4, r7
  eor r2, r5, r8
  eor r4, r4, r0
  eor r5, r5, r4
  eor r12, r12, r1
  eor r9, r9, r6
  eor r3, r3, r7
  eor r11, r11, r5
  eor r10, r10, r4
  eor r6, r6, r3
  eor r9, r9, r0
  ldr pc, [sp, #RETURN]
  .size cpu_aes_gates, . - cpu_aes_gates

/* void cpu_aes128_encrypt(uint32_t q[8], const uint32_t schedule[88]) */
  .global cpu_aes128_encrypt
  .type cpu_aes128_encrypt, %function
  .balign 4
cpu_aes128_encrypt:
  push {r4-r11, lr}
  sub sp, #FRAME
  add r2, r1, #320
  strd r1, r2, [sp, #KEY]
  str r0, [sp, #BLOCKS]
  bl cpu_aes128_transpose
  load_words
  add_key
1:
  bl cpu_aes_gates
  /* An odd round leaves its shift of the rows to the next one; its key is shifted back. */
  beside r5, r7, lr, r4
  beside lr, r4, r2, r4
  opposite r2, r7, r3
  eor r0, r4, r5, ror #2
  eor r0, r0, r2, ror #12
  beside r5, r3, r11, r3
  opposite r4, r4, r11
  eor r1, r3, lr, ror #2
  eor r1, r1, r4, ror #12
  beside r11, lr, r8, lr
  opposite r3, r3, r8
  eor r2, lr, r5, ror #2
  eor r2, r2, r3, ror #12
  beside r8, r5, r12, r5
  opposite lr, lr, r12
  eor r3, r5, r11, ror #2
  eor r3, r3, r7
  eor r3, r3, lr, ror #12
  beside r11, r12, r10, r12
  opposite r5, r5, r10
  eor r4, r12, r8, ror #2
  eor r4, r4, r7
  eor r4, r4, r5, ror #12
  beside r8, r10, r9, r10
  opposite r12, r12, r9
  eor r5, r10, r11, ror #2
  eor r5, r5, r12, ror #12
  beside r9, r11, r6, r11
  opposite r10, r10, r12
  eor r6, r11, r8, ror #2
  eor r6, r6, r7
  eor r6, r6, r10, ror #12
  opposite r11, r11, r8
  eor r7, r7, r9, ror #2
  eor r7, r7, r11, ror #12
  add_key
  bl cpu_aes_gates
  ldrd r0, r1, [sp, #KEY]
  shift_twice r7, r6, r5
  shift_twice r6, r9, r5
  shift_twice r10, r10, r5
  shift_twice r12, r12, r5
  shift_twice r8, r8, r5
  shift_twice r11, r11, r5
  shift_twice r2, r2, r5
  shift_twice lr, lr, r5
  cmp r0, r1
  beq 2f
  eor r9, lr, lr, ror #8
  eor r5, r2, r2, ror #8
  eor r0, r5, lr, ror #8
  eor r0, r0, r9, ror #16
  eor lr, r11, r11, ror #8
  eor r1, lr, r2, ror #8
  eor r1, r1, r5, ror #16
  eor r5, r8, r8, ror #8
  eor r2, r5, r11, ror #8
  eor r2, r2, lr, ror #16
  eor r11, r12, r12, ror #8
  eor r3, r11, r8, ror #8
  eor r3, r3, r9
  eor r3, r3, r5, ror #16
  eor r8, r10, r10, ror #8
  eor r4, r8, r12, ror #8
  eor r4, r4, r9
  eor r4, r4, r11, ror #16
  eor r11, r6, r6, ror #8
  eor r5, r11, r10, ror #8
  eor r5, r5, r8, ror #16
  eor r8, r7, r7, ror #8
  eor r10, r8, r6, ror #8
  eor r10, r10, r9
  eor r6, r10, r11, ror #16
  eor r10, r9, r7, ror #8
  eor r7, r10, r8, ror #16
  add_key
  b 1b
2:
  ldm r0!, {r1, r3, r4, r5}
  eor r9, r6, r3
  eor r6, r7, r1
  eor r10, r10, r4
  eor r12, r12, r5
  ldm r0, {r1, r3, r4, r5}
  eor r8, r8, r1
  eor r11, r11, r3
  eor r2, r2, r4
  eor lr, lr, r5
  ldr r0, [sp, #BLOCKS]
  store_words
  bl cpu_aes128_transpose
  add sp, #FRAME
  pop {r4-r11, pc}
  .size cpu_aes128_encrypt, . - cpu_aes128_encrypt

/* void cpu_aes_substitute(uint32_t q[8]) */
  .global cpu_aes_substitute
  .type cpu_aes_substitute, %function
  .balign 4
cpu_aes_substitute:
  push {r4-r11, lr}
  sub sp, #FRAME
  str r0, [sp, #BLOCKS]
  load_words
  bl cpu_aes_gates
  ldr r0, [sp, #BLOCKS]
  store_words
  add sp, #FRAME
  pop {r4-r11, pc}
  .size cpu_aes_substitute, . - cpu_aes_substitute
#endif
