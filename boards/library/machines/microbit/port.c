/* SPDX-License-Identifier: Apache-2.0 */
/* The port of this example: the nRF51822 of a micro:bit. Its UART, clock and noise work by interrupts; the store is the
 * end of its flash. */
#include <string.h>

#include "machine.h"
#include "signet_port.h"

#define REGISTER(address) (*(volatile uint32_t *)(address))

#define CLOCK_START     REGISTER(0x40000000u)
#define UART_RECEIVE    REGISTER(0x40002000u)
#define UART_TRANSMIT   REGISTER(0x40002008u)
#define UART_RECEIVED   REGISTER(0x40002108u)
#define UART_SENT       REGISTER(0x4000211cu)
#define UART_INTERRUPT  REGISTER(0x40002304u)
#define UART_ENABLE     REGISTER(0x40002500u)
#define UART_TX_PIN     REGISTER(0x4000250cu)
#define UART_RX_PIN     REGISTER(0x40002514u)
#define UART_RX_BYTE    REGISTER(0x40002518u)
#define UART_TX_BYTE    REGISTER(0x4000251cu)
#define UART_BAUD       REGISTER(0x40002524u)
#define TIMER_START     REGISTER(0x40008000u)
#define TIMER_COMPARED  REGISTER(0x40008140u)
#define TIMER_SHORTS    REGISTER(0x40008200u)
#define TIMER_INTERRUPT REGISTER(0x40008304u)
#define TIMER_PRESCALER REGISTER(0x40008510u)
#define TIMER_COMPARE   REGISTER(0x40008540u)
#define NOISE_START     REGISTER(0x4000d000u)
#define NOISE_STOP      REGISTER(0x4000d004u)
#define NOISE_READY     REGISTER(0x4000d100u)
#define NOISE_INTERRUPT REGISTER(0x4000d304u)
#define NOISE_CORRECTED REGISTER(0x4000d504u)
#define NOISE_BYTE      REGISTER(0x4000d508u)
#define FLASH_READY     REGISTER(0x4001e400u)
#define FLASH_MODE      REGISTER(0x4001e504u)
#define FLASH_ERASE     REGISTER(0x4001e508u)
#define PIN_HIGH        REGISTER(0x50000508u)
#define PIN_MODE(pin)   REGISTER(0x50000700u + 4u * (pin))
#define INTERRUPT_ON    REGISTER(0xe000e100u)
#define INTERRUPT_OFF   REGISTER(0xe000e180u)

#define TX_PIN           24u
#define RX_PIN           25u
#define UART_IRQ         (1u << 2)
#define TIMER_IRQ        (1u << 8)
#define NOISE_IRQ        (1u << 13)
#define FLASH_READS      0u
#define FLASH_WRITES     1u
#define FLASH_ERASES     2u
#define FLASH_PAGE_BYTES 1024u
#define QUEUE_BYTES      256u
#define NOISE_BYTES      32u

/** A queue with one writer and one reader, of which one is an interrupt. */
static struct queue {
  uint8_t bytes[QUEUE_BYTES];
  volatile uint32_t in, out;
} received, waiting;

static volatile uint32_t ticks, transmitting, noiseCount;
static uint8_t noise[NOISE_BYTES];

void port_begin(void);

void TIMER0_Handler(void) {
  TIMER_COMPARED = 0;
  ticks++;
}

/** Give the UART its next byte. */
static void feed(void) {
  transmitting = waiting.out != waiting.in;
  if (transmitting)
    UART_TX_BYTE = waiting.bytes[waiting.out++ % QUEUE_BYTES];
}

/** Go on with sending. With interrupts off, or in the handler. */
static void pump(void) {
  if (transmitting && !UART_SENT)
    return;
  UART_SENT = 0;
  feed();
}

/** A full queue leaves bytes in the UART, and its interrupt off until there is room. */
void UART0_Handler(void) {
  pump();
  while (UART_RECEIVED) {
    if (received.in - received.out == QUEUE_BYTES) {
      INTERRUPT_OFF = UART_IRQ;
      return;
    }
    UART_RECEIVED = 0;
    received.bytes[received.in++ % QUEUE_BYTES] = (uint8_t)UART_RX_BYTE;
  }
}

