/** Pins of STM32F4, G0, L4 and L5 (RM0351 §8). A pin is a number: 16 times its port, A being 0, and its place there. */
#ifndef GPIO_H_
#define GPIO_H_

#include <stdint.h>

typedef struct {
  volatile uint32_t MODER;
  volatile uint32_t OTYPER;
  volatile uint32_t OSPEEDR;
  volatile uint32_t PUPDR;
  volatile uint32_t IDR;
  volatile uint32_t ODR;
  volatile uint32_t BSRR;
  volatile uint32_t LCKR;
  volatile uint32_t AFR[2];
} GPIO_TypeDef;

#define GPIO_MODER_ALTERNATE 2u
#define GPIO_PUPDR_UP        1u

/** Give a pin, whose port has its clock, to the peripheral of an alternate function; pulled up, so that an open input
 * is silent. The peripheral decides the direction. */
void pin_give(uint32_t pin, uint32_t function);
static inline void pin_output(uint32_t pin, uint32_t function) { pin_give(pin, function); }
static inline void pin_input(uint32_t pin, uint32_t function) { pin_give(pin, function); }

#endif
