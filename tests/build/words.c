/**
 * The words of boards/common/words.h against the exact rule: an access of `size` bytes at `base + offset` traps unless
 * the sum, in 64 bits, ends inside linear memory; else it moves those bytes. Prints how many accesses were compared.
 *
 *   words PAIRS SEED
 */
#include <inttypes.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>

#include "words.h"

static jmp_buf trapped;

_Noreturn void trap(trap_t why) { longjmp(trapped, 1 + (int)why); }

static uint64_t state, compared, inside_memory;

static u32 random32(void) {
  state ^= state << 13, state ^= state >> 7, state ^= state << 17;
  return (u32)(state >> 16);
}

/** A number near one of the places where a comparison could be wrong, or any. */
static u32 pick(void) {
  static const u32 near[] = {0, 0, 8, LINEAR_BYTES, LINEAR_BYTES, 0x7fffffff, 0xffffffff, (u32)-LINEAR_BYTES};
  const u32 bits = random32();
  if ((bits & 15) == 0)
    return random32();
  if ((bits & 15) < 5)
    return random32() % (2 * LINEAR_BYTES);
  return near[bits >> 4 & 7] + (bits >> 8 & 31) - 16;
}

static void fail(const char *name, u32 base, u32 offset) {
  printf("%s(%" PRIu32 ", %" PRIu32 ") is wrong\n", name, base, offset);
  exit(1);
}

/** True if the exact rule lets an access in. */
static int fits(u32 base, u32 offset, u32 size) { return (uint64_t)base + offset + size <= LINEAR_BYTES; }

static void compare(const char *name, u32 base, u32 offset, u32 size, int did_trap) {
  const int expected = fits(base, offset, size);
  if (did_trap == expected)
    fail(name, base, offset);
  compared++;
  inside_memory += (uint64_t)expected;
}

