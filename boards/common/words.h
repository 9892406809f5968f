/**
 * The words in which the guest's C is written: WebAssembly's instructions, each checked. With the imports of guest.c
 * this is all that the guest can do, so the whole of its memory safety is here. An instruction that is not here does
 * not compile.
 *
 * Longer than 400 lines: the whole of the memory safety is in one file, to be reviewed at once.
 */
#ifndef WORDS_H_
#define WORDS_H_

#include <string.h>

#include "layout.h" /* generated: LINEAR_BYTES, GUEST_GLOBALS, WINDOWS */
#include "trap.h"

typedef uint8_t u8;
typedef int8_t s8;
typedef uint16_t u16;
typedef int16_t s16;
typedef uint32_t u32;
typedef int32_t s32;
typedef uint64_t u64;
typedef int64_t s64;
typedef double f64;

#define LIKELY(x)   __builtin_expect(!!(x), 1)
#define UNLIKELY(x) __builtin_expect(!!(x), 0)
#define WORD        static inline __attribute__((always_inline, unused))
#define FAR         static __attribute__((noinline, unused))

/*
 * How functions are made: what computes fast, as far as that costs little flash, and the rest small. The loops of the
 * ciphers gain a quarter from more. Small functions do without passes of gcc that -Os includes and that lengthen them:
 * copies of a loop's condition, registers saved around calls, invariants held in registers over a loop, an order of
 * instructions that serves the pipeline, registers saved late, tables of jumps, results selected by conditional
 * instructions, and what gcc calls expensive. With Thumb-2 registers are assigned by priority, not by colouring.
 */
#if __ARM_ARCH_ISA_THUMB >= 2
#define COLD_PRIORITY , "ira-algorithm=priority"
#else
#define COLD_PRIORITY
#endif
#ifdef __clang__
#define COLD __attribute__((cold))
#else
#define COLD                                                                                                           \
  __attribute__((cold, optimize("no-tree-ch", "no-caller-saves", "no-move-loop-invariants", "no-schedule-insns2",      \
                                "no-shrink-wrap", "no-jump-tables", "no-if-conversion",                                \
                                "no-expensive-optimizations" COLD_PRIORITY)))
#endif
#ifdef CRYPTO_SMALL
#define HOT
#else
#define HOT __attribute__((hot))
#endif
#if defined(CRYPTO_SMALL) || defined(__clang__)
#define HOTTEST HOT
#else
#define HOTTEST __attribute__((hot, optimize("O2")))
#endif

/*
 * Arithmetic of scalars and points takes little time beside that of the field. It is fast where that costs little, and
 * small on a core that may not access memory unaligned (ARMv6-M): there each inlined access has two forms.
 */
#if !defined(__ARM_ARCH) || defined(__ARM_FEATURE_UNALIGNED)
#define WARM         HOT
#define WARM_IS_COLD 0
#else
#define WARM         COLD
#define WARM_IS_COLD 1
#endif

/** The one guest: linear memory of exactly the size it needs, which never grows. */
static struct guest { u8 memory[LINEAR_BYTES] __attribute__((aligned(16))); } guest;

/** Its globals: an object of their own, so that one short instruction reaches each. */
static struct { GUEST_GLOBALS } globals __attribute__((unused));

/**
 * The same address, of which the compiler no longer knows what it points to: what an access that is not through a
 * window must go through, since the windows below are other objects to the compiler.
 */
WORD u8 *anywhere(void *address) {
  __asm__("" : "+r"(address));
  return address;
}

typedef u16 __attribute__((may_alias)) half_t;
typedef u32 __attribute__((may_alias)) word_t;

/*
 * Linear memory again, as objects of 32 words. An access at an address that the generator knows goes through one of
 * them: several such accesses share the address of their window, and each is one short instruction.
 *
 * Bounds: only aligned accesses of at most a word go through a window, so none reaches into the next.
 */
