/**
 * The lab's main program: it runs single operations of the guest on request and measures them.
 *
 * Over the module's UART, all little-endian:
 *   request   op u16, len u16, len bytes
 *   response  result i32, instructions u32, stack u32, cycles u32, then `result` bytes if it is above zero and not
 *             SIGNET_OK
 * Interrupts are off while an operation runs. Instructions mean something only under QEMU's `-icount shift=0`, and
 * cycles only on a chip.
 */
#include <string.h>

#include "chip.h"
#include "epitaph.h"
#include "event.h"
#include "guest.h"
#include "guest_exports.h"
#include "meter.h"
#include "port.h"
#include "signet.h"
#include "stack.h"
#include "startup.h"

/** An operation of the lab itself: run a loop of two instructions, the request's u32 times. */
#define OP_SPIN 0xffffu
/** Two u16, where and how long: bytes of the next request that are secret. Means something to memory checkers only. */
#define OP_SECRET 0xfffeu
/** A u16: answer as many bytes of the board's noise, or none if it gives no more. */
#define OP_NOISE 0xfffdu
/** Answer the bits of the counter of cycles and the clock, u32 each. */
#define OP_COUNTER 0xfffcu
/** Calls that may give nothing before the noise has ended. */
#define NOISE_PATIENCE 1000000

#ifndef LAB_SECRET
#define LAB_SECRET(data, len) (void)(data)
#define LAB_PUBLIC(data, len) (void)(data)
#endif

struct answer {
  int32_t result;
  uint32_t instructions, stack, cycles;
};

typedef uint32_t (*operation)(uint32_t op, uint32_t len);

static void read_all(uint8_t *out, uint32_t len) {
  while (len > 0) {
    const uint32_t got = uart_read(out, len);
    out += got;
    len -= got;
    __disable_irq();
    if (got == 0 && !uart_ready())
      __WFI();
    __enable_irq();
  }
}

static void write_all(const uint8_t *data, uint32_t len) {
  while (len > 0) {
    const uint32_t taken = uart_write(data, len);
    data += taken;
    len -= taken;
  }
  while (!uart_sent())
    continue;
}

static uint32_t nothing(uint32_t op, uint32_t len) {
  (void)len;
  return op;
}

#ifdef __ARM_ARCH
/** Exactly 2 n instructions more than `nothing`, but for one. */
__attribute__((naked)) static uint32_t spin(uint32_t n, uint32_t len) {
  (void)n, (void)len;
  __asm__ volatile("  adds r0, #0     \n"
                   "1: subs r0, #1    \n"
                   "  bne  1b         \n"
                   "  bx   lr         \n");
}
#else
#define spin nothing
#endif

/** Run one operation between two looks at the clock, on a freshly painted stack. */
__attribute__((noinline)) static struct answer measure(operation run, uint32_t op, uint32_t len) {
  static uint32_t before[METER_SAMPLES], after[METER_SAMPLES];
  struct answer answer;
  __disable_irq();
  const uintptr_t top = __get_PSP();
  stack_scrub();
  const uint32_t place = meter_cycles();
  meter_sample(before);
  answer.result = (int32_t)run(op, len);
  meter_sample(after);
  answer.cycles = meter_cycles_since(place);
  __enable_irq();
  answer.stack = stack_used((const void *)top);
  answer.instructions = meter_between(before, after);
  stack_scrub();
  return answer;
}

/** Address of the secret of the next request. */
static uint16_t secret[2];

/** Fill `out` with noise as the board's driver gives it; returns the bytes, or 0. */
static uint32_t gather(uint8_t *out, uint32_t len) {
  uint32_t have = 0;
  for (int waits = 0; have < len && waits < NOISE_PATIENCE; waits++)
    have += entropy_read(out + have, len - have);
  return have == len ? len : 0;
}

static struct answer answer_to(uint32_t op, uint32_t len, uint8_t *bytes) {
  struct answer answer = {0, 0, 0, 0};
  if (op == OP_NOISE) {
    uint16_t wanted;
    memcpy(&wanted, bytes, sizeof wanted);
    answer.result = wanted <= guest_capacity() ? (int32_t)gather(bytes, wanted) : SIGNET_TOO_LONG;
  } else if (op == OP_COUNTER) {
    const uint32_t counter[] = {meter_bits(), CLOCK_HZ};
    memcpy(bytes, counter, sizeof counter);
    answer.result = sizeof counter;
  } else if (op == OP_SECRET) {
    memcpy(secret, bytes, sizeof secret);
  } else if (op == OP_SPIN) {
    uint32_t times;
    memcpy(&times, bytes, sizeof times);
    answer = measure(spin, times, 0);
    answer.result = 0;
  } else {
    LAB_SECRET(bytes + secret[0], secret[1]);
    memset(secret, 0, sizeof secret);
    answer = measure(guest_bare_run, op, len);
    LAB_PUBLIC(&answer, sizeof answer);
    LAB_PUBLIC(bytes, guest_capacity());
  }
  return answer;
}

/** Read and drop a request that does not fit. */
static void skip(uint32_t len) {
  uint8_t byte;
  while (len-- > 0)
    read_all(&byte, 1);
}

void image_main(void) {
  uint8_t text[EPITAPH_BYTES];
  const uint32_t told = epitaph_read(text, sizeof text);
  event_named("lab", (const uint8_t *)BOARD_NAME, sizeof BOARD_NAME - 1);
  if (told > 0)
    event_named("epitaph", text, told);
  epitaph_bury();
  guest_start();
  meter_start();
  const struct answer overhead = measure(nothing, 0, 0);
  const uint32_t capacity = guest_capacity();
  uint8_t *const buffer = guest_memory(guest_buffer(), capacity);
  for (;;) {
    uint16_t head[2];
    read_all((uint8_t *)head, sizeof head);
    struct answer answer = {SIGNET_TOO_LONG, 0, 0, 0};
    if (head[1] > capacity) {
      skip(head[1]);
    } else {
      read_all(buffer, head[1]);
      answer = answer_to(head[0], head[1], buffer);
      answer.instructions -= overhead.instructions;
      answer.cycles -= answer.cycles ? overhead.cycles : 0;
    }
    write_all((const uint8_t *)&answer, sizeof answer);
    if (answer.result > 0 && answer.result != SIGNET_OK)
      write_all(buffer, (uint32_t)answer.result);
  }
}
