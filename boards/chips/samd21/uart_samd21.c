/**
 * Two USARTs, driven by interrupts: the module's, whose RTS asks it to wait while there is no room, and the console's.
 */
#include "chip.h"
#include "port.h"
#include "power.h"
#include "ring.h"

/** One direction of a USART. TXC is 0 before the first byte: nothing was queued yet, so nothing is under way. */
struct sender {
  SERCOM_TypeDef *const sercom;
  bool used;
  struct ring ring;
};

static struct ring received;
static struct sender module = {.sercom = MODULE_SERCOM}, console = {.sercom = CONSOLE_SERCOM};

/** BAUD for sixteen samples a bit ("Clock Generation - Baud-Rate Generator", asynchronous arithmetic). */
#define BAUD_OF(rate) ((uint16_t)(65536u - (65536ull * 16 * (rate) + CLOCK_HZ / 2) / CLOCK_HZ))

static void pin(uint32_t number, uint32_t mux, uint32_t config) {
  PORT_TypeDef *const group = PORT_GROUP(number);
  const uint32_t place = number % 32, shift = place % 2 * 4;
  group->PMUX[place / 2] = (uint8_t)((group->PMUX[place / 2] & ~(15u << shift)) | mux << shift);
  group->PINCFG[place] = (uint8_t)(PORT_PINCFG_PMUXEN | config);
}

/** A receiver without a wire reads as idle, and an open CTS as clear to send. */
static void pins(void) {
  PORT_GROUP(MODULE_RX_PIN)->OUTSET = 1u << MODULE_RX_PIN % 32;
  PORT_GROUP(MODULE_CTS_PIN)->OUTCLR = 1u << MODULE_CTS_PIN % 32;
  pin(MODULE_TX_PIN, MODULE_MUX, 0);
  pin(MODULE_RX_PIN, MODULE_MUX, PORT_PINCFG_INEN | PORT_PINCFG_PULLEN);
  pin(MODULE_RTS_PIN, MODULE_MUX, 0);
  pin(MODULE_CTS_PIN, MODULE_MUX, PORT_PINCFG_INEN | PORT_PINCFG_PULLEN);
  pin(CONSOLE_TX_PIN, CONSOLE_MUX, 0);
}

static void start(SERCOM_TypeDef *sercom, uint32_t pads, uint32_t directions, uint16_t baud) {
  sercom->CTRLA = SERCOM_CTRLA_USART | SERCOM_CTRLA_DORD | SERCOM_CTRLA_RXPO_1 | pads;
  sercom->CTRLB = directions;
  sercom->BAUD = baud;
  while (sercom->SYNCBUSY)
    continue;
  sercom->CTRLA |= SERCOM_CTRLA_ENABLE;
  while (sercom->SYNCBUSY)
    continue;
}

void board_init(void) {
  pins();
  start(MODULE_SERCOM, SERCOM_CTRLA_TXPO_0_2_3, SERCOM_CTRLB_TXEN | SERCOM_CTRLB_RXEN, BAUD_OF(UART_BAUD));
  start(CONSOLE_SERCOM, SERCOM_CTRLA_TXPO_0, SERCOM_CTRLB_TXEN, BAUD_OF(CONSOLE_BAUD));
  MODULE_SERCOM->INTENSET = SERCOM_INT_RXC;
  NVIC_EnableIRQ(MODULE_IRQn);
  NVIC_EnableIRQ(CONSOLE_IRQn);
  power_watch();
}

/** Take the received bytes; a full ring leaves bytes in the receiver, which raises RTS, and masks the interrupt. */
static void receive(void) {
  MODULE_SERCOM->STATUS = SERCOM_STATUS_ERRORS;
  while (MODULE_SERCOM->INTFLAG & SERCOM_INT_RXC) {
    if (ring_full(&received)) {
      MODULE_SERCOM->INTENCLR = SERCOM_INT_RXC;
      return;
    }
    ring_put(&received, (uint8_t)MODULE_SERCOM->DATA);
  }
}

/** Move bytes to the transmitter while it takes them; its interrupt is wanted while there are more. Masked, or in the
 * handler. */
static void drain(struct sender *sender) {
  while (!ring_empty(&sender->ring) && (sender->sercom->INTFLAG & SERCOM_INT_DRE)) {
    sender->sercom->DATA = ring_get(&sender->ring);
    sender->used = true;
  }
  if (ring_empty(&sender->ring))
    sender->sercom->INTENCLR = SERCOM_INT_DRE;
  else
    sender->sercom->INTENSET = SERCOM_INT_DRE;
}

void MODULE_Handler(void) {
  receive();
  drain(&module);
}

void CONSOLE_Handler(void) { drain(&console); }

static void kick(struct sender *sender) {
  const uint32_t masked = __get_PRIMASK();
  __disable_irq();
  drain(sender);
  __set_PRIMASK(masked);
}

static bool is_idle(const struct sender *sender) {
  return ring_empty(&sender->ring) && (!sender->used || (sender->sercom->INTFLAG & SERCOM_INT_TXC));
}

bool uart_ready(void) { return !ring_empty(&received); }

bool uart_sent(void) { return is_idle(&module); }

uint32_t uart_read(uint8_t *out, uint32_t max) {
  uint32_t taken = 0;
  while (taken < max && !ring_empty(&received))
    out[taken++] = ring_get(&received);
  MODULE_SERCOM->INTENSET = SERCOM_INT_RXC;
  return taken;
}

uint32_t uart_write(const uint8_t *data, uint32_t len) {
  uint32_t taken = 0;
  while (taken < len && !ring_full(&module.ring))
    ring_put(&module.ring, data[taken++]);
  kick(&module);
  return taken;
}

void console_write(const char *text, uint32_t len) {
  for (uint32_t i = 0; i < len; i++) {
    while (ring_full(&console.ring))
      kick(&console);
    ring_put(&console.ring, (uint8_t)text[i]);
  }
  kick(&console);
}

void console_flush(void) {
  while (!is_idle(&console))
    kick(&console);
}
