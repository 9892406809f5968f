/** Entropy on an emulated board: the file that the command line names, normally the host's own noise source. */
#include "port.h"
#include "semihost.h"

enum { CLOSED = -1, UNTRIED = -2 };

static int32_t source(void) {
  static int32_t handle = UNTRIED;
  if (handle == UNTRIED) {
    char path[100];
    handle = semihost_argument(path, sizeof path, "entropy") ? semihost_open(path) : CLOSED;
  }
  return handle;
}

uint32_t entropy_read(uint8_t *out, uint32_t max) { return source() < 0 ? 0 : semihost_read(source(), out, max); }

/**
 * A byte of the host's generator has full entropy; planted bytes in its place must fail the tests. Without semihosting
 * the board has no source, and needs a seed.
 */
uint32_t entropy_quality(void) { return source() < 0 ? 0 : 8 * 256; }
