/**
 * The runtime that wasm2c's output is compiled against: one static linear memory of exactly the size the guest needs,
 * no growth, no tables, no host allocation. Takes the place of wabt's own header of this name.
 */
#ifndef WASM_RT_H_
#define WASM_RT_H_

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "layout.h" /* generated: LINEAR_BYTES */

#define LIKELY(x)                       __builtin_expect(!!(x), 1)
#define UNLIKELY(x)                     __builtin_expect(!!(x), 0)
#define wasm_rt_memcpy                  memcpy
#define WASM_RT_USE_STACK_DEPTH_COUNT   0
#define WASM_RT_MEMCHECK_SIGNAL_HANDLER 0
#define WABT_BIG_ENDIAN                 0

typedef enum {
  WASM_RT_TRAP_NONE,
  WASM_RT_TRAP_OOB,
  WASM_RT_TRAP_INT_OVERFLOW,
  WASM_RT_TRAP_DIV_BY_ZERO,
  WASM_RT_TRAP_INVALID_CONVERSION,
  WASM_RT_TRAP_UNREACHABLE,
  WASM_RT_TRAP_CALL_INDIRECT,
  WASM_RT_TRAP_EXHAUSTION,
} wasm_rt_trap_t;

typedef enum { WASM_RT_I32, WASM_RT_I64, WASM_RT_F32, WASM_RT_F64, WASM_RT_FUNCREF, WASM_RT_EXTERNREF } wasm_rt_type_t;

typedef void (*wasm_rt_function_ptr_t)(void);
typedef struct {
  uint32_t func_type;
  wasm_rt_function_ptr_t func;
  void *module_instance;
} wasm_rt_funcref_t;
typedef void *wasm_rt_externref_t;
#define wasm_rt_externref_null_value ((wasm_rt_externref_t)0)

/** The whole of linear memory, in place: its address and its bound are constants of the program. */
typedef struct {
  uint8_t data[LINEAR_BYTES] __attribute__((aligned(16)));
  uint32_t size;
} wasm_rt_memory_t;

/* Tables are declared because the generated prologue names them; a guest that uses one does not pass the build. */
typedef struct {
  wasm_rt_funcref_t *data;
  uint32_t max_size, size;
} wasm_rt_funcref_table_t;
typedef struct {
  wasm_rt_externref_t *data;
  uint32_t max_size, size;
} wasm_rt_externref_table_t;

/** Leave an epitaph that names the trap and the caller's address, wipe, and reset. */
_Noreturn void wasm_rt_trap(wasm_rt_trap_t why);

static inline bool wasm_rt_is_initialized(void) { return true; }

static inline uint32_t wasm_rt_register_func_type(uint32_t parameters, uint32_t results, ...) {
  (void)parameters, (void)results;
  return 0;
}

static inline void wasm_rt_allocate_memory(wasm_rt_memory_t *memory, uint32_t pages, uint32_t max_pages) {
  (void)pages, (void)max_pages;
  memory->size = LINEAR_BYTES;
}

static inline void wasm_rt_free_memory(wasm_rt_memory_t *memory) { (void)memory; }

/**
 * Whether `len` bytes at `offset` lie inside linear memory.
 *
 * Bounds: the second comparison can not wrap, because the first one has shown len <= LINEAR_BYTES. For a constant
 * length the first vanishes, and what is left is one comparison with a constant.
 */
static inline bool wasm_rt_inside(uint64_t offset, uint32_t len) {
  return len <= LINEAR_BYTES && offset <= LINEAR_BYTES - len;
}

/*
 * How loads and stores move their bytes; `len` is a constant 1, 2, 4 or 8. A core that may access memory unaligned
 * does so. On one that may not (ARMv6-M) the compiler would move every word byte by byte: there an aligned address,
 * which is nearly every one, is told apart first.
 */
#if !defined(__ARM_ARCH) || defined(__ARM_FEATURE_UNALIGNED)
#define wasm_rt_load  memcpy
#define wasm_rt_store memcpy
#else
typedef uint16_t __attribute__((may_alias)) wasm_rt_half;
typedef uint32_t __attribute__((may_alias)) wasm_rt_word;

/** Gather and scatter `len` bytes, 2 or 4: out of line, for addresses that are not aligned. */
uint32_t wasm_rt_gather(const uint8_t *from, uint32_t len);
void wasm_rt_scatter(uint8_t *to, uint32_t word, uint32_t len);

#define WASM_RT_INLINE static inline __attribute__((always_inline))

WASM_RT_INLINE uint16_t wasm_rt_load2(const uint8_t *from) {
  return LIKELY(((uintptr_t)from & 1) == 0) ? *(const wasm_rt_half *)from : (uint16_t)wasm_rt_gather(from, 2);
}

WASM_RT_INLINE uint32_t wasm_rt_load4(const uint8_t *from) {
  return LIKELY(((uintptr_t)from & 3) == 0) ? *(const wasm_rt_word *)from : wasm_rt_gather(from, 4);
}

WASM_RT_INLINE void wasm_rt_store2(uint8_t *to, uint16_t half) {
  if (LIKELY(((uintptr_t)to & 1) == 0)) {
    *(wasm_rt_half *)to = half;
  } else {
    wasm_rt_scatter(to, half, 2);
  }
}

WASM_RT_INLINE void wasm_rt_store4(uint8_t *to, uint32_t word) {
  if (LIKELY(((uintptr_t)to & 3) == 0)) {
    *(wasm_rt_word *)to = word;
  } else {
    wasm_rt_scatter(to, word, 4);
  }
}

WASM_RT_INLINE void wasm_rt_load(void *to, const uint8_t *from, uint32_t len) {
  if (len == 1) {
    *(uint8_t *)to = *from;
  } else if (len == 2) {
    *(wasm_rt_half *)to = wasm_rt_load2(from);
  } else {
    for (uint32_t i = 0; i < len / 4; i++)
      ((wasm_rt_word *)to)[i] = wasm_rt_load4(from + 4 * i);
  }
}

WASM_RT_INLINE void wasm_rt_store(uint8_t *to, const void *from, uint32_t len) {
  if (len == 1) {
    *to = *(const uint8_t *)from;
  } else if (len == 2) {
    wasm_rt_store2(to, *(const wasm_rt_half *)from);
  } else {
    for (uint32_t i = 0; i < len / 4; i++)
      wasm_rt_store4(to + 4 * i, ((const wasm_rt_word *)from)[i]);
  }
}
#endif

#endif
