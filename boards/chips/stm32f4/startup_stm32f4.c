/** The vector table: eighty-two interrupts. */
#include "startup.h"

void MODULE_Handler(void);
void CONSOLE_Handler(void);

__attribute__((section(".vectors"), used)) static const vector vectors[16 + 82] = {
    CORE_VECTORS,
    [16 + 0 ... 16 + 38] = Default_Handler,
    [16 + 39] = MODULE_Handler,
    [16 + 40 ... 16 + 70] = Default_Handler,
    [16 + 71] = CONSOLE_Handler,
    [16 + 72 ... 16 + 81] = Default_Handler,
};
