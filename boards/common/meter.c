#include "meter.h"

#include <stdbool.h>

#include "chip.h"

/** SysTick counts this many bits. */
#define TICK_MASK 0xffffffu

/** True if the core's own counter of cycles counts. QEMU has the registers of none. */
static bool has_dwt;

#ifdef DWT_CTRL_CYCCNTENA_Msk
static bool start_dwt(void) {
  CoreDebug->DEMCR |= CoreDebug_DEMCR_TRCENA_Msk;
  DWT->CTRL |= DWT_CTRL_CYCCNTENA_Msk;
  const uint32_t first = DWT->CYCCNT;
  __NOP();
  return DWT->CYCCNT != first;
}
#define DWT_CYCLES DWT->CYCCNT
#else
static bool start_dwt(void) { return false; }
#define DWT_CYCLES 0u
#endif

void meter_start(void) {
  SysTick->LOAD = TICK_MASK;
  SysTick->VAL = 0;
  SysTick->CTRL = SysTick_CTRL_CLKSOURCE_Msk | SysTick_CTRL_ENABLE_Msk;
  has_dwt = start_dwt();
}

uint32_t meter_cycles(void) {
  (void)SysTick->CTRL; /* reading it clears COUNTFLAG */
  return has_dwt ? DWT_CYCLES : SysTick->VAL;
}

uint32_t meter_cycles_since(uint32_t place) {
  if (has_dwt)
    return DWT_CYCLES - place;
  const uint32_t now = SysTick->VAL;
  const bool passed_zero = SysTick->CTRL & SysTick_CTRL_COUNTFLAG_Msk;
  return passed_zero && now <= place ? 0 : (place - now) & TICK_MASK;
}

uint32_t meter_bits(void) {
  if (has_dwt)
    return 32;
  const uint32_t first = SysTick->VAL;
  for (volatile uint32_t i = 0; i < 100; i++)
    continue;
  return SysTick->VAL != first ? 24 : 0;
}

/* In assembly, so that the distance of each reading from the first is known. 0xe000e018 is SysTick->VAL. */
__attribute__((naked)) void meter_sample(uint32_t samples[METER_SAMPLES]) {
  (void)samples;
  __asm__ volatile("  push {r4-r7, lr}        \n"
                   "  ldr  r1, =0xe000e018    \n"
                   "  .rept 16                \n"
                   "  ldr  r4, [r1]           \n"
                   "  ldr  r5, [r1]           \n"
                   "  ldr  r6, [r1]           \n"
                   "  ldr  r7, [r1]           \n"
                   "  stmia r0!, {r4-r7}      \n"
                   "  .endr                   \n"
                   "  pop  {r4-r7, pc}        \n"
                   "  .ltorg                  \n");
}

/** The first reading's time in thousandths of an instruction, counted back from the first tick that begins after it. */
static int64_t time_of(const uint32_t samples[METER_SAMPLES]) {
  uint32_t i = 1;
  while (i < METER_SAMPLES - 1 && samples[i] == samples[0])
    i++;
  const int64_t ticks = (int64_t)(TICK_MASK - samples[i]);
  return ticks * METER_TICK_MILLI - (int64_t)(i + i / 4) * 1000;
}

uint32_t meter_between(const uint32_t before[METER_SAMPLES], const uint32_t after[METER_SAMPLES]) {
  int64_t span = time_of(after) - time_of(before);
  if (span < 0)
    span += ((int64_t)TICK_MASK + 1) * METER_TICK_MILLI;
  return (uint32_t)((span + 500) / 1000);
}
