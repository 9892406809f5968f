/** The C program's calls into the guest. */
#include "signet.h"

#include <string.h>

#include "guest.h"

/* The signet image's exports; other images have others, and drop these functions. */
void guest_init(void);
uint32_t guest_poll(void);
uint32_t guest_outbox(void);
uint32_t guest_outboxBytes(void);
uint32_t guest_send(uint32_t len);
uint32_t guest_status(void);

void signet_init(void) {
  guest_start();
  guest_init();
}

uint32_t signet_poll(void) { return guest_poll(); }

int32_t signet_send(const void *data, uint32_t len) {
  const uint32_t outbox = guest_outbox();
  if (len > guest_outboxBytes())
    return SIGNET_TOO_LONG;
  if (outbox == 0)
    return SIGNET_AGAIN;
  memcpy(guest_memory(outbox, len), data, len);
  return (int32_t)guest_send(len);
}

uint32_t signet_status(void) { return guest_status(); }
