/** The vector table: thirty-one interrupts. */
#include "startup.h"

void MODULE_Handler(void);
void CONSOLE_Handler(void);

__attribute__((section(".vectors"), used)) static const vector vectors[16 + 31] = {
    CORE_VECTORS,
    [16 + 0 ... 16 + 26] = Default_Handler,
    [16 + 27] = MODULE_Handler,
    [16 + 28] = CONSOLE_Handler,
    [16 + 29 ... 16 + 30] = Default_Handler,
};
