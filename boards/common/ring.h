/** A ring of bytes between one interrupt handler and the main loop. One side writes `head`, the other `tail`. */
#ifndef RING_H_
#define RING_H_

#include <stdbool.h>
#include <stdint.h>

#include "board.h"

/** Bytes of a ring: a power of two. One is never used. */
#ifndef RING_BYTES
#define RING_BYTES 512u
#endif

struct ring {
  volatile uint32_t head, tail;
  uint8_t bytes[RING_BYTES];
};

static inline bool ring_empty(const struct ring *ring) { return ring->head == ring->tail; }

static inline bool ring_full(const struct ring *ring) { return ((ring->head + 1) & (RING_BYTES - 1)) == ring->tail; }

/** Append a byte; the caller has seen that the ring is not full. */
static inline void ring_put(struct ring *ring, uint8_t byte) {
  ring->bytes[ring->head] = byte;
  ring->head = (ring->head + 1) & (RING_BYTES - 1);
}

/** Take the oldest byte; the caller has seen that the ring is not empty. */
static inline uint8_t ring_get(struct ring *ring) {
  const uint8_t byte = ring->bytes[ring->tail];
  ring->tail = (ring->tail + 1) & (RING_BYTES - 1);
  return byte;
}

#endif
