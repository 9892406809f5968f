/** Counts instructions under QEMU's `-icount`, from SysTick, to the instruction or one beside it. */
#ifndef METER_H_
#define METER_H_

#include <stdint.h>

/** Readings that `meter_sample` takes: enough instructions to see a tick of the slowest clock. */
#define METER_SAMPLES 64u

/** Let SysTick run free, without interrupts, from its highest value. */
void meter_start(void);
/** Read SysTick many times in a row. Four readings and the store of them are five instructions. */
void meter_sample(uint32_t samples[METER_SAMPLES]);
/** Instructions between the first reading of each, by where in each a tick began. */
uint32_t meter_between(const uint32_t before[METER_SAMPLES], const uint32_t after[METER_SAMPLES]);

#endif
