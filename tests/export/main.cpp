/** A main program in C++ with an export in it: linked, not run. */
#include "signet.h"
#include "signet_cbor.h"
#include "signet_port.h"

extern "C" void port_begin(void);

/** A reading in CBOR. */
struct Reading {
  uint8_t bytes[16];
  signet_cbor map = {bytes, sizeof bytes, 0};

  explicit Reading(uint32_t count) {
    signet_cbor_map(&map, 1);
    signet_cbor_text(&map, "shots");
    signet_cbor_uint(&map, count);
  }
};

int main() {
  port_begin();
  signet_name("own-main", "1.0", "example");
  signet_init();
  for (uint32_t count = 0;;) {
    const Reading reading(count);
    if (signet_status() == SIGNET_IDLE && signet_send(reading.bytes, reading.map.length) == SIGNET_OK)
      count++;
    (void)signet_poll();
  }
}
