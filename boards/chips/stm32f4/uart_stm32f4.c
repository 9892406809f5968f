/** Two USARTs, driven by interrupts: the module's, whose RTS asks it to wait while there is no room, and the console's.
 */
#include "chip.h"
#include "clocks.h"
#include "port.h"
#include "power.h"
#include "ring.h"

static struct ring received, sending, saying;

static uint32_t divider(uint32_t hz, uint32_t baud) { return (hz + baud / 2) / baud; }

void board_init(void) {
  RCC->AHB1ENR |= RCC_AHB1ENR_GPIO(MODULE_TX_PIN) | RCC_AHB1ENR_GPIO(MODULE_RX_PIN) | RCC_AHB1ENR_GPIO(MODULE_RTS_PIN) |
                  RCC_AHB1ENR_GPIO(CONSOLE_TX_PIN);
  RCC->APB1ENR |= RCC_APB1ENR_USART3EN;
  RCC->APB2ENR |= RCC_APB2ENR_USART6EN;
  pin_give(MODULE_TX_PIN, MODULE_FUNCTION);
  pin_give(MODULE_RX_PIN, MODULE_FUNCTION);
  pin_give(MODULE_RTS_PIN, MODULE_FUNCTION);
  pin_give(CONSOLE_TX_PIN, CONSOLE_FUNCTION);
  MODULE_USART->BRR = divider(apb1_hz, UART_BAUD);
  MODULE_USART->CR3 = USART_CR3_RTSE;
  MODULE_USART->CR1 = USART_CR1_UE | USART_CR1_RE | USART_CR1_TE | USART_CR1_RXNEIE;
  CONSOLE_USART->BRR = divider(apb2_hz, CONSOLE_BAUD);
  CONSOLE_USART->CR1 = USART_CR1_UE | USART_CR1_TE;
  NVIC_EnableIRQ(MODULE_IRQn);
  NVIC_EnableIRQ(CONSOLE_IRQn);
  power_watch();
}

/**
 * Take what was received; a full ring leaves the byte in the register, which raises RTS, and masks the interrupt. An
 * overrun interrupts too, until both registers were read.
 */
static void receive(void) {
  for (uint32_t status; (status = MODULE_USART->SR) & (USART_SR_RXNE | USART_SR_ORE);) {
    if (ring_full(&received)) {
      MODULE_USART->CR1 &= ~USART_CR1_RXNEIE;
      return;
    }
    const uint8_t byte = (uint8_t)MODULE_USART->DR;
    if (status & USART_SR_RXNE)
      ring_put(&received, byte);
  }
}

/** Move bytes to the transmitter while it takes them; its interrupt is wanted while there are more. Masked, or in the
 * handler. */
static void drain(USART_TypeDef *usart, struct ring *ring) {
  while (!ring_empty(ring) && (usart->SR & USART_SR_TXE))
    usart->DR = ring_get(ring);
  if (ring_empty(ring))
    usart->CR1 &= ~USART_CR1_TXEIE;
  else
    usart->CR1 |= USART_CR1_TXEIE;
}

void MODULE_Handler(void) {
  receive();
  drain(MODULE_USART, &sending);
}

void CONSOLE_Handler(void) { drain(CONSOLE_USART, &saying); }

static void kick(USART_TypeDef *usart, struct ring *ring) {
  const uint32_t masked = __get_PRIMASK();
  __disable_irq();
  drain(usart, ring);
  __set_PRIMASK(masked);
}

bool uart_ready(void) { return !ring_empty(&received); }

bool uart_sent(void) { return ring_empty(&sending) && (MODULE_USART->SR & USART_SR_TC); }

uint32_t uart_read(uint8_t *out, uint32_t max) {
  uint32_t taken = 0;
  while (taken < max && !ring_empty(&received))
    out[taken++] = ring_get(&received);
  const uint32_t masked = __get_PRIMASK();
  __disable_irq();
  MODULE_USART->CR1 |= USART_CR1_RXNEIE;
  __set_PRIMASK(masked);
  return taken;
}

uint32_t uart_write(const uint8_t *data, uint32_t len) {
  uint32_t taken = 0;
  while (taken < len && !ring_full(&sending))
    ring_put(&sending, data[taken++]);
  kick(MODULE_USART, &sending);
  return taken;
}

void console_write(const char *text, uint32_t len) {
  for (uint32_t i = 0; i < len; i++) {
    while (ring_full(&saying))
      kick(CONSOLE_USART, &saying);
    ring_put(&saying, (uint8_t)text[i]);
  }
  kick(CONSOLE_USART, &saying);
}

void console_flush(void) {
  while (!ring_empty(&saying) || !(CONSOLE_USART->SR & USART_SR_TC))
    kick(CONSOLE_USART, &saying);
}
