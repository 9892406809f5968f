/**
 * The functions of boards/common/string.c, whose names here begin with `own_`, against the C library's: each length and
 * alignment up to a few words, each overlap. Prints how many calls were compared.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST = 37, SHIFTS = 8, BYTES = 2 * MOST + 2 * SHIFTS };

void *own_memmove(void *to, const void *from, size_t len);
void *own_memcpy(void *to, const void *from, size_t len);
void *own_memset(void *to, int byte, size_t len);
int own_memcmp(const void *a, const void *b, size_t len);
int own_strncmp(const char *a, const char *b, size_t len);
size_t own_strlen(const char *text);

static unsigned long compared;
static _Alignas(8) unsigned char expected[BYTES], got[BYTES];

static void check(const char *name, int same) {
  compared++;
  if (same)
    return;
  printf("%s is wrong\n", name);
  exit(1);
}

static void fill(void) {
  for (int i = 0; i < BYTES; i++)
    expected[i] = got[i] = (unsigned char)(1 + rand() % 255);
}

static int sign(int order) { return (order > 0) - (order < 0); }

static void move(size_t to, size_t from, size_t len) {
  fill();
  memmove(expected + to, expected + from, len);
  check("memmove", own_memmove(got + to, got + from, len) == got + to && memcmp(expected, got, BYTES) == 0);
  if (to < from + len && from < to + len)
    return;
  fill();
  memcpy(expected + to, expected + from, len);
  check("memcpy", own_memcpy(got + to, got + from, len) == got + to && memcmp(expected, got, BYTES) == 0);
}

static void set(size_t at, int byte, size_t len) {
  fill();
  memset(expected + at, byte, len);
  check("memset", own_memset(got + at, byte, len) == got + at && memcmp(expected, got, BYTES) == 0);
}

/** Two texts that differ at `at`, or nowhere before their end at `len`. */
static void order(size_t at, size_t len) {
  fill();
  expected[len] = got[len] = 0;
  expected[at] = (unsigned char)rand();
  const char *const a = (const char *)expected, *const b = (const char *)got;
  check("strlen", own_strlen(a) == strlen(a));
  for (size_t most = 0; most < MOST; most++) {
    check("memcmp", sign(own_memcmp(a, b, most)) == sign(memcmp(a, b, most)));
    check("strncmp", sign(own_strncmp(a, b, most)) == sign(strncmp(a, b, most)));
  }
}

int main(void) {
  for (size_t to = 0; to < MOST + SHIFTS; to++)
    for (size_t from = 0; from < MOST + SHIFTS; from++)
      for (size_t len = 0; len < MOST; len++)
        move(to, from, len);
  for (size_t at = 0; at < SHIFTS; at++)
    for (size_t len = 0; len < MOST; len++)
      set(at, 1 + (int)(at * len), len), set(at, -1, len), set(at, 0x1ff, len);
  for (size_t at = 0; at < MOST; at++)
    for (size_t len = 0; len < MOST; len++)
      order(at, len);
  printf("%lu calls\n", compared);
  return 0;
}
