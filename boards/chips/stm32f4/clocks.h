/** The buses that the USARTs are on. */
#ifndef CLOCKS_H_
#define CLOCKS_H_

#include <stdint.h>

/** How many Hz the module's USART is given, on APB1, and the console's, on APB2. */
extern uint32_t apb1_hz, apb2_hz;

#endif
