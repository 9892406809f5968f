/** A libFuzzer target: two bytes of operation, little-endian, then its request, as `tests/lab` writes them. */
#include <stddef.h>
#include <string.h>

#include "guest.h"
#include "guest_exports.h"
#include "port.h"
#include "startup.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/** Run one operation. Memory is built anew each time: an input must do the same alone as in a row. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
  guest_start();
  const uint32_t capacity = guest_capacity();
  if (len < 2 || len - 2 > capacity)
    return -1;
  const uint32_t op = data[0] | ((uint32_t)data[1] << 8);
  memcpy(guest_memory(guest_buffer(), capacity), data + 2, len - 2);
  guest_run(op, (uint32_t)(len - 2));
  return 0;
}
