#include "event.h"

#include <string.h>

#include "events.h" /* generated: EVENT_NAMES */
#include "port.h"

static const char *const event_names[] = {EVENT_NAMES};

static char digit(uint32_t nibble) { return "0123456789abcdef"[nibble & 15]; }

void event_named(const char *name, const uint8_t *data, uint32_t len) {
  console_write("@ ", 2);
  console_write(name, strlen(name));
  if (len > 0)
    console_write(" ", 1);
  for (uint32_t i = 0; i < len; i++) {
    const char pair[2] = {digit(data[i] >> 4), digit(data[i])};
    console_write(pair, 2);
  }
  console_write("\n", 1);
}

void event_write(uint32_t code, const uint8_t *data, uint32_t len) {
  if (code < sizeof event_names / sizeof *event_names && event_names[code]) {
    event_named(event_names[code], data, len);
    return;
  }
  char unknown[] = "event-00";
  unknown[6] = digit(code >> 4);
  unknown[7] = digit(code);
  event_named(unknown, data, len);
}
