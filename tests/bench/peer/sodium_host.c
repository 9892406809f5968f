/** Functions of an operating system that libsodium needs, for a chip that has none. */
#include <stdlib.h>
#include <string.h>

#include "core.h"
#include "randombytes.h"
#include "runtime.h"
#include "utils.h"

void sodium_memzero(void *const at, const size_t len) {
  memset(at, 0, len);
  __asm__ volatile("" ::"r"(at) : "memory");
}

int sodium_is_zero(const unsigned char *bytes, const size_t len) {
  unsigned char any = 0;
  for (size_t i = 0; i < len; i++)
    any |= bytes[i];
  return 1 & ((any - 1) >> 8);
}

int sodium_memcmp(const void *const a, const void *const b, size_t len) {
  const unsigned char *x = a, *y = b;
  unsigned char differ = 0;
  while (len-- > 0)
    differ |= *x++ ^ *y++;
  return (1 & ((differ - 1) >> 8)) - 1;
}

void sodium_misuse(void) {
  for (;;)
    continue;
}

void abort(void) {
  for (;;)
    continue;
}

void randombytes_buf(void *const out, const size_t len) { memset(out, 0, len); }
int sodium_runtime_has_ssse3(void) { return 0; }
int sodium_runtime_has_avx(void) { return 0; }
int sodium_runtime_has_avx2(void) { return 0; }
int sodium_runtime_has_sse2(void) { return 0; }