#ifdef __arm__
#define WINDOW(n)                                                                                                      \
  extern u32 window_##n[32];                                                                                           \
  __asm__(".set window_" #n ", guest + 128 * " #n);
WINDOWS
#undef WINDOW
#define WINDOW(n) window_##n,
static u32 *const windows[] = {WINDOWS};
WORD u8 *known(u32 at) { return (u8 *)windows[at / 128] + at % 128; }
#else
WORD u8 *known(u32 at) { return guest.memory + at; }
#endif

/**
 * The module's constants: bytes that nothing writes. They are no part of linear memory but stay in flash, at addresses
 * behind all of it. Only words that begin with `far_` or `at_` read them, and memory_copy; any other access of them
 * traps.
 */
static const u8 constants[CONSTANTS_BYTES];

/**
 * Called where the compiler does not derive the constant that the generator knows, or that address is outside: fails
 * the build.
 */
__attribute__((error("the generator is wrong about a constant"))) void constant_is_wrong(void);

/** Fail the build if the compiler does not derive the constant that the generator knows. */
#define CONSTANT(given, constant)                                                                                      \
  do {                                                                                                                 \
    if ((given) != (constant))                                                                                         \
      constant_is_wrong();                                                                                             \
  } while (0)

/** True if an access at the constant address `at`, which is `base + offset`, is a window's; it is inside. */
WORD int is_windowed(u32 at, u32 base, u32 offset, u32 size) {
  if (at != base + offset || at < offset || size > LINEAR_BYTES || at > LINEAR_BYTES - size)
    constant_is_wrong();
  return at % (size > 4 ? 4 : size) == 0;
}

WORD void fetch_known(void *to, u32 at, u32 size) {
  if (size == 1)
    *(u8 *)to = *known(at);
  else if (size == 2)
    *(half_t *)to = *(const half_t *)known(at);
  else
    for (u32 i = 0; i < size; i += 4)
      ((word_t *)to)[i / 4] = *(const word_t *)known(at + i);
}

WORD void put_known(u32 at, const void *from, u32 size) {
  if (size == 1)
    *known(at) = *(const u8 *)from;
  else if (size == 2)
    *(half_t *)known(at) = *(const half_t *)from;
  else
    for (u32 i = 0; i < size; i += 4)
      *(word_t *)known(at + i) = ((const word_t *)from)[i / 4];
}

/**
 * True if `size` bytes at `base + offset`, a sum of 33 bits, are not all in linear memory.
 *
 * Bounds: no difference wraps, by the comparisons before it. `offset` and `size` are constants of the instruction: what
 * is left of this is one comparison of `base` with a constant, and nothing if `base` is constant too.
 */
WORD int is_outside(u32 base, u32 offset, u32 size) {
  return UNLIKELY(size > LINEAR_BYTES || offset > LINEAR_BYTES - size || base > LINEAR_BYTES - size - offset);
}

/** The address of `size` bytes at `base + offset`; traps if they are not all in linear memory. */
WORD u8 *address(u32 base, u32 offset, u32 size) {
  if (is_outside(base, offset, size))
    trap(TRAP_OOB);
  return anywhere(guest.memory) + base + offset;
}

/** The address of `len` bytes at `at`; traps if they are not all in linear memory. */
WORD u8 *inside(u32 at, u32 len) { return address(at, 0, len); }

/**
 * The address of `size` bytes of constants at `base + offset`, a sum of 33 bits; traps if they are not all constants.
 *
 * Bounds: no difference wraps, by the comparisons before it, and the sum does not, by the third.
 */
WORD const u8 *among_constants(u32 base, u32 offset, u32 size) {
  const u32 end = CONSTANTS_AT + CONSTANTS_BYTES;
  if (size > end || offset > end - size || base > end - size - offset || base + offset < CONSTANTS_AT)
    trap(TRAP_OOB);
  return constants + (base + offset - CONSTANTS_AT);
}

/** The address of `size` bytes at `base + offset` to read, in linear memory or of constants; else it traps. */
WORD const u8 *source(u32 base, u32 offset, u32 size) {
  return is_outside(base, offset, size) ? among_constants(base, offset, size) : anywhere(guest.memory) + base + offset;
}

/* The checks for accesses that need not be fast: one function to read, and one to write. */
FAR const u8 *called_source(u32 base, u32 offset, u32 size) { return source(base, offset, size); }
FAR u8 *called_address(u32 base, u32 offset, u32 size) { return address(base, offset, size); }

/** The same in line for linear memory: for words, which are read most often. */
WORD const u8 *quick_source(u32 base, u32 offset, u32 size) {
  return is_outside(base, offset, size) ? called_source(base, offset, size) : anywhere(guest.memory) + base + offset;
}

/*
 * Move bytes; `size` is a constant 1, 2, 4 or 8. A core that may access memory unaligned does so. On one that may not
 * (ARMv6-M) the compiler would move every word byte by byte: there an aligned address, the usual case, is handled
 * first.
 */
#if !defined(__ARM_ARCH) || defined(__ARM_FEATURE_UNALIGNED)
#define fetch __builtin_memcpy
#define put   __builtin_memcpy
#else
/** Gather and scatter bytes: out of line, for addresses that are not aligned. */
u32 words_gather2(const u8 *from);
u32 words_gather4(const u8 *from);
u64 words_gather8(const u8 *from);
void words_scatter2(u8 *to, u32 given);
void words_scatter4(u8 *to, u32 given);
void words_scatter8(u8 *to, u64 given);

WORD int is_aligned(const u8 *place, u32 size) { return LIKELY(((uintptr_t)place & (size - 1)) == 0); }

WORD void fetch(void *to, const u8 *from, u32 size) {
  if (size == 1)
    *(u8 *)to = *from;
  else if (size == 2)
    *(half_t *)to = is_aligned(from, 2) ? *(const half_t *)from : (u16)words_gather2(from);
  else if (size == 4)
    *(word_t *)to = is_aligned(from, 4) ? *(const word_t *)from : words_gather4(from);
  else
    *(u64 *)to =
        is_aligned(from, 4) ? ((const word_t *)from)[0] | (u64)((const word_t *)from)[1] << 32 : words_gather8(from);
}

WORD void put(u8 *to, const void *from, u32 size) {
  if (size == 1)
    *to = *(const u8 *)from;
  else if (size == 2 && is_aligned(to, 2))
    *(half_t *)to = *(const half_t *)from;
  else if (size == 2)
    words_scatter2(to, *(const half_t *)from);
  else if (size == 4 && is_aligned(to, 4))
    *(word_t *)to = *(const word_t *)from;
  else if (size == 4)
    words_scatter4(to, *(const word_t *)from);
  else if (is_aligned(to, 4))
    ((word_t *)to)[0] = ((const word_t *)from)[0], ((word_t *)to)[1] = ((const word_t *)from)[1];
  else
    words_scatter8(to, *(const u64 *)from);
}
#endif

/*
 * Loads and stores: `memory` is the type in memory, `wide` the one that extends it, `value` the instruction's. The
 * words that begin with `at_` are for addresses that the generator knows.
 */
#define LOAD(name, memory, value, wide)                                                                                \
  WORD value name(u32 base, u32 offset) {                                                                              \
    memory got;                                                                                                        \
    fetch(&got, address(base, offset, sizeof got), sizeof got);                                                        \
    return (value)(wide)got;                                                                                           \
  }                                                                                                                    \
  WORD value at_##name(u32 at, u32 base, u32 offset) {                                                                 \
    memory got;                                                                                                        \
    if (at >= CONSTANTS_AT) {                                                                                          \
      if (at != base + offset || at < offset || at > CONSTANTS_AT + CONSTANTS_BYTES - sizeof got)                      \
        constant_is_wrong();                                                                                           \
      memcpy(&got, constants + (at - CONSTANTS_AT), sizeof got);                                                       \
      return (value)(wide)got;                                                                                         \
    }                                                                                                                  \
    if (!is_windowed(at, base, offset, sizeof got))                                                                    \
      return name(base, offset);                                                                                       \
    fetch_known(&got, at, sizeof got);                                                                                 \
    return (value)(wide)got;                                                                                           \
  }                                                                                                                    \
  WORD value warm_##name(u32 base, u32 offset) { return WARM_IS_COLD ? far_##name(base, offset) : name(base, offset); }
