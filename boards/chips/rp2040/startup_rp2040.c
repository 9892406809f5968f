/** The vector table: twenty-six interrupts of thirty-two. */
#include "startup.h"

void TIMER_IRQ_0_Handler(void);
void UART0_IRQ_Handler(void);
void UART1_IRQ_Handler(void);

__attribute__((section(".vectors"), used)) static const vector vectors[16 + 32] = {
    CORE_VECTORS,
    [16 + 0] = TIMER_IRQ_0_Handler,
    [16 + 1 ... 16 + 19] = Default_Handler,
    [16 + 20] = UART0_IRQ_Handler,
    [16 + 21] = UART1_IRQ_Handler,
    [16 + 22 ... 16 + 31] = Default_Handler,
};
