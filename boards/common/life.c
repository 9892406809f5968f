/** The start of the guest and its state, for an image that resets when the guest ends. */
#include "guest.h"
#include "signet.h"

void guest_init(void);
uint32_t guest_status(void);

void signet_init(void) {
  guest_start();
  guest_init();
}

uint32_t signet_status(void) { return guest_status(); }
