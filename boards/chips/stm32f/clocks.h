/** The buses that the USARTs are on. */
#ifndef CLOCKS_H_
#define CLOCKS_H_

#include <stdint.h>

/** Clocks in Hz of the module's USART, on APB1, and of the console's, on APB2. */
extern uint32_t apb1_hz, apb2_hz;

#endif
