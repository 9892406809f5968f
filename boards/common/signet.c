/** The C program's calls into the guest. */
#include "signet.h"

#include <stdbool.h>
#include <string.h>

#include "guest.h"

/* The signet image's exports; other images have others, and drop these functions. */
uint32_t guest_poll(void);
uint32_t guest_outbox(void);
uint32_t guest_send(uint32_t len);
uint32_t guest_linkFault(void);
uint32_t guest_streamName(void);
uint32_t guest_streamOpen(uint32_t len, uint32_t port);
uint32_t guest_streamState(void);
uint32_t guest_streamRoom(void);
uint32_t guest_streamOutbox(void);
uint32_t guest_streamSend(uint32_t len);
uint32_t guest_streamLeft(void);
uint32_t guest_streamInbox(void);
uint32_t guest_streamTake(uint32_t len);
uint32_t guest_streamRekey(void);
void guest_streamClose(void);

/** Copy into linear memory; false if the library is dead, where an image has reset. */
static bool copy_in(uint32_t to, const void *from, uint32_t len) {
  uint8_t *place = guest_memory(to, len);
  if (place)
    memcpy(place, from, len);
  return place;
}

uint32_t signet_poll(void) {
#ifdef SIGNET_LIBRARY
  library.command = 0;
#endif
  return guest_poll();
}

int32_t signet_send(const void *data, uint32_t len) {
  const uint32_t outbox = guest_outbox();
  if (len > SIGNET_DATA_MOST)
    return SIGNET_TOO_LONG;
  if (outbox == 0)
    return SIGNET_AGAIN;
  return copy_in(outbox, data, len) ? (int32_t)guest_send(len) : SIGNET_UNEXPECTED;
}

struct signet_link_fault signet_link_fault(void) {
  const uint32_t word = guest_linkFault();
  return (struct signet_link_fault){
      .step = word >> 20 & 15, .cause = word >> 16 & 15, .times = word >> 24 & 127, .number = (uint16_t)word};
}

int32_t signet_stream_open(const char *host, uint16_t port) {
  uint32_t len = 0;
  while (host && len <= SIGNET_HOST_MOST && host[len] != '\0')
    len++;
  const uint32_t name = guest_streamName();
  if (len > SIGNET_HOST_MOST)
    return SIGNET_TOO_LONG;
  const uint32_t state = guest_streamState();
  const int taken = state != SIGNET_STREAM_CLOSED && state < SIGNET_STREAM_ENDED;
  if (name == 0 || taken)
    return SIGNET_UNEXPECTED;
  return copy_in(name, host, len) ? (int32_t)guest_streamOpen(len, port) : SIGNET_UNEXPECTED;
}

uint32_t signet_stream_state(void) { return guest_streamState(); }

uint32_t signet_stream_write(const void *data, uint32_t len) {
  const uint32_t room = guest_streamRoom();
  const uint32_t taken = len < room ? len : room;
  return copy_in(guest_streamOutbox(), data, taken) ? guest_streamSend(taken) : 0;
}

uint32_t signet_stream_read(void *out, uint32_t max) {
  const uint32_t left = guest_streamLeft();
  const uint32_t taken = max < left ? max : left;
  const uint8_t *from = guest_memory(guest_streamInbox(), taken);
  if (!from)
    return 0;
  memcpy(out, from, taken);
  return guest_streamTake(taken);
}

int32_t signet_stream_rekey(void) { return (int32_t)guest_streamRekey(); }

void signet_stream_close(void) { guest_streamClose(); }
