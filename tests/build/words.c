/**
 * The words of boards/common/words.h against the exact rule: an access of `size` bytes at `base + offset` traps unless
 * the sum, in 64 bits, ends inside linear memory, or for a word that may read constants among these; else it moves
 * those bytes. Prints how many accesses were compared.
 *
 *   words PAIRS SEED
 */
#include <inttypes.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>

#include "words.h"

static const u8 constants[CONSTANTS_BYTES] = {1, 2, 3, 250, 251, 252, [CONSTANTS_BYTES - 2] = 9, 200};

#define CONSTANTS_END (CONSTANTS_AT + CONSTANTS_BYTES)

static jmp_buf trapped;

_Noreturn void trap(trap_t why) { longjmp(trapped, 1 + (int)why); }

static uint64_t state, compared, inside_memory;

static u32 random32(void) {
  state ^= state << 13, state ^= state >> 7, state ^= state << 17;
  return (u32)(state >> 16);
}

/** A number near one of the places where a comparison could be wrong, or any. */
static u32 pick(void) {
  static const u32 near[] = {0,
                             0,
                             8,
                             LINEAR_BYTES,
                             LINEAR_BYTES,
                             0x7fffffff,
                             0xffffffff,
                             (u32)-LINEAR_BYTES,
                             CONSTANTS_AT,
                             CONSTANTS_END,
                             CONSTANTS_AT,
                             CONSTANTS_END,
                             (u32)-CONSTANTS_AT,
                             4,
                             2,
                             0};
  const u32 bits = random32();
  if ((bits & 15) == 0)
    return random32();
  if ((bits & 15) < 5)
    return random32() % (2 * LINEAR_BYTES);
  return near[bits >> 4 & 15] + (bits >> 8 & 31) - 16;
}

static void fail(const char *name, u32 base, u32 offset) {
  printf("%s(%" PRIu32 ", %" PRIu32 ") is wrong\n", name, base, offset);
  exit(1);
}

/** True if the exact rule lets an access in. */
static int fits(u32 base, u32 offset, u32 size) { return (uint64_t)base + offset + size <= LINEAR_BYTES; }

/** True if it lets a word in that may read constants. */
static int is_constant(u32 base, u32 offset, u32 size) {
  const uint64_t at = (uint64_t)base + offset;
  return at >= CONSTANTS_AT && at + size <= CONSTANTS_END;
}

static void compare(const char *name, int expected, u32 base, u32 offset, int did_trap) {
  if (did_trap == expected)
    fail(name, base, offset);
  compared++;
  inside_memory += (uint64_t)expected;
}

#define TRY_LOAD(word, reads, type, wide, size)                                                                        \
  do {                                                                                                                 \
    u64 got = 0;                                                                                                       \
    const int why = setjmp(trapped);                                                                                   \
    if (!why)                                                                                                          \
      got = (u64)word(base, offset);                                                                                   \
    const int among = (reads) && is_constant(base, offset, size);                                                      \
    compare(#word, among || fits(base, offset, size), base, offset, why);                                              \
    type expected;                                                                                                     \
    const u8 *from = among ? constants + (base + offset - CONSTANTS_AT) : guest.memory + base + offset;                \
    if (!why && memcpy(&expected, from, size) && got != (u64)(wide)expected)                                           \
      fail(#word, base, offset);                                                                                       \
  } while (0)

#define TRY_STORE(word, size)                                                                                          \
  do {                                                                                                                 \
    const u64 given = (u64)random32() << 32 | random32();                                                              \
    const int why = setjmp(trapped);                                                                                   \
    if (!why)                                                                                                          \
      word(base, offset, given);                                                                                       \
    compare(#word, fits(base, offset, size), base, offset, why);                                                       \
    if (!why && memcmp(guest.memory + base + offset, &given, size) != 0)                                               \
      fail(#word, base, offset);                                                                                       \
  } while (0)

/** Each word, the one that calls, and the one that calls without an offset. */
#define EACH_LOAD(word, type, wide, size)                                                                              \
  TRY_LOAD(word, 0, type, wide, size);                                                                                 \
  TRY_LOAD(far_##word, 1, type, wide, size);                                                                           \
  TRY_LOAD(warm_##word, WARM_IS_COLD, type, wide, size);                                                               \
  do {                                                                                                                 \
    const u32 offset = 0;                                                                                              \
    TRY_LOAD(far_##word, 1, type, wide, size);                                                                         \
  } while (0)
#define EACH_STORE(word, size)                                                                                         \
  TRY_STORE(word, size);                                                                                               \
  TRY_STORE(far_##word, size);                                                                                         \
  TRY_STORE(warm_##word, size);                                                                                        \
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

/** A constant is read at an address that the generator knows, at one that only the compiler knows, and at any. */
#define AT_READ(word, at)                                                                                              \
  if (at_##word(at, at, 0) != far_##word(somewhere, at) || far_##word(at, 0) != far_##word(somewhere, at))             \
  fail("at_" #word, at, 0)
#define AT_CONSTANT(at)                                                                                                \
  AT_READ(i32_load, at);                                                                                               \
  AT_READ(i32_load8_s, at);                                                                                            \
  AT_READ(i32_load8_u, at);                                                                                            \
  AT_READ(i32_load16_u, at);                                                                                           \
  AT_READ(i64_load, at)

static void constant(volatile u32 somewhere) {
  AT_ALL(120);
  AT_ALL(121);
  AT_ALL(122);
  AT_ALL(124);
  AT_ALL(128);
  AT_ALL(LINEAR_BYTES - 8);
  AT_CONSTANT(CONSTANTS_AT);
  AT_CONSTANT(CONSTANTS_AT + 1);
  AT_CONSTANT(CONSTANTS_END - 8);
}

/** Ranges whose length is not a constant: the one of a fill, and each of the two of a copy. */
static void range(volatile u32 at, volatile u32 len) {
  const u32 middle = LINEAR_BYTES / 2;
  int why = setjmp(trapped);
  if (!why)
    memory_fill(at, len, len);
  compare("memory_fill", fits(at, len, 0), at, len, why);
  why = setjmp(trapped);
  if (!why)
    memory_copy(at, middle, len);
  const int fits_middle = fits(middle, len, 0);
  compare("memory_copy to", fits_middle && fits(at, len, 0), at, len, why);
  why = setjmp(trapped);
  if (!why)
    memory_copy(middle, at, len);
  compare("memory_copy from", fits_middle && (fits(at, len, 0) || is_constant(at, 0, len)), at, len, why);
  if (!why && at >= CONSTANTS_AT && memcmp(guest.memory + middle, constants + (at - CONSTANTS_AT), len) != 0)
    fail("memory_copy from", at, len);
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
