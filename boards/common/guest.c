/**
 * The one translation unit that holds the guest: ports as inlined calls, then wasm2c's output, then the calls in. It is
 * compiled as a whole program, so that the guest's single instance becomes a constant everywhere.
 */
#include "guest.h"

#include "epitaph.h"
#include "event.h"
#include "port.h"
#include "stack.h"
#include "words.h"

#if defined(SIGNET_LIBRARY)
#define VISIBLE static __attribute__((noinline, unused))
#elif defined(__clang__)
#define VISIBLE __attribute__((noinline))
#else
#define VISIBLE __attribute__((externally_visible, noinline))
#endif
/* A port that a board may leave out: the definition of the board, in another file, takes the place of this one. */
#ifdef __clang__
#define OPTIONAL __attribute__((weak))
#else
#define OPTIONAL __attribute__((weak, externally_visible))
#endif
/* An import. */
#define PORT static __attribute__((unused))
/* An import in the loops of the cryptography. */
#ifdef CRYPTO_SMALL
#define INNER_PORT PORT
#else
#define INNER_PORT WORD
#endif

VISIBLE void secrets_wipe(void) {
  memset(anywhere(&guest), 0, sizeof guest);
  memset(&globals, 0, sizeof globals);
  __asm__ volatile("" ::"r"(&guest), "r"(&globals) : "memory");
}

#ifdef SIGNET_LIBRARY
/** A separate function: variables of functions inlined beside setjmp may be lost. */
VISIBLE uint8_t *guest_inside(uint32_t at, uint32_t len) { return called_address(at, 0, len); }

/** NULL after the library's death: the host's call then moves no byte. */
VISIBLE uint8_t *guest_memory(uint32_t at, uint32_t len) {
  uint8_t *volatile place = NULL;
  GUEST_CALL(place = guest_inside(at, len));
  return place;
}
#else
VISIBLE uint8_t *guest_memory(uint32_t at, uint32_t len) { return called_address(at, 0, len); }
#endif

/* The imports. */

PORT u32 import_uart_read(u32 out, u32 max) { return uart_read(called_address(out, 0, max), max); }

PORT u32 import_uart_write(u32 data, u32 len) { return uart_write(called_address(data, 0, len), len); }

#ifdef MODULE_BAUD
/* For a board with one rate. */
OPTIONAL u32 uart_baud(u32 baud) {
  (void)baud;
  return 0;
}

PORT u32 import_uart_baud(u32 baud) { return uart_baud(baud); }
#endif

/* For a board without these lines. */
OPTIONAL void module_power(u32 on) { (void)on; }

OPTIONAL void module_reset(u32 held) { (void)held; }

PORT void import_module_power(u32 on) { module_power(on); }

PORT void import_module_reset(u32 held) { module_reset(held); }

PORT u32 import_entropy_read(u32 out, u32 max) { return entropy_read(called_address(out, 0, max), max); }

PORT u32 import_entropy_quality(void) { return entropy_quality(); }

PORT u32 import_clock_ms(void) { return clock_ms(); }

PORT u32 import_flash_page_bytes(void) { return STORE_PAGE_BYTES; }

PORT u32 import_flash_pages(void) { return STORE_PAGES; }

/** Trap unless the `len` bytes at `at` are all in the reserved pages, and aligned for the operation. */
PORT void in_store(u32 at, u32 len, u32 align) {
  const u32 bytes = STORE_PAGE_BYTES * STORE_PAGES;
  if (len > bytes || at > bytes - len || ((at | len) & (align - 1)) != 0)
    trap(TRAP_OOB);
}

/** Trap too if they reach into page 0: the factory wrote it, and no fault of the guest may change it. */
PORT void in_own_pages(u32 at, u32 len, u32 align) {
  in_store(at, len, align);
  if (at < STORE_PAGE_BYTES)
    trap(TRAP_OOB);
}

PORT void import_flash_read(u32 out, u32 at, u32 len) {
  in_store(at, len, 1);
  flash_read(called_address(out, 0, len), at, len);
}

PORT u32 import_flash_program(u32 at, u32 data, u32 len) {
  in_own_pages(at, len, 8);
  return flash_program(at, called_address(data, 0, len), len);
}

PORT u32 import_flash_erase(u32 at) {
  in_own_pages(at, STORE_PAGE_BYTES, STORE_PAGE_BYTES);
  return flash_erase(at);
}

PORT u32 import_sensor_read(u32 channel) { return (u32)sensor_read(channel); }

#ifdef SIGNET_LIBRARY
PORT u32 import_system_board(u32 out, u32 max) { return host_model(called_address(out, 0, max), max); }
#else
PORT u32 import_system_board(u32 out, u32 max) {
  const u32 len = sizeof BOARD_NAME - 1 < max ? sizeof BOARD_NAME - 1 : max;
  memcpy(called_address(out, 0, len), BOARD_NAME, len);
  return len;
}
#endif

PORT u32 import_system_epitaph(u32 out, u32 max) { return epitaph_read(called_address(out, 0, max), max); }

PORT void import_system_bury(void) { epitaph_bury(); }

PORT void import_system_progress(void) { system_progress(); }

PORT void import_system_die(u32 code) {
  epitaph_begin("die ");
  epitaph_hex(code);
  epitaph_die();
}

PORT void import_system_event(u32 code, u32 data, u32 len) {
  const u8 *bytes = called_source(data, 0, len);
#ifdef SIGNET_LIBRARY
  host_hear(code, bytes, len);
#endif
  event_write(code, bytes, len);
}

#if __has_include("cpu.h")
#include "cpu.h"
#endif
#if __has_include("table.h")
#include "table.h"
#endif

#include "guest_module.c"

VISIBLE void guest_start(void) {
  secrets_wipe();
  guest_begin();
}

/* The calls in. */

#include "guest_calls.h"
