/** Faults: each leaves an epitaph with its kind, its address, and its data. */
#include <stdbool.h>
#include <stddef.h>

#include "chip.h"
#include "epitaph.h"
#include "port.h"
#include "startup.h"
#include "stack.h"

/** Words that the core pushes at exception entry (ARMv7-M ARM B1.5.6, ARMv6-M the same). */
struct frame {
  uint32_t r0, r1, r2, r3, r12, lr, pc, xpsr;
};

/** The semihosting call, `bkpt 0xab`. */
#define BKPT_SEMIHOSTING 0xbeabu

/** The image in flash, and its part that runs from RAM (linker script). */
extern const uint32_t __flash_start[], __flash_end[], __ram_code_start[], __ram_code_end[];

/** True if there is an instruction of the image: a program counter that has gone astray may not even be read. */
static bool in_image(uint32_t pc) {
  const bool in_flash = pc >= (uint32_t)__flash_start && pc < (uint32_t)__flash_end;
  return (pc & 1) == 0 && (in_flash || (pc >= (uint32_t)__ram_code_start && pc < (uint32_t)__ram_code_end));
}

/**
 * With no debugger attached a semihosting call is a fault. Answer it with -1, "failed", and continue after it: the same
 * image then runs with semihosting and without.
 */
static bool was_semihosting(struct frame *frame) {
  if (!in_image(frame->pc) || *(const uint16_t *)frame->pc != BKPT_SEMIHOSTING)
    return false;
  frame->r0 = 0xffffffffu;
  frame->pc += 2;
#if __CORTEX_M >= 3
  SCB->HFSR = SCB_HFSR_DEBUGEVT_Msk;
#endif
  return true;
}

void fault_check(void) {
  if (__handler_stack_limit[0] == STACK_PAINT)
    return;
  epitaph_begin("stack overflow of handlers");
  epitaph_die();
}

static const char *const names[16] = {
    [2] = "nmi",    [3] = "hard", [4] = "memory", [5] = "bus",     [6] = "usage",
    [7] = "secure", [11] = "svc", [12] = "debug", [14] = "pendsv", [15] = "systick",
};

/** Meaning of a chip's own exceptions, where it has them (chip.h). */
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

/** End this life on the handlers' stack from its top, wherever its pointer is: nothing is returned to. */
static _Noreturn void die_afresh(void) {
  __asm__ volatile("  msr msp, %0  \n"
                   "  bx  %1       \n" ::"r"(__handler_stack_top),
                   "r"(epitaph_die));
  __builtin_unreachable();
}

/** Maximum distance below the handlers' stack of a frame that is still one of theirs. */
#define BEYOND_BYTES 256u

/** State of the stack in use, if a frame is not where it must be: its contents were then never pushed. */
static const char *stray(const struct frame *frame) {
  const uint32_t at = (uint32_t)frame;
  const uint32_t limit = (uint32_t)__stack_limit, top = (uint32_t)__stack_top;
  const uint32_t handlers = (uint32_t)__handler_stack_limit, handlers_top = (uint32_t)__handler_stack_top;
  const bool of_handlers = at >= handlers - BEYOND_BYTES && at + sizeof *frame <= handlers_top;
#ifdef SCB_CFSR_STKOF_Msk
  if (SCB->CFSR & SCB_CFSR_STKOF_Msk)
    return of_handlers ? "overflow of handlers" : "overflow";
#endif
  if (at < limit)
    return "overflow";
  if (of_handlers)
    return at < handlers ? "overflow of handlers" : NULL;
  return at + sizeof *frame <= top ? NULL : "lost";
}

/** Write the fault's name, or the number of an unhandled interrupt. */
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
  const char *const how = stray(frame);
  if (how) {
    epitaph_begin("stack ");
    epitaph_text(how);
    epitaph_text(" sp=");
    epitaph_hex((uint32_t)frame);
    die_afresh();
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

/** On a core that watches the handlers' stack, the report of its end needs some of the space below. */
#ifdef __ARM_ARCH_8M_MAIN__
#define LIMIT_OFF "  movs  r0, #0        \n  msr   msplim, r0    \n"
#define LIMIT_ON  "  ldr   r0, =__handler_stack_limit  \n  msr   msplim, r0    \n"
#else
#define LIMIT_OFF ""
#define LIMIT_ON  ""
#endif

/** Find the frame on the stack in use (EXC_RETURN bit 2) and report. It returns for an exception that is no fault. */
__attribute__((naked)) void Default_Handler(void) {
  __asm__ volatile(LIMIT_OFF "  mov   r1, lr        \n"
                             "  movs  r0, #4        \n"
                             "  tst   r0, r1        \n"
                             "  bne   1f            \n"
                             "  mrs   r0, msp       \n"
                             "  b     2f            \n"
                             "1: mrs  r0, psp       \n"
                             "2: push {r1, lr}      \n"
                             "  bl    fault_report  \n" LIMIT_ON "  pop   {r1, pc}      \n");
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
