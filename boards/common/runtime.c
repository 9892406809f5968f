/** Traps of the guest. Peer bytes never cause one: a trap is a bug of ours, and ends this life. */
#include "epitaph.h"
#include "wasm-rt.h"

static const char *const names[] = {
    [WASM_RT_TRAP_NONE] = "none",
    [WASM_RT_TRAP_OOB] = "oob",
    [WASM_RT_TRAP_INT_OVERFLOW] = "overflow",
    [WASM_RT_TRAP_DIV_BY_ZERO] = "divide",
    [WASM_RT_TRAP_INVALID_CONVERSION] = "conversion",
    [WASM_RT_TRAP_UNREACHABLE] = "unreachable",
    [WASM_RT_TRAP_CALL_INDIRECT] = "indirect",
    [WASM_RT_TRAP_EXHAUSTION] = "exhaustion",
};

void wasm_rt_trap(wasm_rt_trap_t why) {
  const uint32_t pc = (uint32_t)(uintptr_t)__builtin_return_address(0);
  epitaph_begin("trap ");
  epitaph_text(names[why]);
  epitaph_text(" pc=");
  epitaph_hex(pc);
  epitaph_die();
}

#if defined(__ARM_ARCH) && !defined(__ARM_FEATURE_UNALIGNED)
uint32_t wasm_rt_gather(const uint8_t *from, uint32_t len) {
  uint32_t word = 0;
  for (uint32_t i = 0; i < len; i++)
    word |= (uint32_t)from[i] << (8 * i);
  return word;
}

void wasm_rt_scatter(uint8_t *to, uint32_t word, uint32_t len) {
  for (uint32_t i = 0; i < len; i++)
    to[i] = (uint8_t)(word >> (8 * i));
}
#endif
