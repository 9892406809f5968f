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

#if defined(__ARM_ARCH) && !defined(__ARM_FEATURE_UNALIGNED)
uint32_t words_gather(const uint8_t *from, uint32_t size) {
  uint32_t word = 0;
  for (uint32_t i = 0; i < size; i++)
    word |= (uint32_t)from[i] << (8 * i);
  return word;
}

void words_scatter(uint8_t *to, uint32_t word, uint32_t size) {
  for (uint32_t i = 0; i < size; i++)
    to[i] = (uint8_t)(word >> (8 * i));
}
#endif
