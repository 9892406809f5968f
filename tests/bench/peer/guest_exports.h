/** In place of the header that a guest's exports are declared in: what the lab's main program asks for. */
#include <stdint.h>

uint32_t guest_buffer(void);
uint32_t guest_capacity(void);
uint32_t guest_bare_run(uint32_t op, uint32_t len);
