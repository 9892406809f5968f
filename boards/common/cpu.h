/*
 * The firmware's `cpu.*` imports: arithmetic in the core's own assembly, for boards that say CRYPTO_NATIVE. Each
 * pointer is checked against linear memory's constant bound before assembly sees it; a pointer that is not aligned to a
 * word faults there.
 */
#pragma once
#ifdef CRYPTO_NATIVE
#include "table_ed25519.h"

void cpu_fe_mul(uint32_t *out, const uint32_t *a, const uint32_t *b);
void cpu_fe_square(uint32_t *out, const uint32_t *a, uint32_t times);
void cpu_fe_scale(uint32_t *out, const uint32_t *a, uint32_t factor, const uint32_t *b);
void cpu_fe_sub(uint32_t *out, const uint32_t *a, const uint32_t *b);
void cpu_fe_swap(uint32_t *a, uint32_t *b, uint32_t bit);
void cpu_sc_montgomery(uint32_t *out, const uint32_t *a, const uint32_t *b);
void cpu_comb_select(uint32_t *out, const uint32_t *table, uint32_t digit);

PORT uint32_t *elements(u32 at, u32 count) { return (uint32_t *)inside(at, 32 * count); }

PORT void import_cpu_fe_mul(void *port, u32 out, u32 a, u32 b) {
  (void)port;
  cpu_fe_mul(elements(out, 1), elements(a, 1), elements(b, 1));
}
#define Z_cpuZ_feMul import_cpu_fe_mul

/* No square at all is not asked for; it would be 2^32 of them. */
PORT void import_cpu_fe_square(void *port, u32 out, u32 a, u32 times) {
  (void)port;
  cpu_fe_square(elements(out, 1), elements(a, 1), times);
}
#define Z_cpuZ_feSquare import_cpu_fe_square

PORT void import_cpu_fe_scale(void *port, u32 out, u32 a, u32 factor, u32 b) {
  (void)port;
  cpu_fe_scale(elements(out, 1), elements(a, 1), factor, elements(b, 1));
}
#define Z_cpuZ_feScale import_cpu_fe_scale

PORT void import_cpu_fe_sub(void *port, u32 out, u32 a, u32 b) {
  (void)port;
  cpu_fe_sub(elements(out, 1), elements(a, 1), elements(b, 1));
}
#define Z_cpuZ_feSub import_cpu_fe_sub

PORT void import_cpu_fe_swap(void *port, u32 a, u32 b, u32 bit) {
  (void)port;
  cpu_fe_swap(elements(a, 2), elements(b, 2), bit);
}
#define Z_cpuZ_feSwap import_cpu_fe_swap

PORT void import_cpu_sc_montgomery(void *port, u32 out, u32 a, u32 b) {
  (void)port;
  cpu_sc_montgomery(elements(out, 1), elements(a, 1), elements(b, 1));
}
#define Z_cpuZ_scMontgomery import_cpu_sc_montgomery

PORT void import_cpu_comb_select(void *port, u32 out, u32 first, u32 digit) {
  (void)port;
  const u32 table_words = 3 * 16 * 8;
  if (first > sizeof table_ed25519 / 4 - table_words)
    wasm_rt_trap(WASM_RT_TRAP_OOB);
  cpu_comb_select(elements(out, 3), table_ed25519 + first, digit);
}
#define Z_cpuZ_combSelect import_cpu_comb_select
#endif

#include "cpu_blocks.h"
