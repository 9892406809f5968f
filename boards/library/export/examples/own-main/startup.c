/* SPDX-License-Identifier: Apache-2.0 */
/* A start-up as a vendor gives it: main() on the main stack, no memory protection, no watchdog. */
#include <stdint.h>

#include "machine.h"

extern uint32_t stack_top[], data_load[], data_start[], data_end[], bss_start[], bss_end[];
int main(void);

static void Default_Handler(void) {
  for (;;) {
  }
}

void Reset_Handler(void) {
  const uint32_t *from = data_load;
  for (uint32_t *to = data_start; to < data_end;)
    *to++ = *from++;
  for (uint32_t *to = bss_start; to < bss_end;)
    *to++ = 0;
  main();
  for (;;) {
  }
}

__attribute__((section(".vectors"), used)) static void (*const vectors[])(void) = {
    [0] = (void (*)(void))stack_top,
    [1] = Reset_Handler,
    [2] = Default_Handler,
    [3] = Default_Handler,
    [4] = Default_Handler,
    [5] = Default_Handler,
    [6] = Default_Handler,
    [11] = Default_Handler,
    [12] = Default_Handler,
    [14] = Default_Handler,
    INTERRUPTS,
};
