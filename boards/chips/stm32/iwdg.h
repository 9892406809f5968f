/** The independent watchdog of every STM32 (RM0351 §36): it counts the chip's own low-speed oscillator. */
#ifndef IWDG_H_
#define IWDG_H_

#include <stdint.h>

typedef struct {
  volatile uint32_t KR;
  volatile uint32_t PR;
  volatile uint32_t RLR;
  volatile uint32_t SR;
} IWDG_TypeDef;

#define IWDG_KR_START  0xccccu
#define IWDG_KR_UNLOCK 0x5555u
#define IWDG_KR_FEED   0xaaaau
#define IWDG_PR_128    5u

#endif
