/** Analog-to-digital converter of the SAM D21 ("ADC"). */
#ifndef ANALOG_H_
#define ANALOG_H_

#include <stdint.h>

typedef struct {
  volatile uint8_t CTRLA;
  volatile uint8_t REFCTRL;
  volatile uint8_t AVGCTRL;
  volatile uint8_t SAMPCTRL;
  volatile uint16_t CTRLB;
  uint8_t reserved0[6];
  volatile uint8_t SWTRIG;
  uint8_t reserved1[3];
  volatile uint32_t INPUTCTRL;
  uint8_t reserved2[4];
  volatile uint8_t INTFLAG;
  volatile const uint8_t STATUS;
  volatile const uint16_t RESULT;
  uint8_t reserved3[12];
  volatile uint16_t CALIB;
} ADC_TypeDef;

#define ADC_CTRLA_ENABLE      (1u << 1)
#define ADC_REFCTRL_INT1V     0u
#define ADC_SAMPCTRL_LONGEST  0x3fu
#define ADC_CTRLB_DIV32       (3u << 8) /* a clock of 1.5 MHz; at most 2.1 */
#define ADC_SWTRIG_START      (1u << 1)
#define ADC_INPUTCTRL_TEMP    0x18u
#define ADC_INPUTCTRL_NEG_GND (0x18u << 8)
#define ADC_INT_RESRDY        (1u << 0)
#define ADC_STATUS_SYNCBUSY   (1u << 7)
#define ADC_CALIB_BIAS(bits)  ((bits) << 8)

#endif
