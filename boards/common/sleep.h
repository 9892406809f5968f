/** The main loop's pause. */
#ifndef SLEEP_H_
#define SLEEP_H_

#include <stdint.h>

/** Sleep until `ms` milliseconds have passed or the module has sent something. */
void sleep_ms(uint32_t ms);

#endif
