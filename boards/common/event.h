/** Event lines on the console: `@ name hex`, which tools parse. Names come from the firmware's own table. */
#ifndef EVENT_H_
#define EVENT_H_

#include <stdint.h>

/** Write one event line. */
void event_write(uint32_t code, const uint8_t *data, uint32_t len);
/** Write an event line with a name of C's own. */
void event_named(const char *name, const uint8_t *data, uint32_t len);

#endif
