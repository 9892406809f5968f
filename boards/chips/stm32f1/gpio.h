/** Pins of STM32F1 (RM0008 §9.2). A pin is a number: 16 times its port, A being 0, and its place there. */
#ifndef GPIO_H_
#define GPIO_H_

#include <stdint.h>

typedef struct {
  volatile uint32_t CR[2]; /* CRL, CRH */
  volatile uint32_t IDR;
  volatile uint32_t ODR;
  volatile uint32_t BSRR;
} GPIO_TypeDef;

/* Modes of a pin, four bits: CNF and MODE. */
#define GPIO_INPUT_PULLED 8u
#define GPIO_ALTERNATE    9u /* push-pull, up to 10 MHz */

/** The peripheral of a pin is fixed, or chosen by AFIO, which stays as after a reset. */
#define MODULE_FUNCTION  0u
#define CONSOLE_FUNCTION 0u

/** Let a pin's peripheral drive it; its port has its clock. */
void pin_output(uint32_t pin, uint32_t function);
/** Let a pin be its peripheral's input; pulled up, so that an open input is silent. */
void pin_input(uint32_t pin, uint32_t function);

#endif
