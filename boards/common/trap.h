/** The end of the guest after a forbidden operation: an access outside of linear memory, a division by zero. */
#ifndef TRAP_H_
#define TRAP_H_

#include <stdint.h>

typedef enum { TRAP_OOB, TRAP_OVERFLOW, TRAP_DIVIDE, TRAP_UNREACHABLE } trap_t;

/** Leave an epitaph that names the trap and the caller's address, wipe, and reset. */
_Noreturn void trap(trap_t why);

#endif
