#include "usart.h"

#include "clocks.h"
#include "port.h"

static uint32_t divider(uint32_t hz, uint32_t baud) { return (hz + baud / 2) / baud; }

void usarts_set_up(void) {
  MODULE_USART->BRR = divider(apb1_hz, UART_BAUD);
  MODULE_USART->CR3 = USART_CR3_RTSE;
  CONSOLE_USART->BRR = divider(apb2_hz, CONSOLE_BAUD);
}
