/** Words at addresses that are not aligned, on a core that loads and stores only aligned ones (ARMv6-M): see words.h.
 */
#include <stdint.h>

#if defined(__ARM_ARCH) && !defined(__ARM_FEATURE_UNALIGNED)
uint32_t words_gather2(const uint8_t *from) { return from[0] | (uint32_t)from[1] << 8; }

uint32_t words_gather4(const uint8_t *from) { return words_gather2(from) | words_gather2(from + 2) << 16; }

uint64_t words_gather8(const uint8_t *from) { return words_gather4(from) | (uint64_t)words_gather4(from + 4) << 32; }

void words_scatter2(uint8_t *to, uint32_t given) {
  to[0] = (uint8_t)given;
  to[1] = (uint8_t)(given >> 8);
}

void words_scatter4(uint8_t *to, uint32_t given) {
  words_scatter2(to, given);
  words_scatter2(to + 2, given >> 16);
}

void words_scatter8(uint8_t *to, uint64_t given) {
  words_scatter4(to, (uint32_t)given);
  words_scatter4(to + 4, (uint32_t)(given >> 32));
}
#endif
