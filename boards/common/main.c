/** The product's main program: call the guest, sleep until it has something to do. */
#include "epitaph.h"
#include "event.h"
#include "port.h"
#include "signet.h"
#include "sleep.h"
#include "startup.h"

/** Print the epitaph of the life before this one. The guest can read it until it is reported. */
static void say_epitaph(void) {
  uint8_t text[EPITAPH_BYTES];
  const uint32_t len = epitaph_read(text, sizeof text);
  if (len > 0)
    event_named("epitaph", text, len);
}

void image_main(void) {
  clock_start();
  event_named("boot", (const uint8_t *)BOARD_NAME, sizeof BOARD_NAME - 1);
  epitaph_of_reset(system_reset_cause());
  say_epitaph();
  watchdog_start();
  signet_init();
  for (;;) {
    sleep_ms(signet_poll());
    fault_check();
  }
}
