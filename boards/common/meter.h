/** Counts instructions under QEMU's `-icount`, from SysTick, to the instruction or one beside it; cycles of a chip. */
#ifndef METER_H_
#define METER_H_

#include <stdint.h>

/** Readings that `meter_sample` takes: enough instructions to see a tick of the slowest clock. */
#define METER_SAMPLES 64u

/** Let SysTick, and the core's counter of cycles if it has one, run free without interrupts. */
void meter_start(void);
/** Read SysTick many times in a row. Four readings and the store of them are five instructions. */
void meter_sample(uint32_t samples[METER_SAMPLES]);
/** Instructions between the first reading of each, by where in each a tick began. */
uint32_t meter_between(const uint32_t before[METER_SAMPLES], const uint32_t after[METER_SAMPLES]);

/** The present place of the chip's counter: 32 bits of DWT where the core has it, else 24 bits of SysTick. */
uint32_t meter_cycles(void);
/** Cycles since that place; 0 if SysTick went round meanwhile, as after 2^24 cycles. */
uint32_t meter_cycles_since(uint32_t place);
/** Bits of the chip's counter; 0 if the chip has none. */
uint32_t meter_bits(void);

#endif
