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