#define STORE(name, memory, value)                                                                                     \
  WORD void name(u32 base, u32 offset, value given) {                                                                  \
    const memory low = (memory)given;                                                                                  \
    put(address(base, offset, sizeof low), &low, sizeof low);                                                          \
  }                                                                                                                    \
  WORD void at_##name(u32 at, u32 base, u32 offset, value given) {                                                     \
    const memory low = (memory)given;                                                                                  \
    if (is_windowed(at, base, offset, sizeof low))                                                                     \
      put_known(at, &low, sizeof low);                                                                                 \
    else                                                                                                               \
      name(base, offset, given);                                                                                       \
  }                                                                                                                    \
  WORD void warm_##name(u32 base, u32 offset, value given) {                                                           \
    if (WARM_IS_COLD)                                                                                                  \
      far_##name(base, offset, given);                                                                                 \
    else                                                                                                               \
      name(base, offset, given);                                                                                       \
  }

/*
 * Functions that are to be small use the words that begin with `far_`: where the address is not known to the compiler,
 * a function that all of them call makes the access, another one if there is no offset to pass. There is one of each
 * for a size in memory: the other words of this size extend what it gives, or take the lower part. The words that begin
 * with `warm_` are those of WARM functions.
 */
#define IS_ZERO(offset) (__builtin_constant_p(offset) && (offset) == 0)

