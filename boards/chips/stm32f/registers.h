/**
 * The registers that STM32F1 and F4 have in common, RM0008 (F1), whose sections are cited, and RM0090 (F4). A chip.h
 * has the base of each peripheral.
 */
#ifndef REGISTERS_H_
#define REGISTERS_H_

#include <stdint.h>

/** USART (§27.6). */
typedef struct {
  volatile uint32_t SR;
  volatile uint32_t DR;
  volatile uint32_t BRR;
  volatile uint32_t CR1;
  volatile uint32_t CR2;
  volatile uint32_t CR3;
} USART_TypeDef;

#define USART_SR_ORE     (1u << 3)
#define USART_SR_RXNE    (1u << 5)
#define USART_SR_TC      (1u << 6)
#define USART_SR_TXE     (1u << 7)
#define USART_CR1_RE     (1u << 2)
#define USART_CR1_TE     (1u << 3)
#define USART_CR1_RXNEIE (1u << 5)
#define USART_CR1_TXEIE  (1u << 7)
#define USART_CR1_UE     (1u << 13)
#define USART_CR3_RTSE   (1u << 8)

/** Power (§5.4). */
#define PWR_CR_PVDE (1u << 4)
/** The line of EXTI that the supply's detector is on (§10.2.5). */
#define EXTI_PVD (1u << 16)

#endif
