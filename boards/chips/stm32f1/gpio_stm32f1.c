#include "gpio.h"

#include "chip.h"

static void set_mode(uint32_t pin, uint32_t mode) {
  volatile uint32_t *const reg = &GPIO_PORT(pin / 16)->CR[pin % 16 / 8];
  const uint32_t shift = pin % 8 * 4;
  *reg = (*reg & ~(15u << shift)) | mode << shift;
}

void pin_output(uint32_t pin, uint32_t function) {
  (void)function;
  set_mode(pin, GPIO_ALTERNATE);
}

void pin_input(uint32_t pin, uint32_t function) {
  (void)function;
  GPIO_PORT(pin / 16)->BSRR = 1u << pin % 16; /* of an input: pull up, not down (§9.1.1) */
  set_mode(pin, GPIO_INPUT_PULLED);
}