#define FAR_LOAD(name, memory, value, source_of)                                                                       \
  WORD value any_##name(const u8 *from) {                                                                              \
    memory got;                                                                                                        \
    fetch(&got, from, sizeof got);                                                                                     \
    return got;                                                                                                        \
  }                                                                                                                    \
  FAR value called_##name(u32 base, u32 offset) { return any_##name(source_of(base, offset, sizeof(memory))); }        \
  FAR value called_plain_##name(u32 base) { return any_##name(source_of(base, 0, sizeof(memory))); }                   \
  WORD value far_##name(u32 base, u32 offset) {                                                                        \
    if (__builtin_constant_p(base))                                                                                    \
      return any_##name(source(base, offset, sizeof(memory)));                                                         \
    return IS_ZERO(offset) ? called_plain_##name(base) : called_##name(base, offset);                                  \
  }
#define FAR_STORE(name, memory, value, place_of)                                                                       \
  WORD void any_##name(u8 *to, value given) {                                                                          \
    const memory low = (memory)given;                                                                                  \
    put(to, &low, sizeof low);                                                                                         \
  }                                                                                                                    \
  FAR void called_##name(u32 base, value given, u32 offset) {                                                          \
    any_##name(place_of(base, offset, sizeof(memory)), given);                                                         \
  }                                                                                                                    \
  FAR void called_plain_##name(u32 base, value given) { any_##name(place_of(base, 0, sizeof(memory)), given); }        \
  WORD void far_##name(u32 base, u32 offset, value given) {                                                            \
    if (__builtin_constant_p(base))                                                                                    \
      any_##name(address(base, offset, sizeof(memory)), given);                                                        \
    else if (IS_ZERO(offset))                                                                                          \
      called_plain_##name(base, given);                                                                                \
    else                                                                                                               \
      called_##name(base, given, offset);                                                                              \
  }
#define FAR_LOAD_AS(name, other, memory, value, wide)                                                                  \
  WORD value far_##name(u32 base, u32 offset) { return (value)(wide)(memory)far_##other(base, offset); }
#define FAR_STORE_AS(name, other)                                                                                      \
  WORD void far_##name(u32 base, u32 offset, u64 given) { far_##other(base, offset, (u32)given); }

FAR_LOAD(i32_load, u32, u32, quick_source)
FAR_LOAD(i32_load8_u, u8, u32, called_source)
FAR_LOAD(i32_load16_u, u16, u32, called_source)
FAR_LOAD(i64_load, u64, u64, called_source)
FAR_LOAD_AS(i32_load8_s, i32_load8_u, s8, u32, s32)
FAR_LOAD_AS(i32_load16_s, i32_load16_u, s16, u32, s32)
FAR_LOAD_AS(i64_load8_s, i32_load8_u, s8, u64, s64)
FAR_LOAD_AS(i64_load8_u, i32_load8_u, u8, u64, u64)
FAR_LOAD_AS(i64_load16_s, i32_load16_u, s16, u64, s64)
FAR_LOAD_AS(i64_load16_u, i32_load16_u, u16, u64, u64)
FAR_LOAD_AS(i64_load32_s, i32_load, s32, u64, s64)
FAR_LOAD_AS(i64_load32_u, i32_load, u32, u64, u64)
FAR_STORE(i32_store, u32, u32, address)
FAR_STORE(i32_store8, u8, u32, called_address)
FAR_STORE(i32_store16, u16, u32, called_address)
FAR_STORE(i64_store, u64, u64, called_address)
FAR_STORE_AS(i64_store8, i32_store8)
FAR_STORE_AS(i64_store16, i32_store16)
FAR_STORE_AS(i64_store32, i32_store)

