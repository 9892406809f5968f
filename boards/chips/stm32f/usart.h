/** The USARTs of STM32F1 and F4: one data register for both directions (RM0008 §27.6.2). */
#ifndef USART_H_
#define USART_H_

#include <stdint.h>

#include "chip.h"

#define SERIAL_RECEIVED   USART_SR_RXNE
#define SERIAL_INTERRUPTS (USART_SR_RXNE | USART_SR_ORE)
#define SERIAL_ROOM       USART_SR_TXE
#define SERIAL_SENT       USART_SR_TC

static inline uint32_t usart_status(const USART_TypeDef *usart) { return usart->SR; }
static inline uint8_t usart_take(const USART_TypeDef *usart) { return (uint8_t)usart->DR; }
static inline void usart_give(USART_TypeDef *usart, uint8_t byte) { usart->DR = byte; }

/** Give both USARTs and their pins a clock; then, once the pins are theirs, their baud rates and the module's RTS. */
void usarts_clock(void);
void usarts_set_up(void);

#endif
