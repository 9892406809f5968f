/** Raw noise, before any conditioning: the input of the health tests. */

/**
 * Read up to `max` raw samples, one byte each, to `out`; return their number. 0: none ready, or no source. Never waits.
 */
@external("entropy", "read")
export declare function read(out: usize, max: u32): u32;

/** Claim of a board's noise source: min-entropy of a sample in 1/256 bit, at most 2048. 0: the board has no source. */
@external("entropy", "quality")
export declare function quality(): u32;
