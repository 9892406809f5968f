/** From reset to the image's main program: memory, core, stacks. */
#include "startup.h"

#include "chip.h"
#include "port.h"
#include "protect.h"
#include "stack.h"

extern uint32_t __ram_code_load[], __ram_code_start[], __ram_code_end[];
extern uint32_t __data_load[], __data_start[], __data_end[], __bss_start[], __bss_end[];

static void copy(uint32_t *to, const uint32_t *from, const uint32_t *end) {
  while (to < end)
    *to++ = *from++;
}

static void fill(uint32_t *to, const uint32_t *end, uint32_t word) {
  while (to < end)
    *to++ = word;
}

/** Tell cores that can watch it where each stack ends (ARMv8-M ARM B3.21). A fault handler does without the second. */
static void limit_stacks(void) {
#ifdef __ARM_ARCH_8M_MAIN__
  __set_PSPLIM((uint32_t)__stack_limit);
  __set_MSPLIM((uint32_t)__handler_stack_limit);
#endif
}

/** Begin on the handler stack, with nothing initialised; continue in thread mode on the thread stack. */
void Reset_Handler(void) {
  __disable_irq();
  copy(__ram_code_start, __ram_code_load, __ram_code_end);
  copy(__data_start, __data_load, __data_end);
  fill(__bss_start, __bss_end, 0);
  fill(__stack_limit, __stack_top, STACK_PAINT);
  __handler_stack_limit[0] = STACK_PAINT;
  SystemInit();
  protect_enable();
  board_init();
  __set_PSP((uint32_t)__stack_top);
  limit_stacks();
  __set_CONTROL(CONTROL_SPSEL_Msk);
  __ISB();
  __enable_irq();
  image_main();
}
