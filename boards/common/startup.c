/** From reset to the image's main program: memory, core, stacks. */
#include "startup.h"

#include "chip.h"
#include "port.h"
#include "stack.h"

extern uint32_t __data_load[], __data_start[], __data_end[], __bss_start[], __bss_end[];

static void copy(uint32_t *to, const uint32_t *from, const uint32_t *end) {
  while (to < end)
    *to++ = *from++;
}

static void fill(uint32_t *to, const uint32_t *end, uint32_t word) {
  while (to < end)
    *to++ = word;
}

/** Begin on the handler stack, with nothing initialised; go on in thread mode on the thread stack. */
void Reset_Handler(void) {
  __disable_irq();
  copy(__data_start, __data_load, __data_end);
  fill(__bss_start, __bss_end, 0);
  fill(__stack_limit, __stack_top, STACK_PAINT);
  SystemInit();
  board_init();
  __set_PSP((uint32_t)__stack_top);
  __set_CONTROL(CONTROL_SPSEL_Msk);
  __ISB();
  __enable_irq();
  image_main();
}
