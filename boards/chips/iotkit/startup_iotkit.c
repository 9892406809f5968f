/** The vector table of AN505: 124 interrupts, of which the FPGA's own begin at 32. */
#include "startup.h"

void UART0RX_Handler(void);
void UART0TX_Handler(void);
void UART1TX_Handler(void);

__attribute__((section(".vectors"), used)) static const vector vectors[16 + 124] = {
    CORE_VECTORS,
    [16 + 0 ... 16 + 31] = Default_Handler,
    [16 + 32] = UART0RX_Handler,
    [16 + 33] = UART0TX_Handler,
    [16 + 34] = Default_Handler,
    [16 + 35] = UART1TX_Handler,
    [16 + 36 ... 16 + 123] = Default_Handler,
};
