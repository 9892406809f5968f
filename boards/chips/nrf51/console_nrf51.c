/** The chip has one UART, and it is the module's. Console output goes to the debugger, if there is one. */
#include "noise.h"
#include "port.h"
#include "power.h"
#include "semihost.h"
#include "uart.h"

void board_init(void) {
  uart_start();
  entropy_start();
  power_watch();
}

void console_write(const char *text, uint32_t len) { semihost_print(text, len); }

void console_flush(void) {}
