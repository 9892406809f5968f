/*
 * Division for cores without the instruction (ARMv6-M), by the names that the compiler calls (Run-time ABI for the Arm
 * Architecture, section 4.3.1): bit by bit and small, since nothing divides often. The compiler's library takes ten times
 * the flash.
 *
 * A division by 0 gives 0xffffffff and the dividend; the guest's words trap before it.
 *
 * CT: operands and result leak.
 */
#if __ARM_ARCH_ISA_THUMB == 1
  .syntax unified
  .thumb

/*
 * r0 = r0 / r1, and r1 = the remainder. Spoils r2, r3.
 *
 * Bounds: before its last step the remainder is at most half of the dividend, so that its double keeps to 32 bits.
 */
  .section .text.__aeabi_uidiv, "ax"
  .global __aeabi_uidiv, __aeabi_uidivmod
  .type __aeabi_uidiv, %function
  .type __aeabi_uidivmod, %function
  .balign 4
__aeabi_uidiv:
__aeabi_uidivmod:
  movs r2, #32
  movs r3, #0
1:
  adds r0, r0
  adcs r3, r3
  cmp r3, r1
  bcc 2f
  subs r3, r1
  adds r0, #1
2:
  subs r2, #1
  bne 1b
  movs r1, r3
  bx lr
  .size __aeabi_uidiv, . - __aeabi_uidiv
  .size __aeabi_uidivmod, . - __aeabi_uidivmod

/* The same with signs: the quotient is cut towards 0, and the remainder has the sign of the dividend. */
  .section .text.__aeabi_idiv, "ax"
  .global __aeabi_idiv, __aeabi_idivmod
  .type __aeabi_idiv, %function
  .type __aeabi_idivmod, %function
  .balign 4
__aeabi_idiv:
__aeabi_idivmod:
  push {r4, r5, r6, lr}
  asrs r4, r0, #31
  asrs r5, r1, #31
  eors r0, r4
  subs r0, r4
  eors r1, r5
  subs r1, r5
  bl __aeabi_uidivmod
  eors r5, r4
  eors r0, r5
  subs r0, r5
  eors r1, r4
  subs r1, r4
  pop {r4, r5, r6, pc}
  .size __aeabi_idiv, . - __aeabi_idiv
  .size __aeabi_idivmod, . - __aeabi_idivmod
#endif
