/**
 * Signet for a C program: four calls, none of which waits. The program owns the main loop; see main.c for the least
 * one.
 *
 *     signet_init();
 *     for (;;) {
 *       if (there_is_a_reading() && signet_status() == SIGNET_IDLE) signet_send(&reading, sizeof reading);
 *       sleep(signet_poll());
 *     }
 */
#ifndef SIGNET_H_
#define SIGNET_H_

#include <stdint.h>

/** Where in its life the device is: `State` of assembly/app/device.ts. */
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

/** What `signet_send` returns: `Status` of assembly/lib/status.ts. */
enum signet_result {
  SIGNET_OK = 0,
  /** More than 512 bytes. */
  SIGNET_TOO_LONG = -1,
  /** The report before has no receipt yet: try again later. */
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

#endif
