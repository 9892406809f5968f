#include "usart.h"

#include "clocks.h"
#include "port.h"

static uint32_t divider(uint32_t hz, uint32_t baud) { return (hz + baud / 2) / baud; }

void usarts_clock(void) {
  RCC->AHB1ENR |= RCC_AHB1ENR_GPIO(MODULE_TX_PIN) | RCC_AHB1ENR_GPIO(MODULE_RX_PIN) | RCC_AHB1ENR_GPIO(MODULE_RTS_PIN) |
                  RCC_AHB1ENR_GPIO(CONSOLE_TX_PIN);
  RCC->APB1ENR |= RCC_APB1ENR_USART3EN;
  RCC->APB2ENR |= RCC_APB2ENR_USART6EN;
}

void usarts_set_up(void) {
  MODULE_USART->BRR = divider(apb1_hz, UART_BAUD);
  MODULE_USART->CR3 = USART_CR3_RTSE;
  CONSOLE_USART->BRR = divider(apb2_hz, CONSOLE_BAUD);
}
