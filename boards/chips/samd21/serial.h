/** Serial interfaces and pins of the SAM D21 ("SERCOM USART", "PORT"). */
#ifndef SERIAL_H_
#define SERIAL_H_

#include <stdint.h>

typedef struct {
  volatile uint32_t CTRLA;
  volatile uint32_t CTRLB;
  uint32_t reserved0;
  volatile uint16_t BAUD;
  uint8_t reserved1[6];
  volatile uint8_t INTENCLR;
  uint8_t reserved2;
  volatile uint8_t INTENSET;
  uint8_t reserved3;
  volatile uint8_t INTFLAG;
  uint8_t reserved4;
  volatile uint16_t STATUS;
  volatile const uint32_t SYNCBUSY;
  uint32_t reserved5[2];
  volatile uint16_t DATA;
} SERCOM_TypeDef;

#define SERCOM_CTRLA_ENABLE     (1u << 1)
#define SERCOM_CTRLA_USART      (1u << 2)  /* with the internal clock */
#define SERCOM_CTRLA_TXPO_0     0u         /* sends on pad 0 */
#define SERCOM_CTRLA_TXPO_0_2_3 (2u << 16) /* sends on pad 0, RTS on pad 2, CTS on pad 3 */
#define SERCOM_CTRLA_RXPO_1     (1u << 20) /* receives on pad 1 */
#define SERCOM_CTRLA_DORD       (1u << 30) /* the lowest bit first */
#define SERCOM_CTRLB_TXEN       (1u << 16)
#define SERCOM_CTRLB_RXEN       (1u << 17)
#define SERCOM_INT_DRE          (1u << 0)
#define SERCOM_INT_TXC          (1u << 1)
#define SERCOM_INT_RXC          (1u << 2)
#define SERCOM_STATUS_ERRORS    7u /* PERR, FERR, BUFOVF */

#define MODULE_SERCOM  ((SERCOM_TypeDef *)0x42001800u)
#define CONSOLE_SERCOM ((SERCOM_TypeDef *)0x42001400u)

/** A group of 32 pins. */
typedef struct {
  volatile uint32_t DIR;
  uint32_t reserved0[4];
  volatile uint32_t OUTCLR;
  volatile uint32_t OUTSET;
  uint8_t reserved1[0x14];
  volatile uint8_t PMUX[16];
  volatile uint8_t PINCFG[32];
} PORT_TypeDef;

/** The group of a pin: pins are numbered from 0, PA00, on; PB00 is 32. */
#define PORT_GROUP(pin)    ((PORT_TypeDef *)(0x41004400u + 0x80u * ((pin) / 32)))
#define PORT_PINCFG_PMUXEN (1u << 0)
#define PORT_PINCFG_INEN   (1u << 1)
#define PORT_PINCFG_PULLEN (1u << 2)
#define PORT_MUX_C         2u
#define PORT_MUX_D         3u

#endif
