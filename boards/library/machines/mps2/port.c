/* SPDX-License-Identifier: Apache-2.0 */
/* The port of this example: the UARTs of Arm's MPS2 boards by interrupt, and a store in their RAM. */
#include <string.h>

#include "machine.h"
#include "signet_port.h"

typedef struct {
  volatile uint32_t data, state, control, interrupt, divisor;
} uart;

#define MODULE      ((uart *)MODULE_UART)
#define CONSOLE     ((uart *)CONSOLE_UART)
#define TICK        ((volatile uint32_t *)0xe000e010u)
#define ENABLE      ((volatile uint32_t *)0xe000e100u)
#define QUEUE_BYTES 1024u

/** A queue with one writer and one reader, of which one is an interrupt. */
static struct queue {
  uint8_t bytes[QUEUE_BYTES];
  volatile uint32_t in, out;
} received, waiting;

static volatile uint32_t ticks;

void port_begin(void);

void SysTick_Handler(void) { ticks++; }

void UART0_RX_Handler(void) {
  MODULE->interrupt = 2;
  while (MODULE->state & 2) {
    const uint8_t byte = (uint8_t)MODULE->data;
    if (received.in - received.out < QUEUE_BYTES)
      received.bytes[received.in++ % QUEUE_BYTES] = byte;
  }
}

/** Give the UART its next byte if it has room. */
static void feed(void) {
  if (waiting.out != waiting.in && !(MODULE->state & 1))
    MODULE->data = waiting.bytes[waiting.out++ % QUEUE_BYTES];
}

void UART0_TX_Handler(void) {
  MODULE->interrupt = 1;
  feed();
}

/** Start the clock and both UARTs. */
void port_begin(void) {
  MODULE->divisor = CONSOLE->divisor = CLOCK_HZ / 115200;
  MODULE->control = 15;
  CONSOLE->control = 1;
  ENABLE[UART_INTERRUPT / 32] = 3u << UART_INTERRUPT % 32;
  TICK[1] = CLOCK_HZ / 1000 - 1;
  TICK[2] = 0;
  TICK[0] = 7;
}

uint32_t signet_port_uart_read(uint8_t *out, uint32_t max) {
  uint32_t len = 0;
  while (len < max && received.out != received.in)
    out[len++] = received.bytes[received.out++ % QUEUE_BYTES];
  return len;
}

uint32_t signet_port_uart_write(const uint8_t *data, uint32_t len) {
  uint32_t taken = 0;
  while (taken < len && waiting.in - waiting.out < QUEUE_BYTES)
    waiting.bytes[waiting.in++ % QUEUE_BYTES] = data[taken++];
  __asm__ volatile("cpsid i" ::: "memory");
  feed();
  __asm__ volatile("cpsie i" ::: "memory");
  return taken;
}

void signet_port_console_write(const char *text, uint32_t len) {
  for (uint32_t i = 0; i < len; i++) {
    while (CONSOLE->state & 1) {
    }
    CONSOLE->data = (uint8_t)text[i];
  }
}

/* The board has no source of noise: the factory page holds a seed. */
uint32_t signet_port_entropy_read(uint8_t *out, uint32_t max) {
  (void)out, (void)max;
  return 0;
}

uint32_t signet_port_entropy_quality(void) { return 0; }

uint32_t signet_port_clock_ms(void) { return ticks; }

void signet_port_flash_read(uint8_t *out, uint32_t at, uint32_t len) { memcpy(out, signet_port_store + at, len); }

uint32_t signet_port_flash_program(uint32_t at, const uint8_t *data, uint32_t len) {
  for (uint32_t i = 0; i < len; i++)
    signet_port_store[at + i] &= data[i];
  return memcmp(signet_port_store + at, data, len) != 0;
}

uint32_t signet_port_flash_erase(uint32_t at) {
  memset(signet_port_store + at, 0xff, SIGNET_STORE_PAGE_BYTES);
  return 0;
}
