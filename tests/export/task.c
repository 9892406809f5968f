/** Runs the main program of the example as a task of a real-time kernel runs: on a stack of its own, by PSP, above a
 * guard. */
#include <stdint.h>

#include "signet.h"

/** The stack of a task: the bytes that Signet uses, and the frames of the program and of an interrupt. */
#define TASK_BYTES  (SIGNET_STACK_BYTES + 512u)
#define GUARD_BYTES 1024u

struct task {
  uint32_t guard[GUARD_BYTES / 4];
  uint32_t stack[TASK_BYTES / 4];
} task;

int __real_main(void);
int __wrap_main(void);

int __wrap_main(void) {
  for (uint32_t i = 0; i < sizeof task / 4; i++)
    ((volatile uint32_t *)&task)[i] = 0xa5a5a5a5;
  __asm__ volatile("msr psp, %0     \n"
                   "movs r0, #2     \n"
                   "msr control, r0 \n"
                   "isb             \n"
                   "bl __real_main  \n" ::"r"(&task + 1)
                   : "r0", "r1", "r2", "r3", "lr", "memory");
  for (;;) {
  }
}
