/** The host in place of a chip: nothing interrupts, and waiting for an interrupt is a short sleep. */
#ifndef CHIP_H_
#define CHIP_H_

#include <stdint.h>
#include <valgrind/memcheck.h>

#include "board.h"

static inline void __disable_irq(void) {}
static inline void __enable_irq(void) {}

/** Wait until something was received or a millisecond has passed. */
void posix_wait(void);
#define __WFI posix_wait

/** There is one stack, and the host guards it. */
static inline uintptr_t __get_PSP(void) { return 0; }

#define LAB_SECRET(data, len) (void)VALGRIND_MAKE_MEM_UNDEFINED(data, len)
#define LAB_PUBLIC(data, len) (void)VALGRIND_MAKE_MEM_DEFINED(data, len)

#endif
