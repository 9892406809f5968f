/**
 * Registers of Arm's Cortex-M System Design Kit (DDI 0479D §4) that all MPS2 FPGA images have; chip.h has their bases.
 */
#ifndef APB_H_
#define APB_H_

#include <stdint.h>

/** APB UART (DDI 0479D §4.3). */
typedef struct {
  volatile uint32_t DATA;
  volatile uint32_t STATE;
  volatile uint32_t CTRL;
  volatile uint32_t INTSTATUS; /* write one to clear */
  volatile uint32_t BAUDDIV;   /* at least 16 */
} CMSDK_UART_TypeDef;

#define CMSDK_UART_STATE_TXBF   1u
#define CMSDK_UART_STATE_RXBF   2u
#define CMSDK_UART_CTRL_TXEN    1u
#define CMSDK_UART_CTRL_RXEN    2u
#define CMSDK_UART_CTRL_TXIRQEN 4u
#define CMSDK_UART_CTRL_RXIRQEN 8u
#define CMSDK_UART_INT_TX       1u
#define CMSDK_UART_INT_RX       2u

/** APB watchdog (DDI 0479D §4.5): at the end of its count it warns by an NMI, at the end of the next it resets. */
typedef struct {
  volatile uint32_t LOAD;
  volatile uint32_t VALUE;
  volatile uint32_t CTRL;
  volatile uint32_t INTCLR; /* any write counts anew */
  uint32_t reserved[(0xc00 - 0x10) / 4];
  volatile uint32_t LOCK;
} CMSDK_WATCHDOG_TypeDef;

#define CMSDK_WATCHDOG_CTRL_INTEN 1u
#define CMSDK_WATCHDOG_CTRL_RESEN 2u
#define CMSDK_WATCHDOG_UNLOCK     0x1acce551u
/** The exception of its warning. */
#define WATCHDOG_EXCEPTION 2u

#endif
