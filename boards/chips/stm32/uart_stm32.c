/**
 * Two USARTs, driven by interrupts: the module's, whose RTS asks it to wait while there is no room, and the console's.
 * What differs between families is in their `usart.h`.
 */
#include "chip.h"
#include "port.h"
#include "power.h"
#include "ring.h"
#include "usart.h"

static struct ring received, sending, saying;

void board_init(void) {
  usarts_clock();
  pin_output(MODULE_TX_PIN, MODULE_FUNCTION);
  pin_input(MODULE_RX_PIN, MODULE_FUNCTION);
  pin_output(MODULE_RTS_PIN, MODULE_FUNCTION);
  pin_output(CONSOLE_TX_PIN, CONSOLE_FUNCTION);
  usarts_set_up();
  MODULE_USART->CR1 = USART_CR1_UE | USART_CR1_RE | USART_CR1_TE | USART_CR1_RXNEIE;
  CONSOLE_USART->CR1 = USART_CR1_UE | USART_CR1_TE;
  NVIC_EnableIRQ(MODULE_IRQn);
  NVIC_EnableIRQ(CONSOLE_IRQn);
  power_watch();
}

/**
 * Take the received byte; a full ring leaves the byte in the register, which raises RTS, and masks the interrupt. Where
 * an overrun raises an interrupt too, it does so until both registers were read.
 */
static void receive(void) {
  for (uint32_t status; (status = usart_status(MODULE_USART)) & SERIAL_INTERRUPTS;) {
    if (ring_full(&received)) {
      MODULE_USART->CR1 &= ~USART_CR1_RXNEIE;
      return;
    }
    const uint8_t byte = usart_take(MODULE_USART);
    if (status & SERIAL_RECEIVED)
      ring_put(&received, byte);
  }
}

/** Move bytes to the transmitter while it takes them; its interrupt is wanted while there are more. Masked, or in the
 * handler. */
static void drain(USART_TypeDef *usart, struct ring *ring) {
  while (!ring_empty(ring) && (usart_status(usart) & SERIAL_ROOM))
    usart_give(usart, ring_get(ring));
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

bool uart_sent(void) { return ring_empty(&sending) && (usart_status(MODULE_USART) & SERIAL_SENT); }

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
  while (!ring_empty(&saying) || !(usart_status(CONSOLE_USART) & SERIAL_SENT))
    kick(CONSOLE_USART, &saying);
}
