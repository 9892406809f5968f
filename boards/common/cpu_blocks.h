/*
 * The firmware's `cpu.*` imports on whole blocks: SHA-2 and Poly1305 for boards that say CRYPTO_BLOCKS,
 * ChaCha20, AES-128 and GHASH also for those that say CRYPTO_NATIVE. Each range is checked against linear memory's
 * constant bound before assembly sees it. Data may lie anywhere; a state that is not aligned to a word faults.
 */
#pragma once
#if defined(CRYPTO_BLOCKS) || defined(CRYPTO_NATIVE)
/** The address of `blocks` blocks of `bytes` at `at`: at least one, and no more than linear memory could hold. */
INNER_PORT uint8_t *whole(u32 at, u32 blocks, u32 bytes) {
  if (blocks == 0 || blocks > LINEAR_BYTES / bytes)
    trap(TRAP_OOB);
  return inside(at, blocks * bytes);
}

void cpu_aes128_encrypt(uint32_t *q, const uint32_t *schedule);
void cpu_aes128_transpose(uint32_t *q);
void cpu_aes_substitute(uint32_t *q);
void cpu_chacha20(uint8_t *out, const uint8_t *text, uint32_t blocks, uint32_t *state);
void cpu_ghash(uint32_t *state, const uint8_t *data, uint32_t blocks);

INNER_PORT void import_cpu_aes128_encrypt(u32 q, u32 schedule) {
  cpu_aes128_encrypt((uint32_t *)inside(q, 32), (const uint32_t *)inside(schedule, 352));
}

INNER_PORT void import_cpu_aes128_transpose(u32 q) { cpu_aes128_transpose((uint32_t *)inside(q, 32)); }

INNER_PORT void import_cpu_aes_substitute(u32 q) { cpu_aes_substitute((uint32_t *)inside(q, 32)); }

INNER_PORT void import_cpu_chacha20(u32 out, u32 text, u32 blocks, u32 state) {
  cpu_chacha20(whole(out, blocks, 64), whole(text, blocks, 64), blocks, (uint32_t *)inside(state, 64));
}

INNER_PORT void import_cpu_ghash(u32 state, u32 data, u32 blocks) {
  cpu_ghash((uint32_t *)inside(state, 160), whole(data, blocks, 16), blocks);
}
#endif

#ifdef CRYPTO_BLOCKS
#include "table_sha2.h"

void cpu_sha256(uint32_t *state, const uint8_t *data, uint32_t blocks, const uint32_t *k);
void cpu_sha512(uint32_t *state, const uint8_t *data, uint32_t blocks, const uint32_t *k);
void cpu_poly1305(uint32_t *state, const uint8_t *data, uint32_t blocks);

INNER_PORT void import_cpu_sha256(u32 state, u32 data, u32 blocks) {
  cpu_sha256((uint32_t *)inside(state, 32), whole(data, blocks, 64), blocks, table_sha2);
}

INNER_PORT void import_cpu_sha512(u32 state, u32 data, u32 blocks) {
  cpu_sha512((uint32_t *)inside(state, 64), whole(data, blocks, 128), blocks, table_sha2);
}

INNER_PORT void import_cpu_poly1305(u32 state, u32 data, u32 blocks) {
  cpu_poly1305((uint32_t *)inside(state, 52), whole(data, blocks, 16), blocks);
}
#endif
