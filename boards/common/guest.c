/**
 * The one translation unit that holds the guest: ports as inlined calls, then wasm2c's output, then the calls in. It is
 * compiled as a whole program, so that the guest's single instance becomes a constant everywhere.
 */
#include "guest.h"

#include "epitaph.h"
#include "event.h"
#include "guest_module.h"
#include "layout.h"
#include "port.h"
#include "stack.h"

static Z_guest_instance_t guest;

#ifdef __clang__
#define VISIBLE __attribute__((noinline))
#else
#define VISIBLE __attribute__((externally_visible, noinline))
#endif
#define PORT static inline __attribute__((always_inline, unused))

VISIBLE void guest_start(void) {
  memset(&guest, 0, sizeof guest);
  GUEST_INSTANTIATE(&guest);
}

VISIBLE void guest_wipe(void) {
  memset(&guest, 0, sizeof guest);
  __asm__ volatile("" ::"r"(&guest) : "memory");
}

PORT uint8_t *inside(uint32_t at, uint32_t len) {
  if (UNLIKELY(!wasm_rt_inside(at, len)))
    wasm_rt_trap(WASM_RT_TRAP_OOB);
  return guest.w2c_memory.data + at;
}

VISIBLE uint8_t *guest_memory(uint32_t at, uint32_t len) { return inside(at, len); }

/* The imports. An object-like macro catches wasm2c's spelling of a call, `(*Z_uartZ_read)(instance, …)`. */

PORT u32 import_uart_read(void *port, u32 out, u32 max) {
  (void)port;
  return uart_read(inside(out, max), max);
}
#define Z_uartZ_read import_uart_read

PORT u32 import_uart_write(void *port, u32 data, u32 len) {
  (void)port;
  return uart_write(inside(data, len), len);
}
#define Z_uartZ_write import_uart_write

PORT u32 import_entropy_read(void *port, u32 out, u32 max) {
  (void)port;
  return entropy_read(inside(out, max), max);
}
#define Z_entropyZ_read import_entropy_read

PORT u32 import_entropy_quality(void *port) {
  (void)port;
  return entropy_quality();
}
#define Z_entropyZ_quality import_entropy_quality

PORT u32 import_clock_ms(void *port) {
  (void)port;
  return clock_ms();
}
#define Z_clockZ_ms import_clock_ms

PORT u32 import_flash_page_bytes(void *port) {
  (void)port;
  return STORE_PAGE_BYTES;
}
#define Z_flashZ_pageBytes import_flash_page_bytes

PORT u32 import_flash_pages(void *port) {
  (void)port;
  return STORE_PAGES;
}
#define Z_flashZ_pages import_flash_pages

/** Trap unless `len` bytes at `at` are all in the reserved pages, and what the operation asks for is aligned. */
PORT void in_store(u32 at, u32 len, u32 align) {
  const u32 bytes = STORE_PAGE_BYTES * STORE_PAGES;
  if (len > bytes || at > bytes - len || ((at | len) & (align - 1)) != 0)
    wasm_rt_trap(WASM_RT_TRAP_OOB);
}

/** Trap besides if they reach into page 0: the factory wrote it, and no fault of the guest's may change what it says.
 */
PORT void in_own_pages(u32 at, u32 len, u32 align) {
  in_store(at, len, align);
  if (at < STORE_PAGE_BYTES)
    wasm_rt_trap(WASM_RT_TRAP_OOB);
}

PORT void import_flash_read(void *port, u32 out, u32 at, u32 len) {
  (void)port;
  in_store(at, len, 1);
  flash_read(inside(out, len), at, len);
}
#define Z_flashZ_read import_flash_read

PORT u32 import_flash_program(void *port, u32 at, u32 data, u32 len) {
  (void)port;
  in_own_pages(at, len, 8);
  return flash_program(at, inside(data, len), len);
}
#define Z_flashZ_program import_flash_program

PORT u32 import_flash_erase(void *port, u32 at) {
  (void)port;
  in_own_pages(at, STORE_PAGE_BYTES, STORE_PAGE_BYTES);
  return flash_erase(at);
}
#define Z_flashZ_erase import_flash_erase

PORT u32 import_sensor_read(void *port, u32 channel) {
  (void)port;
  return (u32)sensor_read(channel);
}
#define Z_sensorZ_read import_sensor_read

PORT u32 import_system_board(void *port, u32 out, u32 max) {
  (void)port;
  const u32 len = sizeof BOARD_NAME - 1 < max ? sizeof BOARD_NAME - 1 : max;
  memcpy(inside(out, len), BOARD_NAME, len);
  return len;
}
#define Z_systemZ_board import_system_board

PORT u32 import_system_epitaph(void *port, u32 out, u32 max) {
  (void)port;
  return epitaph_read(inside(out, max), max);
}
#define Z_systemZ_epitaph import_system_epitaph

PORT void import_system_bury(void *port) {
  (void)port;
  epitaph_bury();
}
#define Z_systemZ_bury import_system_bury

PORT void import_system_progress(void *port) {
  (void)port;
  system_progress();
}
#define Z_systemZ_progress import_system_progress

PORT void import_system_die(void *port, u32 code) {
  (void)port;
  epitaph_begin("die ");
  epitaph_hex(code);
  epitaph_die();
}
#define Z_systemZ_die import_system_die

PORT void import_system_event(void *port, u32 code, u32 data, u32 len) {
  (void)port;
  event_write(code, inside(data, len), len);
}
#define Z_systemZ_event import_system_event

#if __has_include("cpu.h")
#include "cpu.h"
#endif
#if __has_include("table.h")
#include "table.h"
#endif

#include "guest_module.c"

/* The calls in. */

#include "guest_calls.h"
