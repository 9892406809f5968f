/** Traps of the guest. Peer bytes never cause one: a trap is a bug of ours, and ends this life. */
#include "trap.h"

#include "epitaph.h"

static const char *const trap_names[] = {
    [TRAP_OOB] = "oob",
    [TRAP_OVERFLOW] = "overflow",
    [TRAP_DIVIDE] = "divide",
    [TRAP_UNREACHABLE] = "unreachable",
};

void trap(trap_t why) {
  const uint32_t pc = (uint32_t)(uintptr_t)__builtin_return_address(0);
  epitaph_begin("trap ");
  epitaph_text(trap_names[why]);
  epitaph_text(" pc=");
  epitaph_hex(pc);
  epitaph_die();
}
