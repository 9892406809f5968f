/** The vector table: a hundred and eight interrupts. */
#include "startup.h"

void MODULE_Handler(void);
void CONSOLE_Handler(void);

__attribute__((section(".vectors"), used)) static const vector vectors[16 + 108] = {
    CORE_VECTORS,
    [16 + 0 ... 16 + 62] = Default_Handler,
    [16 + 63] = MODULE_Handler,
    [16 + 64 ... 16 + 65] = Default_Handler,
    [16 + 66] = CONSOLE_Handler,
    [16 + 67 ... 16 + 107] = Default_Handler,
};
