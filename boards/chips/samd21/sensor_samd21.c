/**
 * The temperature of the die, between two that the factory measured and logged ("Temperature Sensor Characteristics").
 * The reference of 1 V drifts with the temperature: a first estimate gives the reference, and that the result.
 */
#include "chip.h"
#include "port.h"

/** More turns than a conversion takes: a converter that does not answer must not hang the device. */
#define PATIENCE 100000

/** A measurement of the factory: hundredths of a degree, the reference, and the voltage as `volts` has it. */
struct point {
  int32_t degrees, reference, volts;
};

/** Hundredths of a degree between two points: above that a log is not one. */
#define SPAN_MOST 10000

/** Units of the reference in a millivolt: a step of a millivolt would be a fifth of a degree. */
#define STEPS 16

/** The voltage. Bounds: 4095 * 1128 * 16 / 512 < 2^18, so that a product with SPAN_MOST fits. */
static int32_t volts(uint32_t counts, int32_t reference) { return (int32_t)counts * reference / 512; }

static struct point point(uint32_t whole, uint32_t tenths, uint32_t drift, uint32_t counts) {
  const int32_t reference = STEPS * (1000 - (int8_t)drift);
  return (struct point){
      .degrees = (int32_t)(whole & 0xffu) * 100 + (int32_t)(tenths & 15u) * 10,
      .reference = reference,
      .volts = volts(counts & 0xfffu, reference),
  };
}

static void synchronise(void) {
  for (int i = 0; i < PATIENCE && (ADC->STATUS & ADC_STATUS_SYNCBUSY); i++)
    continue;
}

static void start(void) {
  const uint32_t first = CALIBRATION(0), second = CALIBRATION(1);
  SYSCTRL->VREF |= SYSCTRL_VREF_TSEN;
  ADC->CALIB = (uint16_t)(ADC_CALIB_BIAS(second >> 3 & 7u) | (second & 7u) << 5 | first >> 27);
  ADC->REFCTRL = ADC_REFCTRL_INT1V;
  ADC->SAMPCTRL = ADC_SAMPCTRL_LONGEST;
  ADC->CTRLB = ADC_CTRLB_DIV32;
  synchronise();
  ADC->INPUTCTRL = ADC_INPUTCTRL_TEMP | ADC_INPUTCTRL_NEG_GND;
  synchronise();
  ADC->CTRLA = ADC_CTRLA_ENABLE;
  synchronise();
}

static uint32_t convert(void) {
  ADC->INTFLAG = ADC_INT_RESRDY;
  ADC->SWTRIG = ADC_SWTRIG_START;
  for (int i = 0; i < PATIENCE && !(ADC->INTFLAG & ADC_INT_RESRDY); i++)
    continue;
  synchronise();
  return ADC->RESULT & 0xfffu;
}

/** A result of 0: the factory's log is blank. The first conversion after a change of the reference does not count. */
int32_t sensor_read(uint32_t channel) {
  if (channel != 0)
    return 0;
  if (!(ADC->CTRLA & ADC_CTRLA_ENABLE)) {
    start();
    convert();
  }
  const uint32_t counts = convert(), low = TEMP_LOG(0), high = TEMP_LOG(1);
  const struct point room = point(low, low >> 8, low >> 24, high >> 8);
  const struct point hot = point(low >> 12, low >> 20, high, high >> 20);
  const int32_t span = hot.degrees - room.degrees, rise = hot.volts - room.volts;
  if (span <= 0 || span > SPAN_MOST || rise <= 0)
    return 0;
  const int32_t estimate = (volts(counts, STEPS * 1000) - room.volts) * span / rise;
  const int32_t reference = room.reference + (hot.reference - room.reference) * estimate / span;
  return (room.degrees + (volts(counts, reference) - room.volts) * span / rise) * 10;
}
