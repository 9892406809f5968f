/** Clocks, supply and resets of the SAM D21 ("PM", "SYSCTRL", "GCLK"). */
#ifndef CLOCKS_H_
#define CLOCKS_H_

#include <stdint.h>

/** Power manager. */
typedef struct {
  uint8_t reserved0[0x20];
  volatile uint32_t APBCMASK;
  uint8_t reserved1[0x14];
  volatile const uint8_t RCAUSE;
} PM_TypeDef;

#define PM_APBCMASK_SERCOM3 (1u << 5)
#define PM_APBCMASK_SERCOM4 (1u << 6)
#define PM_APBCMASK_ADC     (1u << 16)
#define PM_RCAUSE_WDT       (1u << 5)

/** Oscillators, and the detector of a failing supply. */
typedef struct {
  volatile uint32_t INTENCLR;
  volatile uint32_t INTENSET;
  volatile uint32_t INTFLAG;
  volatile const uint32_t PCLKSR;
  uint8_t reserved0[0x14];
  volatile uint16_t DFLLCTRL;
  uint16_t reserved1;
  volatile uint32_t DFLLVAL;
  uint32_t reserved2[2];
  volatile uint32_t BOD33;
  uint32_t reserved3[2];
  volatile uint32_t VREF;
} SYSCTRL_TypeDef;

#define SYSCTRL_DFLLRDY             (1u << 4)
#define SYSCTRL_BOD33RDY            (1u << 9)
#define SYSCTRL_BOD33DET            (1u << 10)
#define SYSCTRL_B33SRDY             (1u << 11)
#define SYSCTRL_DFLLCTRL_ENABLE     (1u << 1)
#define SYSCTRL_DFLLVAL_COARSE(cal) ((cal) << 10)
#define SYSCTRL_BOD33_ENABLE        (1u << 1)
#define SYSCTRL_BOD33_HYST          (1u << 2)
#define SYSCTRL_BOD33_INTERRUPT     (2u << 3)
#define SYSCTRL_BOD33_LEVEL(level)  ((level) << 16)
#define SYSCTRL_VREF_TSEN           (1u << 1)

/** Generic clocks: a generator divides a source, and a clock takes a generator. */
typedef struct {
  volatile uint8_t CTRL;
  volatile const uint8_t STATUS;
  volatile uint16_t CLKCTRL;
  volatile uint32_t GENCTRL;
  volatile uint32_t GENDIV;
} GCLK_TypeDef;

#define GCLK_STATUS_SYNCBUSY     (1u << 7)
#define GCLK_CLKCTRL_WDT         0x03u
#define GCLK_CLKCTRL_SERCOM3     0x17u
#define GCLK_CLKCTRL_SERCOM4     0x18u
#define GCLK_CLKCTRL_ADC         0x1eu
#define GCLK_CLKCTRL_GEN(number) ((number) << 8)
#define GCLK_CLKCTRL_CLKEN       (1u << 14)
#define GCLK_GENCTRL_OSCULP32K   (3u << 8)
#define GCLK_GENCTRL_DFLL48M     (7u << 8)
#define GCLK_GENCTRL_GENEN       (1u << 16)
#define GCLK_GENCTRL_IDC         (1u << 17)
#define GCLK_GENCTRL_DIVSEL      (1u << 20) /* divide by a power of two: one more than the exponent in GENDIV */
#define GCLK_GENDIV_DIV(by)      ((by) << 8)

#endif
