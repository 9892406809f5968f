/** USARTs of STM32G0, L4 and L5: one register for each direction, and overruns are not reported (RM0351, RM0438,
 * RM0444). */
#ifndef USART_H_
#define USART_H_

#include <stdint.h>

#include "chip.h"

#define SERIAL_RECEIVED   USART_ISR_RXNE
#define SERIAL_INTERRUPTS USART_ISR_RXNE
#define SERIAL_ROOM       USART_ISR_TXE
#define SERIAL_SENT       USART_ISR_TC

static inline uint32_t usart_status(const USART_TypeDef *usart) { return usart->ISR; }
static inline uint8_t usart_take(const USART_TypeDef *usart) { return (uint8_t)usart->RDR; }
static inline void usart_give(USART_TypeDef *usart, uint8_t byte) { usart->TDR = byte; }

/** Give both USARTs and their pins a clock; then, once the pins are theirs, their baud rates and the module's RTS. */
void usarts_clock(void);
void usarts_set_up(void);

#endif
