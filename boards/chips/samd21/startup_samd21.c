/** The vector table: twenty-eight interrupts. */
#include "startup.h"

void MODULE_Handler(void);
void CONSOLE_Handler(void);

__attribute__((section(".vectors"), used)) static const vector vectors[16 + 28] = {
    CORE_VECTORS,
    [16 + 0 ... 16 + 11] = Default_Handler,
    [16 + 12] = CONSOLE_Handler,
    [16 + 13] = MODULE_Handler,
    [16 + 14 ... 16 + 27] = Default_Handler,
};
