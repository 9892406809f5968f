/** UART0 is the module's. */
#include "uart.h"

#include <stddef.h>

#include "chip.h"
#include "port.h"
#include "ring.h"

static struct ring received, sending;
static volatile bool transmitting;

/** Set the pins for a UART that is off (§29.9); a receiver without a wire must read as idle. */
static void start_pins(void) {
  GPIO_OUTSET(UART_TX_PIN) = GPIO_BIT(UART_TX_PIN);
  GPIO_PIN_CNF(UART_TX_PIN) = GPIO_OUTPUT;
  GPIO_PIN_CNF(UART_RX_PIN) = GPIO_INPUT_PULLUP;
}

void uart_start(void) {
  start_pins();
  UART_PSELTXD = UART_TX_PIN;
  UART_PSELRXD = UART_RX_PIN;
  UART_BAUDRATE = UART_BAUD_115200;
  UART_ENABLE = UART_ENABLED;
  UART_INTENSET = UART_INT_RXDRDY | UART_INT_TXDRDY;
  UART_STARTRX = 1;
  UART_STARTTX = 1;
  NVIC_EnableIRQ(UART0_IRQn);
}

/** Give the transmitter its next byte. Interrupts cannot come between: called with them masked, or from the handler.
 */
static void send_next(void) {
  transmitting = !ring_empty(&sending);
  if (transmitting)
    UART_TXD = ring_get(&sending);
}

/** Take the received bytes; a full ring leaves bytes in the chip's FIFO and masks the interrupt until there is room. */
static void receive(void) {
  while (UART_RXDRDY) {
    if (ring_full(&received)) {
      NVIC_DisableIRQ(UART0_IRQn);
      return;
    }
    UART_RXDRDY = 0;
    ring_put(&received, (uint8_t)UART_RXD);
  }
}

void UART0_Handler(void) {
  if (UART_TXDRDY) {
    UART_TXDRDY = 0;
    send_next();
  }
  receive();
}

/** Look whether the transmitter is ready. QEMU 7.2 does not interrupt when it becomes so after its socket was full. */
static void pump(void) {
  const uint32_t masked = __get_PRIMASK();
  __disable_irq();
  if (!transmitting || UART_TXDRDY) {
    UART_TXDRDY = 0;
    send_next();
  }
  __set_PRIMASK(masked);
}

bool uart_ready(void) {
  pump();
  return !ring_empty(&received);
}

bool uart_sent(void) {
  pump();
  return !transmitting;
}

uint32_t uart_read(uint8_t *out, uint32_t max) {
  uint32_t taken = 0;
  while (taken < max && !ring_empty(&received))
    out[taken++] = ring_get(&received);
  NVIC_EnableIRQ(UART0_IRQn);
  return taken;
}

uint32_t uart_write(const uint8_t *data, uint32_t len) {
  uint32_t taken = 0;
  while (taken < len && !ring_full(&sending))
    ring_put(&sending, data[taken++]);
  pump();
  return taken;
}
