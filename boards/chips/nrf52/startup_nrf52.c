/** The vector table: forty-eight interrupts. */
#include "startup.h"

void UART0_Handler(void);
void TIMER0_Handler(void);
void RNG_Handler(void);
void UARTE1_Handler(void);

__attribute__((section(".vectors"), used)) static const vector vectors[16 + 48] = {
    CORE_VECTORS,
    [16 + 0 ... 16 + 1] = Default_Handler,
    [16 + 2] = UART0_Handler,
    [16 + 3 ... 16 + 7] = Default_Handler,
    [16 + 8] = TIMER0_Handler,
    [16 + 9 ... 16 + 12] = Default_Handler,
    [16 + 13] = RNG_Handler,
    [16 + 14 ... 16 + 39] = Default_Handler,
    [16 + 40] = UARTE1_Handler,
    [16 + 41 ... 16 + 47] = Default_Handler,
};
