/**
 * Signet for a C program: calls of which none waits. The program owns the main loop; see main.c for the least one.
 *
 *     signet_init();
 *     for (;;) {
 *       if (there_is_a_reading() && signet_status() == SIGNET_IDLE) signet_send(&reading, sizeof reading);
 *       sleep_ms(signet_poll());
 *     }
 */
#ifndef SIGNET_H_
#define SIGNET_H_

#include <stdint.h>
#include "signet_facts.h"

/** Begin: once after reset, with the clock running. */
void signet_init(void);

/** Do the pending work. Returns the time in ms until the next call, 0: at once. Call earlier when a byte arrives. */
uint32_t signet_poll(void);

/** Send up to SIGNET_DATA_MOST bytes as the next report. They are copied, and kept until the server has signed. */
int32_t signet_send(const void *data, uint32_t len);

/** State of the device. */
uint32_t signet_status(void);

/** A fault of the link: the step, what came instead of success, the number of the error (0: none), and how often. */
struct signet_link_fault {
  uint8_t step;  /* enum signet_link_step */
  uint8_t cause; /* enum signet_link_cause */
  uint8_t times; /* in a row, at most 127 */
  uint16_t number;
};

/** The last fault of the link, until a byte from the server arrives; all zero: there is none. */
struct signet_link_fault signet_link_fault(void);

/**
 * A stream of bytes of your own, inside TLS; its states are enum signet_stream.
 *
 *     if (signet_stream_open("log.example", 7000) == SIGNET_OK) …
 *     for (;;) {
 *       if (signet_stream_state() == SIGNET_STREAM_OPEN) {
 *         sent += signet_stream_write(line + sent, len - sent);
 *         got = signet_stream_read(reply, sizeof reply);
 *       }
 *       sleep_ms(signet_poll());
 *     }
 *
 * The server must have one of the TLS keys of the factory page, and sees the device's own key. There is one connection:
 * a stream begins when no report is under way, and reports wait, kept, until it is closed, has ended or failed; one
 * that waits goes before the next stream. Bytes move in `signet_poll`: call it after a write, and read until 0 before
 * it.
 */

/** Ask for a stream to a host, which is copied; NULL is the host of the factory page, and port 0 its port. */
int32_t signet_stream_open(const char *host, uint16_t port);

/** State of the stream. */
uint32_t signet_stream_state(void);

/** Send up to `len` bytes as one record of TLS; returns how many were taken, 0 while there is no room. */
uint32_t signet_stream_write(const void *data, uint32_t len);

/** Take up to `max` bytes that have arrived; returns how many there were. */
uint32_t signet_stream_read(void *out, uint32_t max);

/** Change this side's keys, and ask the server to change its own: for streams of many days. */
int32_t signet_stream_rekey(void);

/** End the stream: accepted bytes are still sent, received ones are dropped. */
void signet_stream_close(void);

#endif
