/** The guest: the firmware that came from AssemblyScript. Each call runs it and scrubs the stack it used. */
#ifndef GUEST_H_
#define GUEST_H_

#include <stdint.h>

/** Build linear memory anew; before the first call. */
void guest_start(void);
/** The address of `len` bytes at `at` in linear memory; traps if they are not all inside. */
uint8_t *guest_memory(uint32_t at, uint32_t len);

#endif
