/**
 * Microchip's SAM D21 (data sheet DS40001882F, whose chapters are cited). The part of a CMSIS device header that the
 * drivers here use. tests/registers compares it with the manufacturer's values. SERCOM4 is the module's, SERCOM3 the
 * console's.
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
  SYSCTRL_IRQn = 1,
  WDT_IRQn = 2,
  CONSOLE_IRQn = 12,
  MODULE_IRQn = 13,
} IRQn_Type;

#define __NVIC_PRIO_BITS       2
#define __Vendor_SysTickConfig 0
#define __MPU_PRESENT          0
#define __VTOR_PRESENT         1

#include CORE_HEADER

extern uint32_t SystemCoreClock;
void SystemInit(void);
void SystemCoreClockUpdate(void);

#include "analog.h"
#include "clocks.h"
#include "serial.h"

/** Watchdog ("WDT"). Its clock has 1,024 Hz here. */
typedef struct {
  volatile uint8_t CTRL;
  volatile uint8_t CONFIG;
  volatile uint8_t EWCTRL;
  uint8_t reserved0;
  volatile uint8_t INTENCLR;
  volatile uint8_t INTENSET;
  volatile uint8_t INTFLAG;
  volatile uint8_t STATUS;
  volatile uint8_t CLEAR;
} WDT_TypeDef;

#define WDT_CTRL_ENABLE     (1u << 1)
#define WDT_CONFIG_PER_16K  11u /* counts until it resets */
#define WDT_EWCTRL_8K       10u /* counts until it warns */
#define WDT_INT_EW          (1u << 0)
#define WDT_STATUS_SYNCBUSY (1u << 7)
#define WDT_CLEAR_KEY       0xa5u

/** Flash controller ("NVMCTRL"). */
typedef struct {
  volatile uint16_t CTRLA;
  uint16_t reserved0;
  volatile uint32_t CTRLB;
  volatile uint32_t PARAM;
  volatile uint8_t INTENCLR;
  uint8_t reserved1[3];
  volatile uint8_t INTENSET;
  uint8_t reserved2[3];
  volatile uint8_t INTFLAG;
  uint8_t reserved3[3];
  volatile uint16_t STATUS;
  uint16_t reserved4;
  volatile uint32_t ADDR;
} NVMCTRL_TypeDef;

#define NVMCTRL_KEY                0xa500u
#define NVMCTRL_ERASE_ROW          0x02u
#define NVMCTRL_WRITE_PAGE         0x04u
#define NVMCTRL_CLEAR_BUFFER       0x44u
#define NVMCTRL_INVALIDATE         0x46u     /* the cache */
#define NVMCTRL_CTRLB_WAIT_1       (1u << 1) /* one wait state: enough for 48 MHz from 2.7 V on */
#define NVMCTRL_CTRLB_MANW         (1u << 7) /* a page is written by a command only */
#define NVMCTRL_CTRLB_SLEEPPRM_OFF (3u << 8) /* flash stays powered while the core sleeps */
#define NVMCTRL_INT_READY          (1u << 0)
#define NVMCTRL_STATUS_ERRORS      0x1cu /* PROGE, LOCKE, NVME */

/* Bases of the peripherals ("Product Mapping"). */
#define PM      ((PM_TypeDef *)0x40000400u)
#define SYSCTRL ((SYSCTRL_TypeDef *)0x40000800u)
#define GCLK    ((GCLK_TypeDef *)0x40000c00u)
#define WDT     ((WDT_TypeDef *)0x40001000u)
#define NVMCTRL ((NVMCTRL_TypeDef *)0x41004000u)
#define ADC     ((ADC_TypeDef *)0x42004000u)

/** Words of the factory's calibration, and of its log of temperatures ("NVM Software Calibration Area Mapping"). */
#define CALIBRATION(word) (((const volatile uint32_t *)0x00806020u)[word])
#define TEMP_LOG(word)    (((const volatile uint32_t *)0x00806030u)[word])

#define WATCHDOG_EXCEPTION (16u + WDT_IRQn)
#define BROWNOUT_EXCEPTION (16u + SYSCTRL_IRQn)

#endif
