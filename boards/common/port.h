/** Functions that a board's C gives the guest: the other side of `assembly/port/`, with pointers already checked. */
#ifndef PORT_H_
#define PORT_H_

#include <stdbool.h>
#include <stdint.h>

#include "board.h" /* generated from the board's data */

/** Start the board's peripherals; interrupts are still off. */
void board_init(void);

/** Read up to `max` received bytes; never waits. */
uint32_t uart_read(uint8_t *out, uint32_t max);
/** Queue up to `len` bytes for the module; returns how many were taken. */
uint32_t uart_write(const uint8_t *data, uint32_t len);
/** True if a received byte waits. */
bool uart_ready(void);
/** True if all that was queued has been sent. */
bool uart_sent(void);
/** Use this baud rate, 0: UART_BAUD; 0 if the chip cannot, and nothing changed. A board with one rate leaves it out. */
uint32_t uart_baud(uint32_t baud);

/** Switch the module on or off; never waits. A board without such a line leaves it out. */
void module_power(uint32_t on);
/** Hold the module in reset, or let it run; never waits. A board without such a line leaves it out. */
void module_reset(uint32_t held);

/** Write to the console; waits for room only if a whole queue is waiting. */
void console_write(const char *text, uint32_t len);
/** Wait until the console has sent everything, without interrupts: before a reset. */
void console_flush(void);

uint32_t entropy_read(uint8_t *out, uint32_t max);
uint32_t entropy_quality(void);

/** Milliseconds since reset. */
uint32_t clock_ms(void);
/** Start the millisecond clock. */
void clock_start(void);

void flash_read(uint8_t *out, uint32_t at, uint32_t len);
/** Program whole aligned units of 8 bytes, none of which was programmed since its page was erased. */
uint32_t flash_program(uint32_t at, const uint8_t *data, uint32_t len);
uint32_t flash_erase(uint32_t at);

int32_t sensor_read(uint32_t channel);

/**
 * Maximum time in ms between two signs of progress: several times the longest turn of the main loop, two signature
 * checks on a Cortex-M0 at 16 MHz.
 */
#define WATCHDOG_MS 8000u

/** Start the watchdog: from now on the chip resets unless `system_progress` is called within WATCHDOG_MS. */
void watchdog_start(void);
/** Record progress: feed the watchdog. */
void system_progress(void);
/**
 * Return the reason of the reset from the chip's register, and clear it: the name of a fault, or NULL if the reset was
 * in order or the chip does not report it.
 */
const char *system_reset_cause(void);
/** Reset the chip. */
_Noreturn void system_reset(void);

#endif
