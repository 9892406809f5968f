#include "semihost.h"

#include <string.h>

enum { SYS_OPEN = 0x01, SYS_WRITE0 = 0x04, SYS_READ = 0x06, SYS_GET_CMDLINE = 0x15 };
enum { MODE_RB = 1 };
enum { COMMAND_LINE_BYTES = 200 };

/** One call. Without a debugger the fault handler answers -1. */
static int32_t call(uint32_t operation, const void *parameters) {
  register uint32_t r0 __asm__("r0") = operation;
  register const void *r1 __asm__("r1") = parameters;
  __asm__ volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
  return (int32_t)r0;
}

uint32_t semihost_argument(char *out, uint32_t max, const char *key) {
  static char line[COMMAND_LINE_BYTES];
  const uint32_t block[2] = {(uint32_t)line, sizeof line};
  if (call(SYS_GET_CMDLINE, block) != 0)
    return 0;
  line[sizeof line - 1] = 0;
  const uint32_t keyLen = strlen(key);
  const char *at = line;
  while (strncmp(at, key, keyLen) != 0 || at[keyLen] != '=') {
    while (*at != 0 && *at != ' ')
      at++;
    if (*at++ == 0)
      return 0;
  }
  at += keyLen + 1;
  uint32_t len = 0;
  while (at[len] != 0 && at[len] != ' ' && len + 1 < max) {
    out[len] = at[len];
    len++;
  }
  out[len] = 0;
  return len;
}

int32_t semihost_open(const char *path) {
  const uint32_t block[3] = {(uint32_t)path, MODE_RB, strlen(path)};
  return call(SYS_OPEN, block);
}

uint32_t semihost_read(int32_t handle, uint8_t *out, uint32_t max) {
  const uint32_t block[3] = {(uint32_t)handle, (uint32_t)out, max};
  const int32_t left = call(SYS_READ, block);
  return left < 0 || (uint32_t)left > max ? 0 : max - (uint32_t)left;
}

void semihost_print(const char *text, uint32_t len) {
  while (len > 0) {
    char part[33];
    const uint32_t now = len < sizeof part - 1 ? len : sizeof part - 1;
    memcpy(part, text, now);
    part[now] = 0;
    call(SYS_WRITE0, part);
    text += now;
    len -= now;
  }
}
