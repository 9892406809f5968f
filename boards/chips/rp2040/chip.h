/**
 * Raspberry Pi RP2040 (RP2040 Datasheet, build 2024-10). The part of a CMSIS device header that the drivers here use.
 * Only the first of the two cores runs; the second stays where the bootrom parked it.
 */
#ifndef CHIP_H_
#define CHIP_H_

#include <stdint.h>

#include "board.h"

typedef enum IRQn {
  NonMaskableInt_IRQn = -14,
  HardFault_IRQn = -13,
  SVCall_IRQn = -5,
  PendSV_IRQn = -2,
  SysTick_IRQn = -1,
  TIMER_IRQ_0_IRQn = 0,
  UART0_IRQ_IRQn = 20,
  UART1_IRQ_IRQn = 21,
} IRQn_Type;

#define __NVIC_PRIO_BITS       2
#define __Vendor_SysTickConfig 0
#define __MPU_PRESENT          1
#define __VTOR_PRESENT         1

#include CORE_HEADER

extern uint32_t SystemCoreClock;
void SystemInit(void);
void SystemCoreClockUpdate(void);

/** A register, and its aliases where a write sets or clears the bits that are one (§2.1.2). */
#define RP_REG(address)   (*(volatile uint32_t *)(address))
#define RP_SET(reg, bits) (*(volatile uint32_t *)((uintptr_t) & (reg) + 0x2000u) = (bits))
#define RP_CLR(reg, bits) (*(volatile uint32_t *)((uintptr_t) & (reg) + 0x3000u) = (bits))

/* Subsystem resets (§2.14). */
#define RESETS_RESET      RP_REG(0x4000c000u)
#define RESETS_DONE       RP_REG(0x4000c008u)
#define RESETS_ADC        (1u << 0)
#define RESETS_IO_BANK0   (1u << 5)
#define RESETS_PADS_BANK0 (1u << 8)
#define RESETS_PLL_SYS    (1u << 12)
#define RESETS_PLL_USB    (1u << 13)
#define RESETS_TIMER      (1u << 21)
#define RESETS_UART0      (1u << 22)
#define RESETS_UART1      (1u << 23)

/* Power-on state machine (§2.13): the parts that a watchdog reset reaches. */
#define PSM_WDSEL     RP_REG(0x40010008u)
#define PSM_ALL       0x1ffffu
#define PSM_ROSC_XOSC 0x3u

/* Clocks (§2.15). */
#define CLK_REF_CTRL     RP_REG(0x40008030u)
#define CLK_REF_SELECTED RP_REG(0x40008038u)
#define CLK_REF_XOSC     2u
#define CLK_SYS_CTRL     RP_REG(0x4000803cu)
#define CLK_SYS_DIV      RP_REG(0x40008040u)
#define CLK_SYS_SELECTED RP_REG(0x40008044u)
#define CLK_SYS_AUX      1u
#define CLK_PERI_CTRL    RP_REG(0x40008048u)
#define CLK_ADC_CTRL     RP_REG(0x40008060u)
#define CLK_ENABLE       (1u << 11)

/* Crystal oscillator (§2.16): 12 MHz. */
#define XOSC_CTRL    RP_REG(0x40024000u)
#define XOSC_STATUS  RP_REG(0x40024004u)
#define XOSC_STARTUP RP_REG(0x4002400cu)
#define XOSC_ENABLE  ((0xfabu << 12) | 0xaa0u)
#define XOSC_STABLE  (1u << 31)
#define XOSC_HZ      12000000u

/* Ring oscillator (§2.17). */
#define ROSC_RANDOMBIT RP_REG(0x4006001cu)

/** PLL (§2.18). */
typedef struct {
  volatile uint32_t CS;
  volatile uint32_t PWR;
  volatile uint32_t FBDIV_INT;
  volatile uint32_t PRIM;
} RP_PLL_TypeDef;

#define RP_PLL_SYS        ((RP_PLL_TypeDef *)0x40028000u)
#define RP_PLL_USB        ((RP_PLL_TypeDef *)0x4002c000u)
#define PLL_CS_LOCK       (1u << 31)
#define PLL_PWR_PD        (1u << 0)
#define PLL_PWR_POSTDIVPD (1u << 3)
#define PLL_PWR_VCOPD     (1u << 5)
#define PLL_PRIM(d1, d2)  ((d1) << 16 | (d2) << 12)

/* Pins (§2.19). */
#define GPIO_CTRL(pin)  RP_REG(0x40014004u + 8u * (pin))
#define GPIO_UART       2u
#define GPIO_PAD(pin)   RP_REG(0x4001c004u + 4u * (pin))
#define GPIO_PAD_PULLUP (1u << 3)
#define GPIO_PAD_PULLDN (1u << 2)

/** UART, Arm's PL011 (§4.2). */
typedef struct {
  volatile uint32_t DR;
  volatile uint32_t RSR;
  uint32_t reserved0[4];
  volatile uint32_t FR;
  uint32_t reserved1;
  volatile uint32_t ILPR;
  volatile uint32_t IBRD;
  volatile uint32_t FBRD;
  volatile uint32_t LCR_H;
  volatile uint32_t CR;
  volatile uint32_t IFLS;
  volatile uint32_t IMSC;
} RP_UART_TypeDef;

#define RP_UART0         ((RP_UART_TypeDef *)0x40034000u)
#define RP_UART1         ((RP_UART_TypeDef *)0x40038000u)
#define UART_FR_BUSY     (1u << 3)
#define UART_FR_RXFE     (1u << 4)
#define UART_FR_TXFF     (1u << 5)
#define UART_LCR_H_8N1   ((3u << 5) | (1u << 4)) /* eight bits, FIFOs on */
#define UART_CR_ENABLE   ((1u << 9) | (1u << 8) | 1u)
#define UART_CR_RTS      (1u << 14)
#define UART_INT_RX      (1u << 4)
#define UART_INT_TX      (1u << 5)
#define UART_INT_TIMEOUT (1u << 6)

/* Timer (§4.6): microseconds, as the watchdog's tick generator counts them. */
#define TIMER_ALARM0 RP_REG(0x40054010u)
#define TIMER_RAWH   RP_REG(0x40054024u)
#define TIMER_RAWL   RP_REG(0x40054028u)
#define TIMER_INTR   RP_REG(0x40054034u)
#define TIMER_INTE   RP_REG(0x40054038u)

/* Watchdog (§4.7). */
#define WATCHDOG_CTRL         RP_REG(0x40058000u)
#define WATCHDOG_LOAD         RP_REG(0x40058004u)
#define WATCHDOG_REASON       RP_REG(0x40058008u)
#define WATCHDOG_SCRATCH0     RP_REG(0x4005800cu)
#define WATCHDOG_TICK         RP_REG(0x4005802cu)
#define WATCHDOG_ENABLE       (1u << 30)
#define WATCHDOG_PAUSE        (7u << 24) /* while a debugger halts a core, or holds JTAG */
#define WATCHDOG_REASON_TIMER 1u
#define WATCHDOG_TICK_ENABLE  (1u << 9)

/* ADC (§4.9). */
#define ADC_CS            RP_REG(0x4004c000u)
#define ADC_RESULT        RP_REG(0x4004c004u)
#define ADC_CS_ENABLE     (1u << 0)
#define ADC_CS_SENSOR     (1u << 1)
#define ADC_CS_START      (1u << 2)
#define ADC_CS_READY      (1u << 8)
#define ADC_CS_INPUT_TEMP (4u << 12)

#endif
