/** The watchdog, and its record of the reset before. */
#include <stddef.h>

#include "chip.h"
#include "port.h"

/** The counter goes down by two each microsecond (erratum RP2040-E1), and has 24 bits: 8.38 s. */
#define LOAD (2000u * WATCHDOG_MS)
_Static_assert(LOAD <= 0xffffffu, "the watchdog cannot wait that long");

/** Says that our own `watchdog_start` began the count: the bootrom's own reboots have another reason to be. */
#define STARTED 0x51674e57u

void watchdog_start(void) {
  PSM_WDSEL = PSM_ALL & ~PSM_ROSC_XOSC;
  WATCHDOG_LOAD = LOAD;
  WATCHDOG_SCRATCH0 = STARTED;
  WATCHDOG_CTRL = WATCHDOG_ENABLE | WATCHDOG_PAUSE;
}

void system_progress(void) { WATCHDOG_LOAD = LOAD; }

/**
 * The reason stays until power-on or the next reset by the watchdog, so it counts once for each start of the timer. The
 * chip cannot distinguish a brown-out from power-on (§2.12.7).
 */
const char *system_reset_cause(void) {
  const bool barked = (WATCHDOG_REASON & WATCHDOG_REASON_TIMER) && WATCHDOG_SCRATCH0 == STARTED;
  WATCHDOG_SCRATCH0 = 0;
  return barked ? "watchdog" : NULL;
}
