/** The console is UARTE1, which reads its output from RAM by itself (EasyDMA). */
#include "chip.h"
#include "noise.h"
#include "port.h"
#include "power.h"
#include "ring.h"
#include "uart.h"

static struct ring saying;
/** Bytes at the ring's tail that are being sent. */
static volatile uint32_t under_way;

static void console_start(void) {
  GPIO_OUTSET(CONSOLE_TX_PIN) = GPIO_BIT(CONSOLE_TX_PIN);
  GPIO_PIN_CNF(CONSOLE_TX_PIN) = GPIO_OUTPUT;
  UARTE1_PSELTXD = CONSOLE_TX_PIN;
  UARTE1_BAUDRATE = UARTE_BAUD_115200;
  UARTE1_ENABLE = UARTE_ENABLED;
  UARTE1_INTENSET = UARTE_INT_ENDTX;
  NVIC_EnableIRQ(UARTE1_IRQn);
}

void board_init(void) {
  uart_start();
  console_start();
  entropy_start();
  power_watch();
}

/** Drop the sent bytes, and send the next ones, up to the end of the ring. Masked, or in the handler. */
static void go_on(void) {
  if (under_way > 0 && UARTE1_ENDTX == 0)
    return;
  UARTE1_ENDTX = 0;
  saying.tail = (saying.tail + under_way) & (RING_BYTES - 1);
  under_way = (saying.head >= saying.tail ? saying.head : RING_BYTES) - saying.tail;
  if (under_way == 0)
    return;
  UARTE1_TXDPTR = (uint32_t)&saying.bytes[saying.tail];
  UARTE1_TXDMAXCNT = under_way;
  UARTE1_STARTTX = 1;
}

void UARTE1_Handler(void) { go_on(); }

static void kick(void) {
  const uint32_t masked = __get_PRIMASK();
  __disable_irq();
  go_on();
  __set_PRIMASK(masked);
}

void console_write(const char *text, uint32_t len) {
  for (uint32_t i = 0; i < len; i++) {
    while (ring_full(&saying))
      kick();
    ring_put(&saying, (uint8_t)text[i]);
  }
  kick();
}

void console_flush(void) {
  while (!ring_empty(&saying))
    kick();
}
