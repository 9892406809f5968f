/** The names that boards/common expects of an image, for the library: all static, a host sees `signet_` only. */
#ifndef LIBRARY_H_
#define LIBRARY_H_

#ifndef __OPTIMIZE__
#error "signet.c needs -O2 or -Os: the optimiser proves its addresses. The rest of the program needs none."
#endif

#include <setjmp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "signet.h"
#include "signet_port.h"
#include "event_codes.h" /* generated */

/** Longest reason of a death, in bytes. */
#define EPITAPH_BYTES 60u

/** The state of the library outside of the guest. */
static struct library {
  /** Target of a death: the current call of the host. */
  jmp_buf call;
  bool ended;
  uint32_t length;
  char reason[EPITAPH_BYTES + 1];
  /** True if the reason was reported. */
  bool told;
  /** The program's names; NULL: none. */
  const char *name, *version, *model;
  /** The last receipt, and the reason of a refusal after it. */
  struct signet_receipt receipt;
  uint32_t refusal;
  /** The number of the command that came in the last poll; 0: none. */
  uint32_t command;
} library;

static void guest_start(void);
static uint8_t *guest_memory(uint32_t at, uint32_t len);
static void secrets_wipe(void);
static void stack_scrub(void);
static void epitaph_begin(const char *text);
static void epitaph_text(const char *text);
static void epitaph_hex(uint32_t word);
_Noreturn static void epitaph_die(void);
static uint32_t epitaph_read(uint8_t *out, uint32_t max);
static void epitaph_bury(void);
static void host_hear(uint32_t code, const uint8_t *data, uint32_t len);
static void host_name(void);
static uint32_t host_model(uint8_t *out, uint32_t max);
static void event_write(uint32_t code, const uint8_t *data, uint32_t len);
static void event_named(const char *name, const uint8_t *data, uint32_t len);

/** The host has its own watchdog, and a device in C its own readings. */
static inline void system_progress(void) {}
static inline int32_t sensor_read(uint32_t channel) { return (void)channel, 0; }

/** Call the guest, unless the guest has ended; its end returns here. Then scrub the used stack. */
#define GUEST_CALL(run)                                                                                                \
  do {                                                                                                                 \
    if (!library.ended && setjmp(library.call) == 0) {                                                                 \
      run;                                                                                                             \
    }                                                                                                                  \
    stack_scrub();                                                                                                     \
  } while (0)

#endif
