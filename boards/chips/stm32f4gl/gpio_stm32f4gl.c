#include "gpio.h"

#include "chip.h"

/** Replace a field of `bits` bits, the `at`-th of its register. */
static void set(volatile uint32_t *reg, uint32_t at, uint32_t bits, uint32_t value) {
  const uint32_t shift = at * bits;
  *reg = (*reg & ~(((1u << bits) - 1) << shift)) | value << shift;
}

void pin_give(uint32_t pin, uint32_t function) {
  GPIO_TypeDef *const port = GPIO_PORT(pin / 16);
  const uint32_t at = pin % 16;
  set(&port->AFR[at / 8], at % 8, 4, function);
  set(&port->PUPDR, at, 2, GPIO_PUPDR_UP);
  set(&port->MODER, at, 2, GPIO_MODER_ALTERNATE);
}
