/** Semihosting (Arm's "Semihosting for AArch32 and AArch64", 2.0): files of the machine that runs the emulator. */
#ifndef SEMIHOST_H_
#define SEMIHOST_H_

#include <stdint.h>

/** Copy the value of `key=value` on the command line to `out` as a string; returns its length, 0 if it is not there. */
uint32_t semihost_argument(char *out, uint32_t max, const char *key);
/** Open a file for reading; returns a handle, -1 on failure or without a debugger. */
int32_t semihost_open(const char *path);
/** Read up to `max` bytes; returns how many. */
uint32_t semihost_read(int32_t handle, uint8_t *out, uint32_t max);

/** Print text where the debugger shows it; nowhere without one. */
void semihost_print(const char *text, uint32_t len);

#endif
