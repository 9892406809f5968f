/** Both UARTs, driven by interrupts: 0 is the module's, 1 the console. */
#include "chip.h"
#include "port.h"
#include "ring.h"

/* Pins (§1.4.3): UART0 on GPIO 0 and 1, its RTS on GPIO 3; UART1 on GPIO 4 and 5. */
enum { MODULE_TX = 0, MODULE_RX = 1, MODULE_RTS = 3, CONSOLE_TX = 4 };

static struct ring received, sending, saying;

/** The divider in sixty-fourths, rounded (§4.2.7.1). */
static uint32_t divider_of(uint32_t baud) { return (SystemCoreClock * 4 + baud / 2) / baud; }

static void start(RP_UART_TypeDef *uart, uint32_t baud, uint32_t control) {
  const uint32_t divider = divider_of(baud);
  uart->IBRD = divider >> 6;
  uart->FBRD = divider & 63u;
  uart->LCR_H = UART_LCR_H_8N1;
  uart->CR = control;
}

void board_init(void) {
  GPIO_CTRL(MODULE_TX) = GPIO_CTRL(MODULE_RX) = GPIO_CTRL(MODULE_RTS) = GPIO_CTRL(CONSOLE_TX) = GPIO_UART;
  /* A receiver without a wire must read as idle. */
  RP_CLR(GPIO_PAD(MODULE_RX), GPIO_PAD_PULLDN);
  RP_SET(GPIO_PAD(MODULE_RX), GPIO_PAD_PULLUP);
  start(RP_UART0, UART_BAUD, UART_CR_ENABLE | UART_CR_RTS);
  start(RP_UART1, CONSOLE_BAUD, UART_CR_ENABLE);
  RP_SET(RP_UART0->IMSC, UART_INT_RX | UART_INT_TIMEOUT);
  NVIC_EnableIRQ(UART0_IRQ_IRQn);
  NVIC_EnableIRQ(UART1_IRQ_IRQn);
}

uint32_t uart_baud(uint32_t baud) {
  if (baud == 0)
    baud = UART_BAUD;
  const uint32_t divider = divider_of(baud);
  if (divider < 64 || divider >> 6 > 0xffff)
    return 0;
  /* The rate may only change while the UART is off (§4.2.7.1). */
  RP_UART0->CR = 0;
  start(RP_UART0, baud, UART_CR_ENABLE | UART_CR_RTS);
  return 1;
}

/**
 * Take the received bytes; a full ring leaves bytes in the FIFO, raises RTS, and masks the interrupt until there is
 * room.
 */
static void receive(void) {
  while (!(RP_UART0->FR & UART_FR_RXFE)) {
    if (ring_full(&received)) {
      RP_CLR(RP_UART0->IMSC, UART_INT_RX | UART_INT_TIMEOUT);
      return;
    }
    ring_put(&received, (uint8_t)RP_UART0->DR);
  }
}

/** Fill the transmitter's FIFO. Its interrupt comes as it runs empty, and is wanted while there is more. Masked, or in
 * the handler. */
static void drain(RP_UART_TypeDef *uart, struct ring *ring) {
  while (!ring_empty(ring) && !(uart->FR & UART_FR_TXFF))
    uart->DR = ring_get(ring);
  if (ring_empty(ring))
    RP_CLR(uart->IMSC, UART_INT_TX);
  else
    RP_SET(uart->IMSC, UART_INT_TX);
}

void UART0_IRQ_Handler(void) {
  receive();
  drain(RP_UART0, &sending);
}

void UART1_IRQ_Handler(void) { drain(RP_UART1, &saying); }

/** Start to send the queued bytes: the interrupt comes only after a first byte. */
static void kick(RP_UART_TypeDef *uart, struct ring *ring) {
  const uint32_t masked = __get_PRIMASK();
  __disable_irq();
  drain(uart, ring);
  __set_PRIMASK(masked);
}

bool uart_ready(void) { return !ring_empty(&received); }

bool uart_sent(void) { return ring_empty(&sending) && !(RP_UART0->FR & UART_FR_BUSY); }

uint32_t uart_read(uint8_t *out, uint32_t max) {
  uint32_t taken = 0;
  while (taken < max && !ring_empty(&received))
    out[taken++] = ring_get(&received);
  RP_SET(RP_UART0->IMSC, UART_INT_RX | UART_INT_TIMEOUT);
  return taken;
}

uint32_t uart_write(const uint8_t *data, uint32_t len) {
  uint32_t taken = 0;
  while (taken < len && !ring_full(&sending))
    ring_put(&sending, data[taken++]);
  kick(RP_UART0, &sending);
  return taken;
}

void console_write(const char *text, uint32_t len) {
  for (uint32_t i = 0; i < len; i++) {
    while (ring_full(&saying))
      kick(RP_UART1, &saying);
    ring_put(&saying, (uint8_t)text[i]);
  }
  kick(RP_UART1, &saying);
}

void console_flush(void) {
  while (!ring_empty(&saying) || (RP_UART1->FR & UART_FR_BUSY))
    kick(RP_UART1, &saying);
}
