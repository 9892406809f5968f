/** Common parts of the flash controllers of all STM32 here: waiting, unlocking, and clearing errors. */
#ifndef FLASH_H_
#define FLASH_H_

#include "chip.h"

/** Wait until no operation is under way. */
static inline void flash_wait(void) {
  while (FLASH->SR & FLASH_SR_BSY)
    continue;
}

/** Let the control register be written, and forget earlier errors, which can make it refuse. */
static inline void flash_unlock(void) {
  flash_wait();
  if (FLASH->CR & FLASH_CR_LOCK) {
    FLASH->KEYR = FLASH_KEY1;
    FLASH->KEYR = FLASH_KEY2;
  }
  FLASH->SR = FLASH_SR_ERRORS;
}

#endif