/** Collect noise until there is no more room; a cleared event may interrupt once more. */
void RNG_Handler(void) {
  if (NOISE_READY && noiseCount < NOISE_BYTES)
    noise[noiseCount++] = (uint8_t)NOISE_BYTE;
  NOISE_READY = 0;
  if (noiseCount == NOISE_BYTES)
    NOISE_STOP = 1;
}

/** Start the crystal, the module's UART, the clock of 1 ms and the noise. */
void port_begin(void) {
  CLOCK_START = 1;
  PIN_HIGH = 1u << TX_PIN;
  PIN_MODE(TX_PIN) = 3;
  PIN_MODE(RX_PIN) = 3u << 2; /* pulled up: an open input is silent */
  UART_TX_PIN = TX_PIN;
  UART_RX_PIN = RX_PIN;
  UART_BAUD = 0x01d7e000u; /* 115,200 */
  UART_ENABLE = 4;
  UART_INTERRUPT = 1u << 2 | 1u << 7;
  UART_RECEIVE = 1;
  UART_TRANSMIT = 1;
  TIMER_PRESCALER = 4;
  TIMER_COMPARE = 1000;
  TIMER_SHORTS = 1;
  TIMER_INTERRUPT = 1u << 16;
  TIMER_START = 1;
  NOISE_CORRECTED = 1;
  NOISE_INTERRUPT = 1;
  NOISE_START = 1;
  INTERRUPT_ON = UART_IRQ | TIMER_IRQ | NOISE_IRQ;
}

/** Go on with sending, also if the interrupt for it was lost: QEMU 7.2 gives none after its socket was full. */
static void kick(void) {
  __asm__ volatile("cpsid i" ::: "memory");
  pump();
  __asm__ volatile("cpsie i" ::: "memory");
}

uint32_t signet_port_uart_read(uint8_t *out, uint32_t max) {
  kick();
  uint32_t len = 0;
  while (len < max && received.out != received.in)
    out[len++] = received.bytes[received.out++ % QUEUE_BYTES];
  INTERRUPT_ON = UART_IRQ;
  return len;
}

uint32_t signet_port_uart_write(const uint8_t *data, uint32_t len) {
  uint32_t taken = 0;
  while (taken < len && waiting.in - waiting.out < QUEUE_BYTES)
    waiting.bytes[waiting.in++ % QUEUE_BYTES] = data[taken++];
  kick();
  return taken;
}

/* The board has one UART, which the module has: there is no console. */
void signet_port_console_write(const char *text, uint32_t len) { (void)text, (void)len; }

uint32_t signet_port_entropy_read(uint8_t *out, uint32_t max) {
  uint32_t len = 0;
  INTERRUPT_OFF = NOISE_IRQ;
  while (len < max && noiseCount > 0) {
    out[len++] = noise[--noiseCount];
    noise[noiseCount] = 0;
  }
  INTERRUPT_ON = NOISE_IRQ;
  NOISE_START = 1;
  return len;
}

/* The manufacturer states that the corrected bytes are uniform; half of that is claimed. */
uint32_t signet_port_entropy_quality(void) { return 4 * 256; }

uint32_t signet_port_clock_ms(void) { return ticks; }

/** Set what a write to flash does. The core waits while one is under way. */
static void flash_mode(uint32_t mode) {
  while (!FLASH_READY) {
  }
  FLASH_MODE = mode;
}

void signet_port_flash_read(uint8_t *out, uint32_t at, uint32_t len) { memcpy(out, signet_port_store + at, len); }

uint32_t signet_port_flash_program(uint32_t at, const uint8_t *data, uint32_t len) {
  flash_mode(FLASH_WRITES);
  for (uint32_t i = 0; i < len; i += 4) {
    uint32_t word;
    memcpy(&word, data + i, 4);
    *(volatile uint32_t *)(signet_port_store + at + i) = word;
  }
  flash_mode(FLASH_READS);
  return memcmp(signet_port_store + at, data, len) != 0;
}

uint32_t signet_port_flash_erase(uint32_t at) {
  flash_mode(FLASH_ERASES);
  for (uint32_t page = 0; page < SIGNET_STORE_PAGE_BYTES; page += FLASH_PAGE_BYTES) {
    FLASH_ERASE = (uint32_t)signet_port_store + at + page;
    while (!FLASH_READY) {
    }
  }
  flash_mode(FLASH_READS);
  for (uint32_t i = 0; i < SIGNET_STORE_PAGE_BYTES; i++)
    if (signet_port_store[at + i] != 0xff)
      return 1;
  return 0;
}
