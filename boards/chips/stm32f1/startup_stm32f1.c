/** The vector table: forty-three interrupts. */
#include "startup.h"

void MODULE_Handler(void);
void CONSOLE_Handler(void);

__attribute__((section(".vectors"), used)) static const vector vectors[16 + 43] = {
    CORE_VECTORS,
    [16 + 0 ... 16 + 36] = Default_Handler,
    [16 + 37] = CONSOLE_Handler,
    [16 + 38] = MODULE_Handler,
    [16 + 39 ... 16 + 42] = Default_Handler,
};
