/**
 * The functions of <string.h> that the firmware needs, small: the C library's own take five times the flash on an M4.
 * They move words where the core allows it, or where all is aligned.
 *
 * CT: lengths leak, and with memcmp, strncmp and strlen the compared bytes; secrets go to the others only.
 */
#include <string.h>

#include <stdint.h>

/* Without this the compiler makes calls of these very functions out of their loops. */
#pragma GCC optimize("no-tree-loop-distribute-patterns")

/** A word of any type, at any address that the core may access it at. */
#ifdef __ARM_FEATURE_UNALIGNED
#define IN_WORDS(addresses) 1
typedef uint32_t word_t __attribute__((may_alias, aligned(1)));
#else
#define IN_WORDS(addresses) (((addresses)&3) == 0)
typedef uint32_t word_t __attribute__((may_alias));
#endif

void *memmove(void *to, const void *from, size_t len) {
  uint8_t *const target = to;
  const uint8_t *const source = from;
  if ((uintptr_t)target - (uintptr_t)source < len) {
    while (len-- > 0)
      target[len] = source[len];
    return to;
  }
  size_t at = 0;
  if (IN_WORDS((uintptr_t)target | (uintptr_t)source)) {
    for (; at + 16 <= len; at += 16) {
#pragma GCC unroll 4
      for (size_t word = at; word < at + 16; word += 4)
        *(word_t *)(target + word) = *(const word_t *)(source + word);
    }
    for (; at + 4 <= len; at += 4)
      *(word_t *)(target + at) = *(const word_t *)(source + at);
  }
  for (; at < len; at++)
    target[at] = source[at];
  return to;
}

/* The compiler would make this loop a call of memcpy, that is, of itself. */
void *memcpy(void *restrict to, const void *restrict from, size_t len) __attribute__((alias("memmove")));

void *memset(void *to, int byte, size_t len) {
  uint8_t *const target = to;
  size_t at = 0;
  if (IN_WORDS((uintptr_t)target)) {
    const uint32_t pattern = (uint8_t)byte * 0x01010101u;
    for (; at + 16 <= len; at += 16) {
#pragma GCC unroll 4
      for (size_t word = at; word < at + 16; word += 4)
        *(word_t *)(target + word) = pattern;
    }
    for (; at + 4 <= len; at += 4)
      *(word_t *)(target + at) = pattern;
  }
  for (; at < len; at++)
    target[at] = (uint8_t)byte;
  return to;
}

int memcmp(const void *a, const void *b, size_t len) {
  const uint8_t *x = a, *y = b;
  for (size_t at = 0; at < len; at++)
    if (x[at] != y[at])
      return x[at] - y[at];
  return 0;
}

int strncmp(const char *a, const char *b, size_t len) {
  for (size_t at = 0; at < len; at++)
    if (a[at] != b[at] || a[at] == '\0')
      return (uint8_t)a[at] - (uint8_t)b[at];
  return 0;
}

size_t strlen(const char *text) {
  size_t len = 0;
  while (text[len] != '\0')
    len++;
  return len;
}
