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

/** Where in its life the device is: `State` of assembly/device/life.ts. */
enum signet_status {
  SIGNET_RESTING = 0,
  SIGNET_COLLECTING = 1,
  SIGNET_CHALLENGE = 2,
  SIGNET_ENROL = 3,
  SIGNET_IDLE = 4,
  SIGNET_REPORT = 5,
  SIGNET_WAITING = 6,
  SIGNET_SILENT = 7,
  SIGNET_UNCONFIGURED = 8,
};

/** What calls return that can fail: `Status` of assembly/lib/status.ts. Success is not zero: compare with SIGNET_OK.
 * Errors are negative. */
enum signet_result {
  SIGNET_OK = 0x5a3c96c3,
  /** More than 512 bytes, or a name longer than a host's can be. */
  SIGNET_TOO_LONG = -1,
  /** Not now: there is a stream already, or none; or never: the factory page or the board has no TLS. */
  SIGNET_UNEXPECTED = -4,
  /** The report before has no receipt yet, or there is no room: try again later. */
  SIGNET_AGAIN = -5,
};

/** Begin: once after reset, with the clock running. */
void signet_init(void);

/** Do what there is to do; returns after how many ms to call again, 0: at once. A received byte is a reason to call
 * earlier. */
uint32_t signet_poll(void);

/** Send up to 512 bytes as the next report. They are copied, and kept until the server has signed for them. */
int32_t signet_send(const void *data, uint32_t len);

/** Where in its life the device is. */
uint32_t signet_status(void);

/**
 * A stream of bytes of your own, inside TLS: `State` of assembly/device/stream.ts.
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
enum signet_stream {
  SIGNET_STREAM_CLOSED = 0,
  /** For a report that is under way, or for the module. */
  SIGNET_STREAM_WAITING = 1,
  SIGNET_STREAM_OPENING = 2,
  SIGNET_STREAM_OPEN = 3,
  /** The server closed in order, and all it sent was read. */
  SIGNET_STREAM_ENDED = 4,
  /** It could not be opened in a minute, the server could not be proven, or the connection was cut. */
  SIGNET_STREAM_FAILED = 5,
};

/** The longest name of a host. */
#define SIGNET_HOST_MOST 64u

/** Ask for a stream to a host, which is copied; NULL is the host of the factory page, and port 0 its port. */
int32_t signet_stream_open(const char *host, uint16_t port);

/** How the stream is. */
uint32_t signet_stream_state(void);

/** Send up to `len` bytes as one record of TLS; returns how many were taken, 0 while there is no room. */
uint32_t signet_stream_write(const void *data, uint32_t len);

/** Take up to `max` bytes that have arrived; returns how many there were. */
uint32_t signet_stream_read(void *out, uint32_t max);

/** Change this side's keys, and ask the server to change its own: for streams of many days. */
int32_t signet_stream_rekey(void);

/** End the stream: what was taken is still sent, what comes is dropped. */
void signet_stream_close(void);

#endif
