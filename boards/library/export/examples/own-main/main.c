/* SPDX-License-Identifier: Apache-2.0 */
/* A main program of one's own, with a heap and other work, that sends {"shots": n} every half second. */
#include <stdlib.h>
#include <string.h>

#include "signet.h"
#include "signet_port.h"

void port_begin(void);

/** Write a line on the console. */
static void say(const char *line) {
  signet_port_console_write(line, (uint32_t)strlen(line));
  signet_port_console_write("\n", 1);
}

/** Send a count as a CBOR map, if the report before has its receipt. */
static int shoot(uint16_t count) {
  const uint8_t map[] = {0xa1, 0x65, 's', 'h', 'o', 't', 's', 0x19, (uint8_t)(count >> 8), (uint8_t)count};
  return signet_status() == SIGNET_IDLE && signet_send(map, sizeof map) == (int32_t)SIGNET_OK;
}

int main(void) {
  static const char calibration[] = "calibration of the heap";
  port_begin();
  char *const kept = malloc(sizeof calibration);
  if (!kept)
    return 1;
  memcpy(kept, calibration, sizeof calibration);
  signet_init();
  uint32_t dueMs = 0, turnMs = 0, dead = 0;
  for (uint16_t count = 1;;) {
    const uint32_t nowMs = signet_port_clock_ms();
    if ((int32_t)(nowMs - dueMs) >= 0) {
      dueMs = nowMs + 500;
      if (shoot(count))
        count++;
      if (memcmp(kept, calibration, sizeof calibration) != 0)
        say("@ heap-harmed");
      if (signet_status() == SIGNET_DEAD && dead++ == 2) {
        say(signet_reason());
        say("@ alive");
        signet_init();
      }
    }
    if ((int32_t)(nowMs - turnMs) >= 0) {
      const uint32_t waitMs = signet_poll();
      turnMs = signet_port_clock_ms() + (waitMs < 5 ? waitMs : 5);
    }
  }
}
