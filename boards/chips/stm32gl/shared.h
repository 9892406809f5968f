/**
 * Registers that STM32G0, L4 and L5 have in common: RM0351 (L4), whose sections are cited, RM0438 (L5) and RM0444 (G0)
 * have them at the same offsets. A chip.h has the base of each peripheral.
 */
#ifndef SHARED_H_
#define SHARED_H_

#include <stdint.h>

/** Power (§5.4). */
typedef struct {
  volatile uint32_t CR1;
  volatile uint32_t CR2;
  volatile uint32_t CR3;
  volatile uint32_t CR4;
  volatile uint32_t SR1;
  volatile uint32_t SR2;
} PWR_TypeDef;

#define PWR_CR1_VOS        (3u << 9)
#define PWR_CR1_VOS_RANGE1 (1u << 9)
#define PWR_CR2_PVDE       (1u << 0)
#define PWR_SR2_VOSF       (1u << 10)
/** The line of EXTI that the supply's detector is on (§14.3.2). */
#define EXTI_PVD (1u << 16)

/** USART, and LPUART, whose divider has eight bits more (§40.8, §41.7). */
typedef struct {
  volatile uint32_t CR1;
  volatile uint32_t CR2;
  volatile uint32_t CR3;
  volatile uint32_t BRR;
  volatile uint32_t GTPR;
  volatile uint32_t RTOR;
  volatile uint32_t RQR;
  volatile uint32_t ISR;
  volatile uint32_t ICR;
  volatile uint32_t RDR;
  volatile uint32_t TDR;
} USART_TypeDef;

#define USART_CR1_UE     (1u << 0)
#define USART_CR1_RE     (1u << 2)
#define USART_CR1_TE     (1u << 3)
#define USART_CR1_RXNEIE (1u << 5)
#define USART_CR1_TXEIE  (1u << 7)
#define USART_CR3_RTSE   (1u << 8)
#define USART_CR3_OVRDIS (1u << 12)
#define USART_ISR_RXNE   (1u << 5)
#define USART_ISR_TC     (1u << 6)
#define USART_ISR_TXE    (1u << 7)

/* FLASH: registers with these bits, which each chip has at other offsets. */
#define FLASH_KEY1      0x45670123u
#define FLASH_KEY2      0xcdef89abu
#define FLASH_SR_ERRORS 0xfau /* OPERR, PROGERR, WRPERR, PGAERR, SIZERR, PGSERR */
#define FLASH_CR_PG     (1u << 0)
#define FLASH_CR_PER    (1u << 1)
#define FLASH_CR_PNB(n) ((n) << 3)
#define FLASH_CR_STRT   (1u << 16)
#define FLASH_CR_LOCK   (1u << 31)
#define FLASH_ECCR_ECCD (1u << 31)

#endif
