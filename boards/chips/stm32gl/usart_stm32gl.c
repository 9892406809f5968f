#include "usart.h"

#include "port.h"

void usarts_clock(void) {
  PIN_CLOCKS |=
      PIN_CLOCK(MODULE_TX_PIN) | PIN_CLOCK(MODULE_RX_PIN) | PIN_CLOCK(MODULE_RTS_PIN) | PIN_CLOCK(CONSOLE_TX_PIN);
  usarts_on();
}

void usarts_set_up(void) {
  MODULE_USART->BRR = MODULE_BRR;
  MODULE_USART->CR3 = USART_CR3_RTSE | USART_CR3_OVRDIS;
  CONSOLE_USART->BRR = CONSOLE_BRR;
}
