/*
 * The firmware's `cpu.*` imports: arithmetic in the core's own assembly, for boards that say CRYPTO_NATIVE. Each
 * pointer is checked against linear memory's constant bound before assembly sees it; a pointer that is not aligned to a
 * word faults there.
 */
#pragma once
#ifdef CRYPTO_NATIVE
#include "comb.h"
#include "table_comb256.h"
#include "table_ed25519.h"

void cpu_fe_mul(uint32_t *out, const uint32_t *a, const uint32_t *b);
void cpu_fe_square(uint32_t *out, const uint32_t *a, uint32_t times);
void cpu_fe_scale(uint32_t *out, const uint32_t *a, uint32_t factor, const uint32_t *b);
void cpu_fe_sub(uint32_t *out, const uint32_t *a, const uint32_t *b);
void cpu_fe_swap(uint32_t *a, uint32_t *b, uint32_t bit);
void cpu_ladder(uint32_t *w);
void cpu_ge_double(uint32_t *p, uint32_t wanted);
void cpu_ge_add(uint32_t *p, const uint32_t *q, uint32_t how);
void cpu_sc_montgomery(uint32_t *out, const uint32_t *a, const uint32_t *b);
void cpu_fe256_mul(uint32_t *out, const uint32_t *a, const uint32_t *b);
void cpu_fe256_square(uint32_t *out, const uint32_t *a, uint32_t times);
void cpu_fe256_add(uint32_t *out, const uint32_t *a, const uint32_t *b);
void cpu_fe256_sub(uint32_t *out, const uint32_t *a, const uint32_t *b);
void cpu_fe256_half(uint32_t *out, const uint32_t *a);
void cpu_p256_double(uint32_t *p);
void cpu_p256_differ(const uint32_t *p, const uint32_t *x, const uint32_t *y, uint32_t *differences);
void cpu_p256_finish(uint32_t *p, const uint32_t *differences);
void cpu_p256_select(uint32_t *out, const uint32_t *table, uint32_t digit);
void cpu_select(uint32_t *out, const uint32_t *rows, uint32_t index, uint32_t bytes, uint32_t stride);
uint32_t cpu_inverse_steps(uint32_t *matrix, uint32_t zeta, uint32_t f, uint32_t g);
void cpu_inverse_apply(const uint32_t *w, uint32_t *x, uint32_t *y, uint32_t bytes, uint32_t inverse);
uint32_t cpu_montgomery_row(uint32_t *out, uint32_t word, const uint32_t *b, const uint32_t *m, uint32_t inverse,
                            uint32_t bytes, uint32_t top);
uint32_t cpu_rsa_shift(uint32_t *x, uint32_t quotient, const uint32_t *m, uint32_t bytes);
void cpu_comb_row(uint32_t *out, const uint32_t *row);
void cpu_comb_select(uint32_t *out, const uint32_t *table, uint32_t digit);

/* An import that is in no loop where the core answers whole points. */
#ifdef __ARM_FEATURE_DSP
#define FIELD_PORT PORT
#else
#define FIELD_PORT INNER_PORT
#endif

INNER_PORT uint32_t *elements(u32 at, u32 count) { return (uint32_t *)inside(at, 32 * count); }

FIELD_PORT void import_cpu_fe_mul(u32 out, u32 a, u32 b) {
  cpu_fe_mul(elements(out, 1), elements(a, 1), elements(b, 1));
}

/* No square at all is not asked for; it would be 2^32 of them. */
FIELD_PORT void import_cpu_fe_square(u32 out, u32 a, u32 times) {
  cpu_fe_square(elements(out, 1), elements(a, 1), times);
}

FIELD_PORT void import_cpu_fe_scale(u32 out, u32 a, u32 factor, u32 b) {
  cpu_fe_scale(elements(out, 1), elements(a, 1), factor, elements(b, 1));
}

FIELD_PORT void import_cpu_fe_sub(u32 out, u32 a, u32 b) {
  cpu_fe_sub(elements(out, 1), elements(a, 1), elements(b, 1));
}

INNER_PORT void import_cpu_fe_swap(u32 a, u32 b, u32 bit) { cpu_fe_swap(elements(a, 2), elements(b, 2), bit); }

/* x1, four elements, and the scalar. */
INNER_PORT void import_cpu_ladder(u32 w) { cpu_ladder(elements(w, 6)); }

/* The parts of a row are COMB_ROWS elements apart. */
INNER_PORT void import_cpu_comb_row(u32 out, u32 first) {
  if (first > sizeof table_ed25519 / 4 - (2 * COMB_ROWS + 1) * 8)
    trap(TRAP_OOB);
  cpu_comb_row(elements(out, 3), table_ed25519 + first);
}

