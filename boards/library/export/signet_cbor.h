/* SPDX-License-Identifier: Apache-2.0 */
/**
 * A writer of CBOR (RFC 8949), as reports hold it:
 *
 *     uint8_t bytes[64];
 *     struct signet_cbor map = {bytes, sizeof bytes, 0};
 *     signet_cbor_map(&map, 1);
 *     signet_cbor_text(&map, "shots");
 *     signet_cbor_uint(&map, count);
 *     if (signet_cbor_fits(&map)) signet_send(bytes, map.length);
 */
#ifndef SIGNET_CBOR_H_
#define SIGNET_CBOR_H_

#include <stdint.h>

/** The bytes, how many there may be, and how many were wanted; what does not fit is not written. */
struct signet_cbor {
  uint8_t *bytes;
  uint32_t room;
  uint32_t length;
};

/** Return 1 if all that was written fits. */
static inline uint32_t signet_cbor_fits(const struct signet_cbor *out) { return out->length <= out->room; }

/** Write one byte. */
static inline void signet_cbor_byte(struct signet_cbor *out, uint32_t byte) {
  if (out->length < out->room)
    out->bytes[out->length] = (uint8_t)byte;
  if (out->length != UINT32_MAX)
    out->length++;
}

/** Write the head of an item in its shortest form. */
static inline void signet_cbor_head(struct signet_cbor *out, uint32_t major, uint32_t value) {
  const uint32_t bytes = value < 24 ? 0 : value < 0x100 ? 1 : value < 0x10000 ? 2 : 4;
  signet_cbor_byte(out, major << 5 | (bytes == 0 ? value : bytes == 4 ? 26 : 23 + bytes));
  for (uint32_t left = bytes; left > 0; left--)
    signet_cbor_byte(out, value >> 8 * (left - 1) & 255);
}

/** Begin a map of so many pairs. */
static inline void signet_cbor_map(struct signet_cbor *out, uint32_t pairs) { signet_cbor_head(out, 5, pairs); }

/** Begin an array of so many items. */
static inline void signet_cbor_array(struct signet_cbor *out, uint32_t items) { signet_cbor_head(out, 4, items); }

/** Write a number from 0 on. */
static inline void signet_cbor_uint(struct signet_cbor *out, uint32_t value) { signet_cbor_head(out, 0, value); }

/** Write a number. */
static inline void signet_cbor_int(struct signet_cbor *out, int32_t value) {
  signet_cbor_head(out, value < 0 ? 1 : 0, value < 0 ? ~(uint32_t)value : (uint32_t)value);
}

/** Write a byte string. */
static inline void signet_cbor_bytes(struct signet_cbor *out, const void *bytes, uint32_t len) {
  signet_cbor_head(out, 2, len);
  for (uint32_t i = 0; i < len; i++)
    signet_cbor_byte(out, ((const uint8_t *)bytes)[i]);
}

/** Write a text of UTF-8 that ends with a zero byte, which is not written. */
static inline void signet_cbor_text(struct signet_cbor *out, const char *text) {
  uint32_t len = 0;
  while (text[len] != '\0')
    len++;
  signet_cbor_head(out, 3, len);
  for (uint32_t i = 0; i < len; i++)
    signet_cbor_byte(out, (uint8_t)text[i]);
}

/** Write true or false. */
static inline void signet_cbor_bool(struct signet_cbor *out, uint32_t isTrue) {
  signet_cbor_byte(out, isTrue ? 0xf5 : 0xf4);
}

#endif