#define TRY_LOAD(word, type, wide, size)                                                                               \
  do {                                                                                                                 \
    u64 got = 0;                                                                                                       \
    const int why = setjmp(trapped);                                                                                   \
    if (!why)                                                                                                          \
      got = (u64)word(base, offset);                                                                                   \
    compare(#word, base, offset, size, why);                                                                           \
    type expected;                                                                                                     \
    if (!why && memcpy(&expected, guest.memory + base + offset, size) && got != (u64)(wide)expected)                   \
      fail(#word, base, offset);                                                                                       \
  } while (0)

#define TRY_STORE(word, size)                                                                                          \
  do {                                                                                                                 \
    const u64 given = (u64)random32() << 32 | random32();                                                              \
    const int why = setjmp(trapped);                                                                                   \
    if (!why)                                                                                                          \
      word(base, offset, given);                                                                                       \
    compare(#word, base, offset, size, why);                                                                           \
    if (!why && memcmp(guest.memory + base + offset, &given, size) != 0)                                               \
      fail(#word, base, offset);                                                                                       \
  } while (0)

/** Each word, the one that calls, and the one that calls without an offset. */
#define EACH_LOAD(word, type, wide, size)                                                                              \
  TRY_LOAD(word, type, wide, size);                                                                                    \
  TRY_LOAD(far_##word, type, wide, size);                                                                              \
  do {                                                                                                                 \
    const u32 offset = 0;                                                                                              \
    TRY_LOAD(far_##word, type, wide, size);                                                                            \
  } while (0)
#define EACH_STORE(word, size)                                                                                         \
  TRY_STORE(word, size);                                                                                               \
  TRY_STORE(far_##word, size);                                                                                         \
  do {                                                                                                                 \
    const u32 offset = 0;                                                                                              \
    TRY_STORE(far_##word, size);                                                                                       \
  } while (0)

/** Every word that reaches memory, at one place. */
static void access(volatile u32 base, volatile u32 offset) {
  EACH_LOAD(i32_load, u32, u32, 4);
  EACH_LOAD(i32_load8_s, s8, u32, 1);
  EACH_LOAD(i32_load8_u, u8, u8, 1);
  EACH_LOAD(i32_load16_s, s16, u32, 2);
  EACH_LOAD(i32_load16_u, u16, u16, 2);
  EACH_LOAD(i64_load, u64, u64, 8);
  EACH_LOAD(i64_load8_s, s8, u64, 1);
  EACH_LOAD(i64_load8_u, u8, u8, 1);
  EACH_LOAD(i64_load16_s, s16, u64, 2);
  EACH_LOAD(i64_load16_u, u16, u16, 2);
  EACH_LOAD(i64_load32_s, s32, u64, 4);
  EACH_LOAD(i64_load32_u, u32, u32, 4);
  EACH_STORE(i32_store, 4);
  EACH_STORE(i32_store8, 1);
  EACH_STORE(i32_store16, 2);
  EACH_STORE(i64_store, 8);
  EACH_STORE(i64_store8, 1);
  EACH_STORE(i64_store16, 2);
  EACH_STORE(i64_store32, 4);
}

/** At a constant address a load gives what the same word gives elsewhere, and a store is read again, at each alignment.
 */
#define AT(word, at)                                                                                                   \
  at_i32_store(at, at, 0, random32());                                                                                 \
  if (at_##word(at, at, 0) != word(somewhere, at))                                                                     \
  fail("at_" #word, at, 0)
#define AT_STORE(store, load, at)                                                                                      \
  do {                                                                                                                 \
    const u32 given = random32();                                                                                      \
    at_##store(at, at, 0, given);                                                                                      \
    store(somewhere, 16, given);                                                                                       \
    if (load(somewhere, at) != load(somewhere, 16))                                                                    \
      fail("at_" #store, at, 0);                                                                                       \
  } while (0)
#define AT_ALL(at)                                                                                                     \
  AT(i32_load, at);                                                                                                    \
  AT(i32_load8_s, at);                                                                                                 \
  AT(i32_load8_u, at);                                                                                                 \
  AT(i32_load16_s, at);                                                                                                \
  AT(i32_load16_u, at);                                                                                                \
  AT(i64_load, at);                                                                                                    \
  AT(i64_load8_u, at);                                                                                                 \
  AT(i64_load32_u, at);                                                                                                \
  AT_STORE(i32_store, i32_load, at);                                                                                   \
  AT_STORE(i32_store8, i32_load8_u, at);                                                                               \
  AT_STORE(i32_store16, i32_load16_u, at);                                                                             \
  AT_STORE(i64_store, i64_load, at);                                                                                   \
  AT_STORE(i64_store8, i64_load8_u, at);                                                                               \
  AT_STORE(i64_store16, i64_load16_u, at);                                                                             \
  AT_STORE(i64_store32, i64_load32_u, at)

static void constant(volatile u32 somewhere) {
  AT_ALL(120);
  AT_ALL(121);
  AT_ALL(122);
  AT_ALL(124);
  AT_ALL(128);
  AT_ALL(LINEAR_BYTES - 8);
}

/** Ranges whose length is not a constant: the one of a fill, and each of the two of a copy. */
static void range(volatile u32 at, volatile u32 len) {
  const u32 middle = LINEAR_BYTES / 2;
  int why = setjmp(trapped);
  if (!why)
    memory_fill(at, len, len);
  compare("memory_fill", at, len, 0, why);
  why = setjmp(trapped);
  if (!why)
    memory_copy(at, middle, len);
  compare("memory_copy to", at > middle ? at : middle, len, 0, why);
  why = setjmp(trapped);
  if (!why)
    memory_copy(middle, at, len);
  compare("memory_copy from", at > middle ? at : middle, len, 0, why);
}

int main(int count, char **arguments) {
  if (count != 3)
    return 2;
  const uint64_t pairs = strtoull(arguments[1], 0, 10);
  state = strtoull(arguments[2], 0, 10) | 1;
  for (u32 i = 0; i < LINEAR_BYTES; i++)
    guest.memory[i] = (u8)random32();
  constant(0);
  while (compared < pairs) {
    access(pick(), pick());
    range(pick(), pick());
  }
  printf("%" PRIu64 " accesses, %" PRIu64 " of them inside\n", compared, inside_memory);
  return 0;
}
