/*
 * The firmware's `table.*` imports: one load from an array in flash. An index past its array gives the array's first
 * word, since this side of the seam checks its bounds too.
 */
#pragma once
#include "table_authorities.h"
#include "table_comb256.h"
#include "table_ed25519.h"
#include "table_p256.h"
#include "table_p384.h"
#include "table_sha2.h"

static inline u32 table_word(const uint32_t *table, u32 words, u32 i) { return table[i < words ? i : 0]; }

INNER_PORT u32 import_table_authorities(u32 i) { return table_word(table_authorities, sizeof table_authorities / 4, i); }

INNER_PORT u32 import_table_comb256(u32 i) { return table_word(table_comb256, sizeof table_comb256 / 4, i); }

INNER_PORT u32 import_table_ed25519(u32 i) { return table_word(table_ed25519, sizeof table_ed25519 / 4, i); }

INNER_PORT u32 import_table_p256(u32 i) { return table_word(table_p256, sizeof table_p256 / 4, i); }

INNER_PORT u32 import_table_p384(u32 i) { return table_word(table_p384, sizeof table_p384 / 4, i); }

INNER_PORT u32 import_table_sha2(u32 i, u32 half) {
  return table_word(table_sha2, sizeof table_sha2 / 4, 2 * i + (half & 1));
}
