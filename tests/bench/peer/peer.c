/** The guest's side of the lab, answered by a library. */
#include "peer.h"

#include "epitaph.h"
#include "guest.h"
#include "guest_exports.h"

static uint8_t room[1400];

void guest_start(void) {}
void secrets_wipe(void) { memset(room, 0, sizeof room); }
uint8_t *guest_memory(uint32_t at, uint32_t len) { return (void)len, room + at; }
uint32_t guest_buffer(void) { return 0; }
uint32_t guest_capacity(void) { return sizeof room; }
uint32_t guest_bare_run(uint32_t op, uint32_t len) { return (void)len, (uint32_t)peer_run(op, room); }