INNER_PORT void import_cpu_ge_double(u32 p, u32 wanted) { cpu_ge_double(elements(p, 4), wanted); }

/* Bit 0 says that q has a fourth element. */
INNER_PORT void import_cpu_ge_add(u32 p, u32 q, u32 how) {
  cpu_ge_add(elements(p, 4), elements(q, 3 + (how & 1)), how);
}

INNER_PORT void import_cpu_sc_montgomery(u32 out, u32 a, u32 b) {
  cpu_sc_montgomery(elements(out, 1), elements(a, 1), elements(b, 1));
}

INNER_PORT void import_cpu_fe256_mul(u32 out, u32 a, u32 b) {
  cpu_fe256_mul(elements(out, 1), elements(a, 1), elements(b, 1));
}

INNER_PORT void import_cpu_fe256_square(u32 out, u32 a, u32 times) {
  cpu_fe256_square(elements(out, 1), elements(a, 1), times);
}

INNER_PORT void import_cpu_fe256_add(u32 out, u32 a, u32 b) {
  cpu_fe256_add(elements(out, 1), elements(a, 1), elements(b, 1));
}

INNER_PORT void import_cpu_fe256_sub(u32 out, u32 a, u32 b) {
  cpu_fe256_sub(elements(out, 1), elements(a, 1), elements(b, 1));
}

INNER_PORT void import_cpu_fe256_half(u32 out, u32 a) { cpu_fe256_half(elements(out, 1), elements(a, 1)); }

INNER_PORT void import_cpu_p256_double(u32 p) { cpu_p256_double(elements(p, 3)); }

INNER_PORT void import_cpu_p256_differ(u32 p, u32 x, u32 y, u32 differences) {
  cpu_p256_differ(elements(p, 3), elements(x, 1), elements(y, 1), elements(differences, 2));
}

INNER_PORT void import_cpu_p256_finish(u32 p, u32 differences) {
  cpu_p256_finish(elements(p, 3), elements(differences, 2));
}

INNER_PORT u32 import_cpu_inverse_steps(u32 w, u32 zeta, u32 f, u32 g) {
  return cpu_inverse_steps((uint32_t *)inside(w, 4 * 4), zeta, f, g);
}

/* The limbs of a number of 32 or 48 bytes: assembly would not end for others. */
INNER_PORT void import_cpu_inverse_apply(u32 w, u32 x, u32 y, u32 limbs, u32 inverse) {
  if (limbs != 9 && limbs != 13)
    trap(TRAP_OOB);
  cpu_inverse_apply((uint32_t *)inside(w, 4 * (4 + limbs)), (uint32_t *)inside(x, 4 * limbs),
                    (uint32_t *)inside(y, 4 * limbs), 4 * (limbs - 1), inverse);
}

/* A row of a comb's table: all the x, then the y. */
INNER_PORT void import_cpu_p256_select(u32 out, u32 first, u32 digit) {
  const u32 table_words = 2 * COMB_ROWS * 8;
  if (first > sizeof table_comb256 / 4 - table_words)
    trap(TRAP_OOB);
  cpu_p256_select(elements(out, 2), table_comb256 + first, digit);
}

/* One of eight points of three elements. */
INNER_PORT void import_cpu_p256_pick(u32 out, u32 rows, u32 index) {
  uint32_t *const point = elements(out, 3);
  const uint32_t *const points = elements(rows, 3 * 8);
  for (u32 i = 0; i < 3; i++)
    cpu_select(point + 8 * i, points + 8 * i, index, 8 * 96, 96);
}

/* Fewer words than four, or an odd number, are not asked for: assembly would not end. */
INNER_PORT u32 import_cpu_montgomery_row(u32 out, u32 word, u32 b, u32 m, u32 inverse, u32 bytes, u32 top) {
  if (bytes < 16 || bytes % 8 != 0)
    trap(TRAP_OOB);
  return cpu_montgomery_row((uint32_t *)inside(out, bytes), word, (uint32_t *)inside(b, bytes),
                            (uint32_t *)inside(m, bytes), inverse, bytes, top);
}

INNER_PORT u32 import_cpu_rsa_shift(u32 x, u32 quotient, u32 m, u32 bytes) {
  if (bytes == 0 || bytes % 8 != 0)
    trap(TRAP_OOB);
  return cpu_rsa_shift((uint32_t *)inside(x, bytes), quotient, (uint32_t *)inside(m, bytes), bytes);
}

INNER_PORT void import_cpu_comb_select(u32 out, u32 first, u32 digit) {
  const u32 table_words = 3 * COMB_ROWS * 8;
  if (first > sizeof table_ed25519 / 4 - table_words)
    trap(TRAP_OOB);
  cpu_comb_select(elements(out, 3), table_ed25519 + first, digit);
}
#endif

#include "cpu_blocks.h"
