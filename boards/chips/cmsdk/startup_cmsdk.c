/** The vector table of AN385, AN386 and AN500: thirty-two interrupts. */
#include "startup.h"

void UART0RX_Handler(void);
void UART0TX_Handler(void);
void UART1TX_Handler(void);

__attribute__((section(".vectors"), used)) static const vector vectors[16 + 32] = {
    CORE_VECTORS,
    [16 + 0] = UART0RX_Handler,
    [16 + 1] = UART0TX_Handler,
    [16 + 2] = Default_Handler,
    [16 + 3] = UART1TX_Handler,
    [16 + 4 ... 16 + 31] = Default_Handler,
};
