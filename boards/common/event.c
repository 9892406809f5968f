#include "event.h"

#include <string.h>

#include "events.h" /* generated: EVENT_NAMES */
#include "port.h"

/** The names, from code 1 on, each with its zero; another zero ends them. */
static const char event_names[] = EVENT_NAMES;

/** The name of an event; empty if the code has none. */
static const char *name_of(uint32_t code) {
  const char *name = event_names;
  while (--code != 0 && *name)
    name += strlen(name) + 1;
  return name;
}

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
  const char *name = name_of(code);
  if (*name) {
    event_named(name, data, len);
    return;
  }
  char unknown[] = "event-00";
  unknown[6] = digit(code >> 4);
  unknown[7] = digit(code);
  event_named(unknown, data, len);
}
