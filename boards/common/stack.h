/** The stack of thread mode: at the bottom of RAM, so that running over it faults. Handlers have a stack of their own.
 */
#ifndef STACK_H_
#define STACK_H_

#include <stdint.h>

/** Contents of unused stack. */
#define STACK_PAINT 0xa5a5a5a5u

/** First and one past the last word of the stack (linker script; on the host, see boards/posix). */
extern uint32_t __stack_limit[], __stack_top[];
/** The stack of handlers, on which Reset_Handler begins: its guard (empty where the core checks a limit), first word
 * and top. */
extern uint32_t __handler_guard[], __handler_stack_limit[], __handler_stack_top[];

/** Overwrite everything below the caller's frame: secrets that wasm locals left there. */
void stack_scrub(void);
/** Return the number of bytes below `from` that were written since the last scrub. */
uint32_t stack_used(const void *from);

#endif
