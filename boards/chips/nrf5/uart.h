/** The module's UART. */
#ifndef UART_H_
#define UART_H_

/** Begin to send and receive. */
void uart_start(void);

#endif
