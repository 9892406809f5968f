/** Faults: each leaves an epitaph that says which, where, and with what. */
#include <stdbool.h>
#include <stddef.h>

#include "chip.h"
#include "epitaph.h"
#include "port.h"
#include "startup.h"
#include "stack.h"

/** What the core pushes on the way in (ARMv7-M ARM B1.5.6, ARMv6-M the same). */
struct frame {
  uint32_t r0, r1, r2, r3, r12, lr, pc, xpsr;
};

/** The semihosting call, `bkpt 0xab`. */
#define BKPT_SEMIHOSTING 0xbeabu

/** The image in flash (linker script). */
extern const uint32_t __flash_start[], __flash_end[];

/**
 * With no debugger attached a semihosting call is a fault. Answer it with -1, "failed", and go on behind it: the same
 * image then runs with semihosting and without.
 */
static bool was_semihosting(struct frame *frame) {
  if (*(const uint16_t *)frame->pc != BKPT_SEMIHOSTING)
    return 0;
  frame->r0 = 0xffffffffu;
  frame->pc += 2;
#if __CORTEX_M >= 3
  SCB->HFSR = SCB_HFSR_DEBUGEVT_Msk;
#endif
  return true;
}

static const char *const names[16] = {
    [2] = "nmi",    [3] = "hard", [4] = "memory", [5] = "bus",     [6] = "usage",
    [7] = "secure", [11] = "svc", [12] = "debug", [14] = "pendsv", [15] = "systick",
};

/** What a chip's own exceptions stand for, where it has them (chip.h). */
static const char *warning(uint32_t exception) {
#ifdef WATCHDOG_EXCEPTION
  if (exception == WATCHDOG_EXCEPTION)
    return "watchdog";
#endif
#ifdef BROWNOUT_EXCEPTION
  if (exception == BROWNOUT_EXCEPTION)
    return "brown-out";
#endif
  return (void)exception, NULL;
}

/** Whether the stack was run over: what its frame would tell was then never pushed. */
static bool ran_over(const struct frame *frame) {
#ifdef SCB_CFSR_STKOF_Msk
  if (SCB->CFSR & SCB_CFSR_STKOF_Msk)
    return true;
#endif
  return (const uint32_t *)frame < __stack_limit;
}

/** Whether a frame lies in one of the two stacks. */
static bool in_stack(const struct frame *frame) {
  const uint32_t *from = (const uint32_t *)frame, *to = (const uint32_t *)(frame + 1);
  return (from >= __stack_limit && to <= __stack_top) || (from >= __handler_stack_limit && to <= __handler_stack_top);
}

/** Tell the fault's name, or the number of an interrupt that nobody handles. */
static void tell(uint32_t exception) {
  const char *const name = warning(exception);
  if (name) {
    epitaph_begin(name);
    return;
  }
  epitaph_begin("fault ");
  if (exception < 16 && names[exception]) {
    epitaph_text(names[exception]);
  } else {
    epitaph_text("irq ");
    epitaph_hex(exception - 16);
  }
}

/** Called by the entry below with the frame that the core pushed. */
__attribute__((used)) void fault_report(struct frame *frame) {
  const uint32_t exception = __get_IPSR();
  if (epitaph_dying())
    system_reset();
  if (ran_over(frame) || !in_stack(frame)) {
    epitaph_begin(ran_over(frame) ? "stack overflow sp=" : "stack lost sp=");
    epitaph_hex((uint32_t)frame);
    epitaph_die();
  }
  if (exception == 3 && was_semihosting(frame))
    return;
#ifdef NMI_FORGIVEN
  if (exception == 2 && NMI_FORGIVEN())
    return;
#endif
  tell(exception);
  epitaph_text(" pc=");
  epitaph_hex(frame->pc);
  epitaph_text(" lr=");
  epitaph_hex(frame->lr);
#if __CORTEX_M >= 3
  epitaph_text(" cfsr=");
  epitaph_hex(SCB->CFSR);
#endif
  epitaph_die();
}

/** Find the frame on whichever stack was in use (EXC_RETURN bit 2) and report. The return is for what is
 * no fault. */
__attribute__((naked)) void Default_Handler(void) {
  __asm__ volatile("  mov   r1, lr        \n"
                   "  movs  r0, #4        \n"
                   "  tst   r0, r1        \n"
                   "  bne   1f            \n"
                   "  mrs   r0, msp       \n"
                   "  b     2f            \n"
                   "1: mrs  r0, psp       \n"
                   "2: push {r1, lr}      \n"
                   "  bl    fault_report  \n"
                   "  pop   {r1, pc}      \n");
}

/* The core's own exceptions; a driver overrides one by defining it. */
#define WEAK_HANDLER(name) void name(void) __attribute__((weak, alias("Default_Handler")))
WEAK_HANDLER(NMI_Handler);
WEAK_HANDLER(HardFault_Handler);
WEAK_HANDLER(MemManage_Handler);
WEAK_HANDLER(BusFault_Handler);
WEAK_HANDLER(UsageFault_Handler);
WEAK_HANDLER(SecureFault_Handler);
WEAK_HANDLER(SVC_Handler);
WEAK_HANDLER(DebugMon_Handler);
WEAK_HANDLER(PendSV_Handler);
WEAK_HANDLER(SysTick_Handler);
