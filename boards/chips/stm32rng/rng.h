/** The random number generator of STM32F4, L4 and L5 (RM0351 §27). */
#ifndef RNG_H_
#define RNG_H_

#include <stdint.h>

typedef struct {
  volatile uint32_t CR;
  volatile uint32_t SR; /* the bits of the two errors are cleared by writing 0 */
  volatile uint32_t DR;
} RNG_TypeDef;

#define RNG_CR_RNGEN (1u << 2)
#define RNG_SR_DRDY  (1u << 0)
#define RNG_SR_CEIS  (1u << 5)
#define RNG_SR_SEIS  (1u << 6)

#endif
