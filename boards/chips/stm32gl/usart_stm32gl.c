#include "usart.h"

#include "port.h"

void usarts_clock(void) {
  RCC->AHB2ENR |= RCC_AHB2ENR_GPIO(MODULE_TX_PIN) | RCC_AHB2ENR_GPIO(MODULE_RX_PIN) | RCC_AHB2ENR_GPIO(MODULE_RTS_PIN) |
                  RCC_AHB2ENR_GPIO(CONSOLE_TX_PIN);
  usarts_on();
}

void usarts_set_up(void) {
  MODULE_USART->BRR = MODULE_BRR;
  MODULE_USART->CR3 = USART_CR3_RTSE | USART_CR3_OVRDIS;
  CONSOLE_USART->BRR = CONSOLE_BRR;
}
