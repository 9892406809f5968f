/** Return the time in ms of the longest call of signet_poll at this clock. A watchdog of the host must allow more. */
static inline uint32_t signet_longest_step(uint32_t clockHz) {
  return SIGNET_LONGEST_STEP_CYCLES / (clockHz / 1000u) + 1u;
}
