/**
 * Cycles of the longest call of signet_poll, in which a signature is made and verified or one is verified: an estimate
 * for this core and these choices, with flash that needs no wait states.
 */
#define SIGNET_LONGEST_STEP_CYCLES @STEP_CYCLES @u

/** Return the time in ms of the longest call at this clock. A watchdog of the host must allow more. */
static inline uint32_t signet_longest_step(uint32_t clockHz) {
  return SIGNET_LONGEST_STEP_CYCLES / (clockHz / 1000u) + 1u;
}
