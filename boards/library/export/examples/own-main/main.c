/* SPDX-License-Identifier: Apache-2.0 */
/* A main program of one's own, with a heap and other work, that sends {"shots": n} ten times a second. */
#include <stdlib.h>
#include <string.h>

#include "signet.h"
#include "signet_cbor.h"
#include "signet_port.h"

void port_begin(void);

/** Write a line on the console. */
static void say(const char *line) {
  signet_port_console_write(line, (uint32_t)strlen(line));
  signet_port_console_write("\n", 1);
}

/** Send a count as a CBOR map, if the report before has its receipt. */
static int shoot(uint32_t count) {
  uint8_t bytes[16];
  struct signet_cbor map = {bytes, sizeof bytes, 0};
  signet_cbor_map(&map, 1);
  signet_cbor_text(&map, "shots");
  signet_cbor_uint(&map, count);
  return signet_status() == SIGNET_IDLE && signet_send(bytes, map.length) == (int32_t)SIGNET_OK;
}

/** Until when the server may take the last word of the key; 0: the device stays. */
static uint32_t leaveMs;

/** Wipe when the server has the last word, or has not taken it in time. */
static void leave(uint32_t nowMs) {
  const int32_t left = signet_leave();
  if (left == SIGNET_AGAIN && (int32_t)(nowMs - leaveMs) < 0)
    return;
  if (left == (int32_t)SIGNET_OK)
    say("@ left");
  if (signet_wipe() == (int32_t)SIGNET_OK) {
    leaveMs = 0;
    say("@ wiped");
  }
}

/** Print what the device shows to a broker as its password. */
static void prove(void) {
  char *const text = malloc(SIGNET_ACCESS_MOST + 1);
  if (text && signet_access(NULL, text) > 0)
    say(text);
  free(text);
}

/** Obey the command of the last poll, if there is one: "label", "access" or "wipe". */
static void obey(void) {
  char label[65], text[7] = "";
  uint32_t number;
  const int32_t len = signet_command(&number, text, sizeof text - 1);
  if (len == 5 && strcmp(text, "label") == 0 && signet_label(label))
    say(label);
  if (len == 6 && strcmp(text, "access") == 0)
    prove();
  if (len == 4 && strcmp(text, "wipe") == 0)
    leaveMs = signet_port_clock_ms() + 30000;
}

/** Go on after the library's death; it has the same key then, unless it was wiped. */
static void revive(void) {
  say(signet_reason());
  say("@ alive");
  signet_init();
}

int main(void) {
  static const char calibration[] = "calibration of the heap";
  port_begin();
  char *const kept = malloc(sizeof calibration);
  if (!kept)
    return 1;
  memcpy(kept, calibration, sizeof calibration);
  signet_name("own-main", "1.0", "example");
  signet_init();
  uint32_t dueMs = 0, turnMs = 0, count = 1;
  for (;;) {
    const uint32_t nowMs = signet_port_clock_ms();
    if ((int32_t)(nowMs - dueMs) >= 0) {
      dueMs = nowMs + 100;
      if (leaveMs == 0 && shoot(count))
        count++;
      if (memcmp(kept, calibration, sizeof calibration) != 0)
        say("@ heap-harmed");
      if (signet_status() == SIGNET_DEAD)
        revive();
    }
    if ((int32_t)(nowMs - turnMs) >= 0) {
      const uint32_t waitMs = signet_poll();
      obey();
      if (leaveMs != 0)
        leave(nowMs);
      turnMs = signet_port_clock_ms() + (waitMs < 5 ? waitMs : 5);
    }
  }
}
