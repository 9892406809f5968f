/** Both UARTs, driven by interrupts: 0 is the module's, 1 the console. */
#include "chip.h"
#include "port.h"
#include "ring.h"

static struct ring received, sending, saying;

static void start(CMSDK_UART_TypeDef *uart, uint32_t baud, uint32_t control) {
  uart->BAUDDIV = SystemCoreClock / baud;
  uart->CTRL = control;
}

void board_init(void) {
  start(CMSDK_UART0, UART_BAUD,
        CMSDK_UART_CTRL_TXEN | CMSDK_UART_CTRL_RXEN | CMSDK_UART_CTRL_TXIRQEN | CMSDK_UART_CTRL_RXIRQEN);
  start(CMSDK_UART1, CONSOLE_BAUD, CMSDK_UART_CTRL_TXEN | CMSDK_UART_CTRL_TXIRQEN);
  NVIC_EnableIRQ(UART0RX_IRQn);
  NVIC_EnableIRQ(UART0TX_IRQn);
  NVIC_EnableIRQ(UART1TX_IRQn);
}

uint32_t uart_baud(uint32_t baud) {
  const uint32_t divider = SystemCoreClock / (baud ? baud : UART_BAUD);
  /* The receiver samples a bit sixteen times. */
  if (divider < 16)
    return 0;
  CMSDK_UART0->BAUDDIV = divider;
  return 1;
}

/** A full ring leaves the byte in the register and masks the interrupt: `uart_read` makes room and unmasks it. */
void UART0RX_Handler(void) {
  CMSDK_UART0->INTSTATUS = CMSDK_UART_INT_RX;
  while (CMSDK_UART0->STATE & CMSDK_UART_STATE_RXBF) {
    if (ring_full(&received)) {
      NVIC_DisableIRQ(UART0RX_IRQn);
      return;
    }
    ring_put(&received, (uint8_t)CMSDK_UART0->DATA);
  }
}

bool uart_ready(void) { return !ring_empty(&received); }

bool uart_sent(void) { return ring_empty(&sending); }

uint32_t uart_read(uint8_t *out, uint32_t max) {
  uint32_t taken = 0;
  while (taken < max && !ring_empty(&received))
    out[taken++] = ring_get(&received);
  if (!NVIC_GetEnableIRQ(UART0RX_IRQn)) {
    NVIC_SetPendingIRQ(UART0RX_IRQn);
    NVIC_EnableIRQ(UART0RX_IRQn);
  }
  return taken;
}

/** Move bytes to the transmitter while it takes them; its interrupt comes when it can take the next. */
static void drain(CMSDK_UART_TypeDef *uart, struct ring *ring) {
  uart->INTSTATUS = CMSDK_UART_INT_TX;
  while (!ring_empty(ring) && !(uart->STATE & CMSDK_UART_STATE_TXBF))
    uart->DATA = ring_get(ring);
}

void UART0TX_Handler(void) { drain(CMSDK_UART0, &sending); }

void UART1TX_Handler(void) { drain(CMSDK_UART1, &saying); }

uint32_t uart_write(const uint8_t *data, uint32_t len) {
  uint32_t taken = 0;
  while (taken < len && !ring_full(&sending))
    ring_put(&sending, data[taken++]);
  if (taken > 0)
    NVIC_SetPendingIRQ(UART0TX_IRQn);
  return taken;
}

void console_write(const char *text, uint32_t len) {
  for (uint32_t i = 0; i < len; i++) {
    while (ring_full(&saying))
      NVIC_SetPendingIRQ(UART1TX_IRQn);
    ring_put(&saying, (uint8_t)text[i]);
  }
  NVIC_SetPendingIRQ(UART1TX_IRQn);
}

void console_flush(void) {
  NVIC_DisableIRQ(UART1TX_IRQn);
  while (!ring_empty(&saying))
    drain(CMSDK_UART1, &saying);
  while (CMSDK_UART1->STATE & CMSDK_UART_STATE_TXBF)
    continue;
}
