/**
 * Registers that Nordic's nRF51 and nRF52 have in common, for the drivers here (nRF51 Series Reference Manual 3.0,
 * whose sections are cited; nRF52840 Product Specification 1.1 has the same at the same addresses). A chip.h includes
 * it.
 */
#ifndef REGISTERS_H_
#define REGISTERS_H_

#include <stdint.h>

/** A register at a byte offset of a peripheral. */
#define NRF_REG(base, offset) (*(volatile uint32_t *)((base) + (offset)))

/* GPIO (§14): the second port of chips that have one is 0x300 further on. */
#define GPIO(pin, offset) NRF_REG(0x50000000u + 0x300u * ((pin) >> 5), offset)
#define GPIO_OUTSET(pin)  GPIO(pin, 0x508)
#define GPIO_PIN_CNF(pin) GPIO(pin, 0x700 + 4u * ((pin)&31u))
#define GPIO_BIT(pin)     (1u << ((pin)&31u))
#define GPIO_OUTPUT       (1u | 1u << 1) /* DIR: output; INPUT: disconnected */
#define GPIO_INPUT_PULLUP (3u << 2)      /* DIR: input; INPUT: connected; PULL: up */

/* UART (§29). */
#define UART(offset)     NRF_REG(0x40002000u, offset)
#define UART_STARTRX     UART(0x000)
#define UART_STARTTX     UART(0x008)
#define UART_RXDRDY      UART(0x108)
#define UART_TXDRDY      UART(0x11c)
#define UART_INTENSET    UART(0x304)
#define UART_ENABLE      UART(0x500)
#define UART_PSELTXD     UART(0x50c)
#define UART_PSELRXD     UART(0x514)
#define UART_RXD         UART(0x518)
#define UART_TXD         UART(0x51c)
#define UART_BAUDRATE    UART(0x524)
#define UART_INT_RXDRDY  (1u << 2)
#define UART_INT_TXDRDY  (1u << 7)
#define UART_ENABLED     4u
#define UART_BAUD_115200 0x01d7e000u

/* TIMER0 (§18). */
#define TIMER(offset)        NRF_REG(0x40008000u, offset)
#define TIMER_START          TIMER(0x000)
#define TIMER_COMPARE0       TIMER(0x140)
#define TIMER_SHORTS         TIMER(0x200)
#define TIMER_INTENSET       TIMER(0x304)
#define TIMER_BITMODE        TIMER(0x508)
#define TIMER_PRESCALER      TIMER(0x510)
#define TIMER_CC0            TIMER(0x540)
#define TIMER_COMPARE0_CLEAR 1u
#define TIMER_INT_COMPARE0   (1u << 16)
#define TIMER_16_BITS        0u

/* RNG (§21). */
#define RNG(offset)         NRF_REG(0x4000d000u, offset)
#define RNG_START           RNG(0x000)
#define RNG_STOP            RNG(0x004)
#define RNG_VALRDY          RNG(0x100)
#define RNG_INTENSET        RNG(0x304)
#define RNG_CONFIG          RNG(0x504)
#define RNG_VALUE           RNG(0x508)
#define RNG_BIAS_CORRECTION 1u
#define RNG_INT_VALRDY      1u

/* TEMP (§22): the die, in quarters of a degree. */
#define TEMP(offset) NRF_REG(0x4000c000u, offset)
#define TEMP_START   TEMP(0x000)
#define TEMP_DATARDY TEMP(0x100)
#define TEMP_TEMP    TEMP(0x508)

/* NVMC (§6). */
#define NVMC(offset)   NRF_REG(0x4001e000u, offset)
#define NVMC_READY     NVMC(0x400)
#define NVMC_CONFIG    NVMC(0x504)
#define NVMC_ERASEPAGE NVMC(0x508)
#define NVMC_READ      0u
#define NVMC_WRITE     1u
#define NVMC_ERASE     2u

/* WDT (§20): 32,768 counts a second; two of them before it resets, it warns. */
#define WDT(offset)        NRF_REG(0x40010000u, offset)
#define WDT_START          WDT(0x000)
#define WDT_INTENSET       WDT(0x304)
#define WDT_CRV            WDT(0x504)
#define WDT_RREN           WDT(0x508)
#define WDT_CONFIG         WDT(0x50c)
#define WDT_RR0            WDT(0x600)
#define WDT_INT_TIMEOUT    1u
#define WDT_RREN_RR0       1u
#define WDT_RUN_IN_SLEEP   1u
#define WDT_RELOAD         0x6e524635u
#define WATCHDOG_EXCEPTION (16u + WDT_IRQn)

/* POWER (§11): why the chip was reset, and a warning when its supply falls. */
#define POWER(offset)        NRF_REG(0x40000000u, offset)
#define POWER_INTENSET       POWER(0x304)
#define POWER_RESETREAS      POWER(0x400)
#define POWER_POFCON         POWER(0x510)
#define POWER_INT_POFWARN    4u
#define POWER_RESETREAS_PIN  1u
#define POWER_RESETREAS_DOG  2u
#define POWER_RESETREAS_LOCK 8u
#define BROWNOUT_EXCEPTION   (16u + POWER_CLOCK_IRQn)

/* CLOCK (§13). */
#define CLOCK(offset)    NRF_REG(0x40000000u, offset)
#define CLOCK_HFCLKSTART CLOCK(0x000)

#endif