LOAD(i32_load, u32, u32, u32)
LOAD(i32_load8_s, s8, u32, s32)
LOAD(i32_load8_u, u8, u32, u32)
LOAD(i32_load16_s, s16, u32, s32)
LOAD(i32_load16_u, u16, u32, u32)
LOAD(i64_load, u64, u64, u64)
LOAD(i64_load8_s, s8, u64, s64)
LOAD(i64_load8_u, u8, u64, u64)
LOAD(i64_load16_s, s16, u64, s64)
LOAD(i64_load16_u, u16, u64, u64)
LOAD(i64_load32_s, s32, u64, s64)
LOAD(i64_load32_u, u32, u64, u64)
STORE(i32_store, u32, u32)
STORE(i32_store8, u8, u32)
STORE(i32_store16, u16, u32)
STORE(i64_store, u64, u64)
STORE(i64_store8, u8, u64)
STORE(i64_store16, u16, u64)
STORE(i64_store32, u32, u64)

FAR void memory_fill(u32 to, u32 value, u32 len) { memset(called_address(to, 0, len), (int)value, len); }

FAR void memory_copy(u32 to, u32 from, u32 len) {
  u8 *const target = called_address(to, 0, len);
  memmove(target, called_source(from, 0, len), len);
}

#define UNREACHABLE trap(TRAP_UNREACHABLE)

/** The bits of a float, and back. Arithmetic of floats is C's own; floats in memory or across an import have no word.
 */
WORD u64 i64_reinterpret_f64(f64 value) {
  u64 bits;
  memcpy(&bits, &value, sizeof bits);
  return bits;
}

WORD f64 f64_reinterpret_i64(u64 bits) {
  f64 value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

#define I32_CLZ(x)    ((x) ? (u32)__builtin_clz(x) : 32u)
#define I64_CLZ(x)    ((x) ? (u64)__builtin_clzll(x) : 64u)
#define I32_CTZ(x)    ((x) ? (u32)__builtin_ctz(x) : 32u)
#define I64_CTZ(x)    ((x) ? (u64)__builtin_ctzll(x) : 64u)
#define I32_POPCNT(x) ((u32)__builtin_popcount(x))
#define I64_POPCNT(x) ((u64)__builtin_popcountll(x))

#define ROTATE(x, left, right) (((x) << (left)) | ((x) >> (right)))
#define I32_ROTL(x, y)         ROTATE(x, (y)&31, -(y)&31)
#define I64_ROTL(x, y)         ROTATE(x, (y)&63, -(y)&63)
#define I32_ROTR(x, y)         ROTATE(x, -(y)&31, (y)&31)
#define I64_ROTR(x, y)         ROTATE(x, -(y)&63, (y)&63)

#define DIVIDE(x, op, y) (UNLIKELY((y) == 0) ? (trap(TRAP_DIVIDE), 0) : (x)op(y))
#define DIV_U(x, y)      DIVIDE(x, /, y)
#define REM_U(x, y)      DIVIDE(x, %, y)

/* The one quotient that does not fit: it traps, and its remainder is 0. */
#define DIV_S(u, s, least, x, y)                                                                                       \
  (UNLIKELY((s)(x) == (least) && (s)(y) == -1) ? (trap(TRAP_OVERFLOW), 0) : (u)DIVIDE((s)(x), /, (s)(y)))
#define REM_S(u, s, x, y) (UNLIKELY((s)(y) == -1) ? 0 : (u)DIVIDE((s)(x), %, (s)(y)))
#define I32_DIV_S(x, y)   DIV_S(u32, s32, INT32_MIN, x, y)
#define I64_DIV_S(x, y)   DIV_S(u64, s64, INT64_MIN, x, y)
#define I32_REM_S(x, y)   REM_S(u32, s32, x, y)
#define I64_REM_S(x, y)   REM_S(u64, s64, x, y)

#endif
