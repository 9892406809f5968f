/*
 * The second stage of the boot (§2.8.1): the bootrom copies the first 256 bytes of flash to RAM, checks the CRC-32 in the
 * last four of them, which the build fills in, and runs the copy. It lets flash be read as memory and starts the image that
 * follows. Position-independent: no literal is addressed but relative to the program counter.
 *
 * A caller with a return address, such as the flash loader of some debuggers, gets control back.
 */
#include "xip.h"

  .syntax unified
  .cpu    cortex-m0plus
  .thumb

  .section .boot2, "ax"
  .global boot2
  .thumb_func
boot2:
  push  {lr}
  ldr   r3, =SSI_BASE
  movs  r0, #0
  str   r0, [r3, #SSI_SSIENR]
  movs  r1, #XIP_BAUDR
  str   r1, [r3, #SSI_BAUDR]
  ldr   r1, =XIP_CTRLR0
  str   r1, [r3, #SSI_CTRLR0]
  str   r0, [r3, #SSI_CTRLR1]
  ldr   r1, =XIP_SPI_CTRLR0
  ldr   r2, =SSI_BASE + SSI_SPI_CTRLR0
  str   r1, [r2]
  movs  r0, #1
  str   r0, [r3, #SSI_SSIENR]
  pop   {r0}
  cmp   r0, #0
  beq   1f
  bx    r0

  /* The image's vector table: its stack, its first instruction. */
1:
  ldr   r0, =0x10000100
  ldr   r1, =0xe000ed08
  str   r0, [r1]
  ldr   r1, [r0]
  msr   msp, r1
  ldr   r0, [r0, #4]
  bx    r0
  .ltorg

  .org  boot2 + 252
  .word 0 /* the checksum */
